"""Start a worker: ``python -m tasks.worker NAME``. With ``ARENA_PLAY=ray`` it submits Ray tasks that play.

Celery's own command starts the same worker. It also loads a shell and other commands, which take 8 MB of memory.
"""

import argparse
import os
import sys

os.environ["CELERY_SKIP_CHECKS"] = "true"  # `prepare` makes these checks; they would cost memory.

from celery.utils.nodenames import gethostname, nodename
from django.conf import settings

from mate.errors import UserError
from tasks import ray_tasks
from tasks.app import app


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tasks.worker", description=__doc__)
    parser.add_argument("name", help="name of the worker: NAME on this machine, or NAME@HOST")
    name, _, host = parser.parse_args().name.partition("@")
    if settings.ARENA_PLAY == "ray":
        return submit()
    worker = app.Worker(
        hostname=nodename(name, host or gethostname()), loglevel="INFO", without_gossip=True, without_mingle=True
    )
    worker.start()
    return int(worker.exitcode or 0)


def submit() -> int:
    """Let a Ray cluster play. Return the exit status: 1 if the cluster cannot be reached."""
    try:
        return ray_tasks.main()
    except UserError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
