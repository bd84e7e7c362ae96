"""The one task: do the work that there is."""

from __future__ import annotations

import time

from tasks import connecting, hints, turns, workers
from tasks.app import app

TURN_SECONDS = 60.0
"""So long a worker goes on by itself before it takes the next hint: a message in hand is not acknowledged until
then.
"""


@app.task(name=hints.TASK)
def work() -> None:
    """Check uploads and play blocks, each in its turn, while there is work."""
    ends = time.monotonic() + TURN_SECONDS
    try:
        while not workers.State.is_stopping and turns.do_next():
            if time.monotonic() > ends:
                hints.top_up()
                break
    finally:
        workers.rest()
        connecting.release()
