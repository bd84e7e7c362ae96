"""Hosts that share no folder: each has its own network, process, mount and host name namespaces.

A host can only reach the servers, over a virtual cable that can be unplugged. It has a small disk of its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from portal.launcher.installation import CHECKOUT

SERVERS = "10.211.0.1"
"""Address of all servers, the same for every host."""
DATA = Path("/mnt")
"""Mount point of a host's own disk, within its namespace."""
DISK = "96m"
NEEDED = ("ip", "unshare", "nsenter")


def check_machine() -> None:
    """Raise SystemExit if this machine cannot create hosts."""
    if os.geteuid() != 0:
        raise SystemExit("Network namespaces need root.")
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        raise SystemExit(f"There is no {', '.join(missing)}. On Debian: apt install iproute2 util-linux")


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def lay_servers_address() -> None:
    """Give this machine the address of the servers."""
    subprocess.run(["ip", "address", "add", f"{SERVERS}/32", "dev", "lo"], capture_output=True)


def remove_servers_address() -> None:
    subprocess.run(["ip", "address", "del", f"{SERVERS}/32", "dev", "lo"], capture_output=True)


def child_of(process: int) -> int:
    """Return the id of the process that another one has forked; 0 if there is none yet."""
    try:
        words = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return 0
    return int(words[0]) if words else 0


class Host:
    """A simulated machine with a name and a cable of its own."""

    def __init__(self, name: str, number: int) -> None:
        self.name = name
        self.cable = f"arena{number}"
        begin = f"hostname {name}; ip link set lo up; mount -t tmpfs -o size={DISK} none {DATA}; exec sleep infinity"
        namespaces = ("--net", "--mount", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc")
        self.holder = subprocess.Popen(["unshare", *namespaces, "sh", "-c", begin])
        while not (first := child_of(self.holder.pid)):
            time.sleep(0.01)
        self.first = first
        self.disk = Path(f"/proc/{first}/root{DATA}")
        while not os.path.ismount(self.disk):
            time.sleep(0.01)
        self.lay_cable(number)

    def lay_cable(self, number: int) -> None:
        here, there, far = f"10.211.{number}.1", f"10.211.{number}.2", f"{self.cable}far"
        run("ip", "link", "add", self.cable, "type", "veth", "peer", "name", far)
        run("ip", "link", "set", far, "netns", str(self.first))
        run("ip", "address", "add", f"{here}/30", "dev", self.cable)
        run("ip", "link", "set", self.cable, "up")
        inside = ("nsenter", f"--net=/proc/{self.first}/ns/net", "ip")
        run(*inside, "address", "add", f"{there}/30", "dev", far)
        run(*inside, "link", "set", far, "up")
        run(*inside, "route", "add", SERVERS, "via", here)

    def pull_cable(self) -> None:
        run("ip", "link", "set", self.cable, "down")

    def plug_cable(self) -> None:
        run("ip", "link", "set", self.cable, "up")

    def start(self, command: list[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
        """Start a process on the host; return the process of `nsenter`, its parent."""
        enter = ["nsenter", "--target", str(self.first), "--net", "--mount", "--pid", "--uts", "--"]
        with open(log, "ab") as file:
            return subprocess.Popen(
                [*enter, "env", f"--chdir={CHECKOUT}", *command],
                env=dict(environment) | {"ARENA_DATA": str(DATA)}, stdout=file, stderr=file,
            )  # fmt: skip

    def end(self) -> None:
        """Kill all processes of the host."""
        self.holder.send_signal(signal.SIGKILL)
        self.holder.wait()
        subprocess.run(["ip", "link", "del", self.cable], capture_output=True)
