"""The program that plays recorded episodes again: it loads the game once, then forks a process for each order.

A request is a line of JSON on its socket. It is answered at once with the state of its order: it is started, it waits,
or it has made some progress. A single thread does everything, since a process with threads cannot be forked safely.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import selectors
import signal
import socket
import time
from pathlib import Path
from typing import IO, Any

from cachetools import TTLCache

from tournament.recorder.asking import LONGEST_REQUEST, address_of, partial_of
from tournament.recorder.jobs import HEAVY_BYTES, LIMIT_SECONDS, Job, choose_next, find_refusal
from tournament.recorder.orders import Order, weight_of

KEPT = int(os.environ.get("ARENA_KEEP_REPLAYS") or 500)
"""Maximum number of files in a folder of replays; the oldest ones are removed."""
FAILURES_KEPT, FAILURE_SECONDS = 100, 10.0
"""Maximum number of failures that are not reported yet, and the seconds after which one is forgotten. A later request
plays the episode again: a disk that was full may have room by then."""
REQUEST_SECONDS = 5.0
"""Maximum seconds until a client has sent its request; a slower one is disconnected."""


class Player:
    """The socket, the jobs, and the failures that are not reported yet. Jobs are found by the file that they make."""

    def __init__(self, listener: socket.socket) -> None:
        self.listener = listener
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ, self.accept)
        self.waiting: dict[Path, Job] = {}
        self.running: dict[Path, Job] = {}
        self.failures: TTLCache[Path, dict[str, str]] = TTLCache(FAILURES_KEPT, FAILURE_SECONDS)
        self.clients: dict[socket.socket, tuple[float, bytes]] = {}

    def serve(self, until: IO[bytes] | None = None) -> None:
        """Answer until the process is ended, or nobody holds the other end of `until`."""
        if until is not None:
            self.selector.register(until, selectors.EVENT_READ, None)
        while True:
            for key, _ in self.selector.select(1.0):
                if key.data is None:
                    return
                key.data()
            self.look_after()

    def end(self) -> None:
        for job in self.running.values():
            job.failure = "The portal ends."
            job.end()

    def close(self) -> None:
        """Close, in a forked process, what belongs to the parent."""
        self.selector.close()
        self.listener.close()
        for client in self.clients:
            client.close()

    def accept(self) -> None:
        client, _ = self.listener.accept()
        client.setblocking(False)
        self.clients[client] = (time.monotonic(), b"")
        self.selector.register(client, selectors.EVENT_READ, lambda: self.read(client))

    def read(self, client: socket.socket) -> None:
        """Read what a client sends; answer once its line is complete."""
        began, said = self.clients[client]
        try:
            chunk = client.recv(65536)
        except OSError:
            chunk = b""
        said += chunk
        self.clients[client] = (began, said)
        if said.endswith(b"\n"):
            with contextlib.suppress(OSError):  # A client that has disconnected needs no answer.
                client.sendall(json.dumps(self.answer(json.loads(said))).encode())
        elif chunk and len(said) < LONGEST_REQUEST:
            return
        self.leave(client)

    def leave(self, client: socket.socket) -> None:
        self.selector.unregister(client)
        del self.clients[client]
        client.close()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return the state of the order for this file; a new order is accepted first."""
        path = Path(request["path"])
        if failure := self.failures.pop(path, None):
            return dict(failure)
        if path in self.running:
            return {"state": "playing", "step": self.running[path].step}
        if path in self.waiting:
            return {"state": "waiting", "ahead": list(self.waiting).index(path)}
        if path.exists():
            return {"state": "done"}
        if refusal := find_refusal(self.waiting.values(), request["visitor"]):
            return {"state": refusal}
        order = Order.from_json(request["order"])
        is_heavy = request["action"] == "film" or order.device != "cpu" or weight_of(order) > HEAVY_BYTES
        self.waiting[path] = Job(path, request["action"], order, request["visitor"], is_heavy)
        self.start_waiting()
        return {"state": "playing", "step": 0} if path in self.running else {"state": "waiting", "ahead": 0}

    def start_waiting(self) -> None:
        while job := choose_next(self.waiting.values(), self.running.values()):
            del self.waiting[job.path]
            partial_of(job.path).unlink(missing_ok=True)
            job.start(self.close)
            self.running[job.path] = job
            self.selector.register(job.pipe, selectors.EVENT_READ, lambda job=job: self.hear(job))

    def hear(self, job: Job) -> None:
        if not job.hear():
            self.finish(job)

    def finish(self, job: Job) -> None:
        """Free a job's place. A failure is reported once, and the order may then be requested again."""
        self.selector.unregister(job.pipe)
        del self.running[job.path]
        job.end()
        if job.failure:
            self.failures[job.path] = {"state": job.outcome, "message": job.failure}
        make_room(job.path.parent)
        self.start_waiting()

    def look_after(self) -> None:
        """End processes that are stuck, and disconnect clients that send nothing."""
        now = time.monotonic()
        for job in [one for one in self.running.values() if now - one.began > LIMIT_SECONDS]:
            job.failure = f"The episode was not over after {LIMIT_SECONDS:.0f} s: it takes too long to be shown."
            self.finish(job)
        for client in [one for one, (began, _) in self.clients.items() if now - began > REQUEST_SECONDS]:
            self.leave(client)


def make_room(folder: Path) -> None:
    """Remove the oldest files beyond the number that is kept."""
    times = {}
    for file in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            times[file] = file.stat().st_mtime
    for file in sorted(times, key=times.__getitem__, reverse=True)[KEPT:]:
        file.unlink(missing_ok=True)


def load() -> None:
    """Play with every built-in agent and every kind of network, so that nothing is loaded or compiled afterwards."""
    from mate.agents.batched import BUILTIN_NAMES
    from mate.scenario import Scenario
    from policies.rehearsing import playing
    from tournament import agents, replays

    scenario = Scenario.load("MATE-4v8-9")
    for name in BUILTIN_NAMES:
        replays.record(scenario, agents.Builtin("camera", name), agents.Builtin("target", name), 1, max_steps=50)
    playing.warm()


def run(folder: Path, until: IO[bytes] | None = None) -> None:
    """Load everything and serve. Wait while another program serves the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # Its processes end with it.
    with open(folder / "player.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        load()
        address = address_of(folder)
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(address))
            address.chmod(0o600)
            listener.listen(128)
            player = Player(listener)
            try:
                player.serve(until)
            finally:
                player.end()
                address.unlink(missing_ok=True)
