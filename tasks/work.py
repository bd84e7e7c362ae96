"""The one task: do the next piece of work, if there is one."""

from __future__ import annotations

from tasks import checking, hints, playing, workers
from tasks.app import app


@app.task(name=hints.TASK)
def work() -> None:
    """Check an upload if one waits (somebody is looking at its page), else play a block; then pass the hint on."""
    if workers.State.is_stopping:
        return
    if checking.check_next() or playing.play_next():
        hints.top_up()
