"""The servers that all hosts share: PostgreSQL on a small disk of its own, Valkey or Redis, and S3 storage."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from benchmarks.faults.hosts import SERVERS, run
from portal.launcher import broker
from tests import postgres

POSTGRES_PORT, REDIS_PORT, S3_PORT = 5432, 6379, 5000
DATABASE_DISK = "768m"
BUCKET = "arena"
URL = f"postgres://arena@{SERVERS}:{POSTGRES_PORT}/postgres"
ENVIRONMENT = {
    "DATABASE_URL": URL,
    "REDIS_URL": f"redis://{SERVERS}:{REDIS_PORT}/0",
    "ARENA_FILES": f"s3://{BUCKET}/portal",
    "AWS_ENDPOINT_URL_S3": f"http://{SERVERS}:{S3_PORT}",
    "AWS_ACCESS_KEY_ID": "arena",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}


class Server:
    """A server that is restarted automatically whenever it ends, as by an init system."""

    PAUSE_SECONDS = 0.5

    def __init__(self, command: list[str], log: Path) -> None:
        self.command, self.log = command, log
        self.is_over = threading.Event()
        self.process = self.start()
        self.keeper = threading.Thread(target=self.keep, daemon=True)
        self.keeper.start()

    def start(self) -> subprocess.Popen[bytes]:
        with open(self.log, "ab") as file:
            return subprocess.Popen(self.command, stdout=file, stderr=file)

    def keep(self) -> None:
        while not self.is_over.is_set():
            self.process.wait()
            if not self.is_over.wait(self.PAUSE_SECONDS):
                self.process = self.start()

    def send(self, number: signal.Signals) -> None:
        """Send the server a signal that ends it."""
        self.process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        self.is_over.set()
        self.process.send_signal(number)
        self.process.wait()
        self.keeper.join()


class Database(Server):
    """PostgreSQL with synchronous commits, as in production, on a disk that can be filled."""

    def __init__(self, folder: Path) -> None:
        binaries = postgres.find_binaries()
        if binaries is None:
            raise SystemExit("No PostgreSQL server was found. On Debian: apt install postgresql")
        self.disk = folder / "database"
        self.disk.mkdir()
        run("mount", "-t", "tmpfs", "-o", f"size={DATABASE_DISK}", "none", str(self.disk))
        as_user = postgres.drop_root(self.disk)
        data = self.disk / "data"
        options = ["-U", "arena", "--auth=trust", "--no-sync", "-E", "UTF8"]
        run(*as_user, str(binaries / "initdb"), "-D", str(data), *options)
        with open(data / "pg_hba.conf", "a") as rules:
            rules.write("host all all 10.211.0.0/16 trust\n")
        chosen = {"listen_addresses": SERVERS, "port": POSTGRES_PORT, "max_connections": 60, "max_wal_size": "128MB"}
        settings = [f"-c{name}={value}" for name, value in chosen.items()]
        command = [*as_user, str(binaries / "postgres"), "-D", str(data), "-k", str(self.disk), *settings]
        super().__init__(command, folder / "postgres.log")
        while subprocess.run([binaries / "pg_isready", "-q", "-h", SERVERS]).returncode:
            time.sleep(0.05)

    def end(self, number: signal.Signals = signal.SIGINT) -> None:
        super().end(number)
        run("umount", str(self.disk))


def start_redis(folder: Path) -> Server:
    """Start a Redis without persistence: a kill wipes it."""
    options = ["--bind", SERVERS, "--port", str(REDIS_PORT), "--protected-mode", "no", "--save", "", "--dir", "/"]
    return Server([broker.find_server(), *options], folder / "redis.log")


def start_storage(folder: Path) -> Server:
    """Start an S3 server with an empty bucket."""
    import boto3

    server = Server([sys.executable, "-m", "moto.server", "-H", SERVERS, "-p", str(S3_PORT)], folder / "s3.log")
    client = boto3.client("s3", endpoint_url=ENVIRONMENT["AWS_ENDPOINT_URL_S3"], region_name="us-east-1",
                          aws_access_key_id="arena", aws_secret_access_key="secret")  # fmt: skip
    while True:
        try:
            client.create_bucket(Bucket=BUCKET)
            return server
        except client.exceptions.ClientError:
            raise
        except Exception:  # The server does not listen yet.
            time.sleep(0.2)
