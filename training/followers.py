"""Where progress goes besides the run's folder. None of it can hold up or stop a training: what fails is said once, what waits is dropped."""

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
"""What takes figures by name and the steps of the environment they belong to, and what ends the writing."""


class Follower:
    """Gives the figures of each line of progress to a writer, which runs in a thread of its own."""

    def __init__(self, name: str, make_writer: Callable[[], Writer]) -> None:
        self._name = name
        self._make_writer = make_writer
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue(WAITING_LINES)
        self._thread = threading.Thread(target=self._write, name=name, daemon=True)
        self._thread.start()

    def __call__(self, line: dict[str, Any]) -> None:
        """Take a line of progress; dropped if a thousand are waiting."""
        if not self._lines.full():
            self._lines.put_nowait(line)

    def close(self, seconds: float = 5.0) -> None:
        """Write what is waiting, for at most so long."""
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
        except Exception as error:  # whatever it is, the training goes on
            print(f"{self._name} is no longer told of the progress: {error or type(error).__name__}", file=sys.stderr)


def tensorboard(folder: Path) -> Follower:
    """Writes TensorBoard's files into a folder."""

    def make_writer() -> Writer:
        from tensorboardX import SummaryWriter

        writer = SummaryWriter(str(folder))

        def write(figures: dict[str, float], steps: int) -> None:
            for name, value in figures.items():
                writer.add_scalar(name, value, steps)

        return write, writer.close

    return Follower("TensorBoard", make_writer)


def weights_and_biases(project: str, folder: Path) -> Follower:
    """Tells Weights & Biases. Raises UserError if its library is not installed."""
    try:
        import wandb
    except ImportError:
        raise UserError("Weights & Biases is not installed: pip install wandb, or leave out --wandb.") from None

    def make_writer() -> Writer:
        run = wandb.init(project=project, name=folder.name, dir=str(folder), resume="allow")
        return lambda figures, steps: run.log(figures | {"steps": steps}), run.finish

    return Follower("Weights & Biases", make_writer)
