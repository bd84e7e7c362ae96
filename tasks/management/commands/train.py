"""`manage.py train`: repeatedly claim a training and supervise it, one at a time."""

import logging
import platform
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from tasks import admission, connecting, identity, training, workers

log = logging.getLogger(__name__)


class Command(BaseCommand):
    requires_system_checks: list[
        str
    ] = []  # `prepare` makes these checks. Here they would write to shared memory, which is then copied.
    help = "Claim trainings that wait, run each in a process of its own and follow it; until SIGTERM."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", default="trainer", help="tells the trainers of a machine apart")
        parser.add_argument("--every", type=float, default=1.0, help="seconds between two looks for a training")
        parser.add_argument("--once", action="store_true", help="look after one training, if there is one, and return")

    def handle(self, *args: Any, **options: Any) -> None:
        woken = threading.Event()

        def stop(*_: object) -> None:
            workers.note_stopping()
            woken.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        connecting.share_one()
        workers.State.name = identity.make_name(f"{options['name']}@{platform.node()}")
        workers.State.facts = {"trains": True, "cores": training.available_cores()}
        workers.begin()
        try:
            while not workers.State.is_stopping:
                found = look()
                if options["once"] or (not found and woken.wait(options["every"])):
                    break
        finally:
            workers.end()


def look() -> bool:
    """Supervise a training, if one waits. If the database is away, the next call tries again."""
    connecting.drop_broken()
    try:
        return admission.may_claim() and training.train_next()
    except DatabaseError:
        log.warning("The database did not answer; looking again", exc_info=True)
        return False
    finally:
        connecting.release()
