"""The only Celery task: do the work that waits."""

from __future__ import annotations

import time

from tasks import connecting, hints, turns, workers
from tasks.app import app

TURN_SECONDS = 60.0
"""Maximum seconds that a worker works on one hint, whose message stays unacknowledged until then.
"""


@app.task(name=hints.TASK)
def work() -> None:
    """Check uploads and play blocks in turn while there is work."""
    ends = time.monotonic() + TURN_SECONDS
    try:
        while not workers.State.is_stopping and turns.do_next():
            if time.monotonic() > ends:
                hints.top_up()
                break
    finally:
        workers.rest()
        connecting.release()
