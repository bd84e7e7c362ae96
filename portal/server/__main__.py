"""Start the web server: ``python -m portal.server``.

The server is Granian, because it closes connections whose request head does not arrive in time (hyper's header
timeout). Uvicorn has no such limit: 950 half-sent requests made the website unreachable with it.
"""

import argparse
import atexit
import multiprocessing
import os
import shutil
import sys
import tempfile

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server import Server

HEADER_SECONDS = 10.0
"""Seconds within which a client must send the head of a request, and for which an idle connection stays open."""
CONNECTIONS = 2048
"""Maximum number of open connections per process. Further connections wait in the kernel."""
RESTART_SECONDS = 1.0


def share_metrics() -> None:
    """Share the metrics of all processes through a folder in memory. On a full disk, the processes would crash."""
    shared = tempfile.mkdtemp(prefix="arena-metrics-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    atexit.register(shutil.rmtree, shared, ignore_errors=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared


def main() -> None:
    """Serve the portal until a signal ends it."""
    parser = argparse.ArgumentParser(prog="python -m portal.server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--processes", type=int, default=1, metavar="N")
    parser.add_argument(
        "--stop-seconds",
        type=int,
        default=2,
        metavar="N",
        help="seconds that open requests have to finish when the server stops",
    )
    parser.add_argument(
        "--header-seconds",
        type=float,
        default=HEADER_SECONDS,
        metavar="S",
        help="seconds within which the head of a request must arrive",
    )
    options = parser.parse_args()
    if sys.platform == "linux":
        multiprocessing.set_start_method("fork")  # The processes share the loaded modules.
    if options.processes > 1:
        share_metrics()
    Server(
        "portal.server.asgi:application",
        address=options.host,
        port=options.port,
        interface=Interfaces.ASGINL,
        workers=options.processes,
        http=HTTPModes.http1,  # With HTTP/2 allowed, a silent client has no time limit.
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=round(1000 * options.header_seconds)),
        backlog=max(1024, CONNECTIONS),
        backpressure=CONNECTIONS,
        respawn_failed_workers=True,
        respawn_interval=RESTART_SECONDS,
        workers_kill_timeout=options.stop_seconds,
    ).serve()


if __name__ == "__main__":
    main()
