"""`manage.py sweep`: repeatedly re-issue lost work and send hints."""

import logging
import signal
import threading
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections

from tasks.sweeping import sweep

log = logging.getLogger(__name__)


class Command(BaseCommand):
    requires_system_checks: list[
        str
    ] = []  # `prepare` makes these checks. Here they would write to shared memory, which is then copied.
    help = "Give work that no live worker holds to others, finish what is complete, wake workers; until SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, default=2.0, help="seconds between two sweeps")
        parser.add_argument("--once", action="store_true", help="sweep once and return")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self.stdout.write(str(sweep()))
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        answers_since = time.monotonic() - settings.ARENA_LEASE_SECONDS
        while not stop.wait(options["every"]):
            close_old_connections()
            try:
                sweep(is_steady=time.monotonic() - answers_since >= settings.ARENA_LEASE_SECONDS)
            except DatabaseError:
                answers_since = time.monotonic()
                log.warning("The database did not answer; sweeping again", exc_info=True)
