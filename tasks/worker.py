"""Start a worker: ``python -m tasks.worker NAME``.

Celery's own command starts the same worker. It also loads a shell and other commands, which take 8 MB of memory.
"""

import argparse
import os
import sys

os.environ["CELERY_SKIP_CHECKS"] = "true"  # `prepare` makes these checks; they would cost memory.

from celery.utils.nodenames import gethostname, nodename

from tasks.app import app


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tasks.worker", description=__doc__)
    parser.add_argument("name", help="name of the worker: NAME on this machine, or NAME@HOST")
    name, _, host = parser.parse_args().name.partition("@")
    worker = app.Worker(
        hostname=nodename(name, host or gethostname()), loglevel="INFO", without_gossip=True, without_mingle=True
    )
    worker.start()
    return int(worker.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main())
