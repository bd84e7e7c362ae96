"""A connection between a client and a server that breaks at chosen moments."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

PASS, BEFORE, AFTER = "pass", "before", "after"
"""The fate of a connection: it works; it breaks before the request is forwarded; it breaks after the answer."""


class Line:
    """A proxy. `plan` lists the fates of the next connections; all later ones work."""

    def __init__(self, server: tuple[str, int]) -> None:
        self.server = server
        self.plan: list[str] = []
        self.num_cut = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                mode = self.plan.pop(0) if self.plan else PASS
                threading.Thread(target=self.carry, args=(client, mode), daemon=True).start()

    def carry(self, client: socket.socket, mode: str) -> None:
        with client, contextlib.suppress(OSError):
            if mode == BEFORE:
                client.recv(65536)
                self.num_cut += 1
                return
            with socket.create_connection(self.server) as upstream:
                threading.Thread(target=pump, args=(client, upstream), daemon=True).start()
                if mode == AFTER:
                    upstream.recv(65536)
                    self.num_cut += 1
                    client.shutdown(socket.SHUT_RDWR)
                    return
                pump(upstream, client)

    def end(self) -> None:
        self.listener.close()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def line_to(host: str, port: int) -> Iterator[Line]:
    line = Line((host, port))
    try:
        yield line
    finally:
        line.end()
