"""The client of the program that plays recorded episodes again; it starts the program if none runs."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tournament.recorder.orders import Order

LONGEST_REQUEST = 1 << 20
LONGEST_SOCKET_PATH = 100
"""Maximum length of the path of a socket, in bytes; systems allow 104 or 108."""
ANSWER_SECONDS = 5.0
ROOT = Path(__file__).resolve().parent.parent.parent
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")

State = Literal["done", "playing", "waiting", "busy", "too many", "failed", "full", "starting"]


@dataclass(frozen=True)
class Reply:
    """The state of an order.

    `step` is the last step that can be shown, `ahead` the number of earlier orders that still wait. The state is
    `too many` if the visitor has too many waiting orders, `busy` if all visitors together have, and `full` if the disk
    had no room for the file.
    """

    state: State
    message: str = ""
    step: int = 0
    ahead: int = 0


def address_of(folder: Path) -> Path:
    """Return the path of the program's socket: in the folder or, if that path is too long, among the temporary files.

    Raises PermissionError if the user's folder among the temporary files belongs to another user.
    """
    path = folder / "player.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    own = Path(tempfile.gettempdir()) / f"mate-arena-{os.getuid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    if own.stat().st_uid != os.getuid():
        raise PermissionError(f"{own} belongs to somebody else. Remove it, or set ARENA_DATA to a shorter path.")
    return own / f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}.sock"


def ask(folder: Path, path: Path, action: str, order: Order, visitor: str) -> Reply:
    """Request an order, unless it has been requested already, and return its state.

    `visitor` says who requests it; visitors share the places evenly.
    """
    request = {"path": str(path), "action": action, "order": order.to_json(), "visitor": visitor}
    try:
        answer = converse(address_of(folder), json.dumps(request).encode() + b"\n")
    except (FileNotFoundError, ConnectionError):
        start(folder)
        return Reply("starting")
    except TimeoutError:
        return Reply("busy")
    return Reply(**answer)


def partial_of(path: Path) -> Path:
    """Return the path to which the beginning of an episode is written while it is still played."""
    return path.with_name(f"{path.name}.part")


def find_partial(path: Path) -> Path | None:
    """Return the file with the beginning of an episode that is still played; None if there is none."""
    partial = partial_of(path)
    return partial if partial.exists() else None


def converse(address: Path, request: bytes) -> dict[str, Any]:
    """Send a request and return the answer. Raises OSError."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(str(address))
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    if not answer:
        raise ConnectionResetError
    return dict(json.loads(answer))


_started: dict[Path, subprocess.Popen[bytes]] = {}
_lock = threading.Lock()


def start(folder: Path) -> None:
    """Start the program, unless this process or another one has. It ends with this process."""
    with _lock:
        known = _started.get(folder)
        if (known is not None and known.poll() is None) or is_served(folder):
            return
        _started[folder] = subprocess.Popen(
            [sys.executable, "-m", "tournament.recorder", str(folder), "--while-input-is-open"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
            env=os.environ | ONE_THREAD,
            start_new_session=True,
        )


def is_served(folder: Path) -> bool:
    """Return whether a program serves the folder, or is about to."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "player.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@atexit.register
def end_all() -> None:
    """End the programs that this process has started."""
    for process in _started.values():
        with contextlib.suppress(OSError):
            process.kill()
            process.wait()
