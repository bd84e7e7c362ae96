"""A real S3 server for the tests, with a bucket of its own for each test."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from moto.server import ThreadedMotoServer


@dataclass(frozen=True)
class Bucket:
    """An empty bucket, the environment variables for processes to reach it, and a client of the server."""

    name: str
    environment: dict[str, str]
    client: Any

    @property
    def address(self) -> str:
        return f"s3://{self.name}/arena"

    def names(self) -> set[str]:
        """The names of the files in it, as the portal names them."""
        found = self.client.list_objects_v2(Bucket=self.name).get("Contents", [])
        return {item["Key"].removeprefix("arena/") for item in found}

    def put(self, name: str, content: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=f"arena/{name}", Body=content)


@contextmanager
def serve_bucket() -> Iterator[Bucket]:
    """Run an S3 server in this process, on a free port, while the block lasts."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environment = {
        "AWS_ENDPOINT_URL_S3": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "arena",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    client = boto3.client(
        "s3", endpoint_url=environment["AWS_ENDPOINT_URL_S3"], region_name="us-east-1",
        aws_access_key_id="arena", aws_secret_access_key="secret",
    )  # fmt: skip
    name = f"bucket-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=name)
    try:
        yield Bucket(name, environment | {"ARENA_FILES": f"s3://{name}/arena"}, client)
    finally:
        server.stop()
