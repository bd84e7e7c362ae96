"""Additional sinks of a run's progress: TensorBoard and Weights & Biases.

None of them can block or end a training: a failure is reported once, and lines beyond a full queue are dropped.
"""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mate.errors import UserError

WAITING_LINES = 1000
Writer = tuple[Callable[[dict[str, float], int], None], Callable[[], None]]
"""Two functions: one writes metrics by name at a number of environment steps, the other closes the sink."""


class MetricsFollower:
    """Passes the metrics of each line of progress to a writer, which runs in its own thread."""

    def __init__(self, name: str, make_writer: Callable[[], Writer]) -> None:
        self._name = name
        self._make_writer = make_writer
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue(WAITING_LINES)
        self._thread = threading.Thread(target=self._write, name=name, daemon=True)
        self._thread.start()

    def __call__(self, line: dict[str, Any]) -> None:
        """Enqueue a line of progress; drop it if ``WAITING_LINES`` are queued."""
        if not self._lines.full():
            self._lines.put_nowait(line)

    def close(self, seconds: float = 5.0) -> None:
        """Write the queued lines, for at most this many seconds."""
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=seconds)
        self._thread.join(seconds)

    def _write(self) -> None:
        try:
            write, finish = self._make_writer()
            while (line := self._lines.get()) is not None:
                figures = {name: float(value) for name, value in line.items() if value is not None and name != "steps"}
                write(figures, line["steps"])
            finish()
        except Exception as error:  # no failure of a sink ends the training
            print(f"{self._name} no longer receives the progress: {error or type(error).__name__}", file=sys.stderr)


def tensorboard(folder: Path) -> MetricsFollower:
    """Write TensorBoard's event files into a folder."""

    def make_writer() -> Writer:
        from tensorboardX import SummaryWriter

        writer = SummaryWriter(str(folder))

        def write(figures: dict[str, float], steps: int) -> None:
            for name, value in figures.items():
                writer.add_scalar(name, value, steps)

        return write, writer.close

    return MetricsFollower("TensorBoard", make_writer)


def weights_and_biases(project: str, folder: Path) -> MetricsFollower:
    """Log to Weights & Biases. Raises UserError if its library is not installed."""
    try:
        import wandb
    except ImportError:
        raise UserError("Weights & Biases is not installed. Run pip install wandb, or leave out --wandb.") from None

    def make_writer() -> Writer:
        run = wandb.init(project=project, name=folder.name, dir=str(folder), resume="allow")
        return lambda figures, steps: run.log(figures | {"steps": steps}), run.finish

    return MetricsFollower("Weights & Biases", make_writer)
