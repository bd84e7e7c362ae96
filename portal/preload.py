"""A process that loads the libraries of the portal's processes and forks them: ``python -m portal.preload FD``.

Web server, workers, trainers and sweep load the same 110 MB of libraries, and workers load 60 MB of compiled kernels
too. Processes that are forked from one loaded process share its memory until they write to it. The launcher sends the
requests (`portal.launcher.preloading`).
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import logging
import os
import runpy
import socket
import sys
import time
from pathlib import Path
from typing import Any

import setproctitle

from mate.libraries import keep_compact
from portal.launcher.children import LIBC, bind_to_parent, open_log

PROGRAMS = (
    "portal.urls",
    "portal.server.bodies",
    "portal.server.disk",
    "portal.server.handler",
    "portal.server.lanes",
    "granian.server",
    "tasks.sweeping",
    "tasks.training",
    "tasks.work",
    "celery.apps.worker",
    "celery.concurrency.solo",
    "celery.worker.autoscale",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.pidbox",
    "django.db.models.sql.compiler",
    "kombu.transport.redis",
    "scipy.optimize",
    "scipy.sparse.csgraph",
    "scipy.special",
)
"""Modules that import everything that the programs need. None of them opens a connection or starts a thread."""
KERNELS = ("mate.engine", "mate.agents.batched", "policies.warm", "tournament.warm")
MADV_DONTNEED = 4

log = logging.getLogger("django.arena")


def main() -> None:
    """Fork processes on request over a socket, until the launcher closes it."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    load_programs()
    command = serve(orders)
    if command:  # This is a forked process. It ends like a separate interpreter.
        run(command)


def load_programs() -> None:
    import django

    django.setup(set_prefix=False)
    for name in PROGRAMS:
        importlib.import_module(name)


def load_kernels() -> None:
    """Load the compiled kernels. Those that fail are loaded at their first use."""
    keep_compact()
    for name in KERNELS:
        try:
            importlib.import_module(name).warm()
        except Exception:
            log.exception("The kernels of %s could not be loaded ahead", name)


def serve(orders: socket.socket) -> list[str]:
    """Answer all requests; return an empty list at the end. In a forked process, return its command.

    A request is a line of JSON: ``{"kernels": true}``, answered by ``{}`` after loading, or ``{"command": [...], "log":
    PATH}``, answered by ``{"pid": N}``. The first ``{}`` says that all programs are loaded.
    """
    lines = orders.makefile("r")
    settle()
    answer(orders, {})
    for line in lines:
        order = json.loads(line)
        if "kernels" in order:
            load_kernels()
            settle()
            answer(orders, {})
            continue
        pid = fork()
        if not pid:
            lines.close()
            orders.close()
            with open_log(Path(order["log"])) as file:
                for stream in (sys.stdout, sys.stderr):
                    os.dup2(file.fileno(), stream.fileno())
            return list(order["command"])
        answer(orders, {"pid": pid})
    return []


def answer(orders: socket.socket, content: dict[str, Any]) -> None:
    orders.sendall(json.dumps(content).encode() + b"\n")


def settle() -> None:
    """Exclude all objects from garbage collection, because its marks would copy every shared page."""
    gc.collect()
    gc.freeze()
    unmap_code()


def unmap_code() -> None:
    """Release the code of libraries from this process's memory: 100 MiB, mostly of LLVM, which loads the kernels.

    The code stays in the page cache. Pages that are needed again are mapped from there.
    """
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, rights, *_, name = line.split()
        if rights == "r-xp" and ".so" in name:
            start, end = (int(number, 16) for number in place.split("-"))
            LIBC.madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), MADV_DONTNEED)


def fork() -> int:
    """Fork a process whose parent is the launcher; return its process id, or 0 in the new process.

    The process is forked twice, and the one between ends. The launcher adopts orphans while it waits for the answer.
    """
    launcher = os.getppid()
    reader, writer = os.pipe()
    between = os.fork()
    if between:
        os.close(writer)
        os.waitpid(between, 0)
        with open(reader) as file:
            return int(file.read())
    between = os.getpid()
    if pid := os.fork():
        os.write(writer, str(pid).encode())
        os._exit(0)
    os.close(reader)
    os.close(writer)
    os.setsid()
    while os.getppid() == between:
        time.sleep(0.001)
    bind_to_parent(launcher)()
    return 0


def run(command: list[str]) -> None:
    """Run a Python command line (``python -m MODULE ...`` or ``python FILE ...``) in this process."""
    setproctitle.setproctitle(" ".join(command))
    _, first, *rest = command
    if first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [first, *rest]
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    main()
