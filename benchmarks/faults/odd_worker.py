"""A worker that misbehaves on purpose: ``python -m benchmarks.faults.odd_worker wrong`` (or ``newer``).

`wrong` passes the test of known answers and then writes wrong results, as a machine with bad memory might. `newer` has
an engine version that no tournament uses.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def main() -> None:
    """Run the worker in this process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if sys.argv[1] == "newer":
        from mate import engine

        engine.VERSION = "next"  # type: ignore[misc]
    from tasks.app import app

    if sys.argv[1] == "wrong":
        import django

        django.setup()
        falsify()
    arguments = ["worker", "--hostname", "worker@%h", "--loglevel", "INFO", "--without-gossip", "--without-mingle"]
    app.worker_main(arguments)


def falsify() -> None:
    """Make this process write a wrong result for every episode."""
    from tasks import playing

    right = playing.as_row

    def as_row(*arguments: Any) -> Any:
        row = right(*arguments)
        row.digest, row.normalised_reward = f"bad{row.digest[3:]}", row.normalised_reward / 2
        return row

    playing.as_row = as_row  # type: ignore[assignment]


if __name__ == "__main__":
    main()
