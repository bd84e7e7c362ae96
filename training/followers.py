"""Where progress goes besides the run's folder. What fails here is said once and never stops a training."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


class TensorBoard:
    """Writes every figure of the progress as a scalar, by steps of the environment."""

    def __init__(self, folder: Path) -> None:
        from tensorboardX import SummaryWriter

        self._writer = SummaryWriter(str(folder))
        self._has_failed = False

    def __call__(self, line: dict[str, Any]) -> None:
        """Add the figures of a line of progress."""
        if self._has_failed:
            return
        try:
            for name, value in line.items():
                if value is not None and name not in ("iteration", "steps"):
                    self._writer.add_scalar(name, value, line["steps"])
        except Exception as error:  # any failure of a convenience: the training goes on
            self._has_failed = True
            print(f"TensorBoard's files are no longer written: {error}", file=sys.stderr)
