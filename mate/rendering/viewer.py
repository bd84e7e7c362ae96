"""The viewer of ``env.render``: one picture at a time, as an array or in a window."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mate.rendering.frame import Frame
from mate.rendering.raster import SUPERSAMPLING, draw
from mate.rendering.scene import scene
from mate.rendering.shapes import Shape
from mate.rendering.window import NoWindow, Window

if TYPE_CHECKING:
    from mate.engine import Batch

_WINDOW_SUPERSAMPLING = 2  # half the time of a picture for a file; a moving picture hides the difference


class NoWindowWarning(UserWarning):
    """A requested window that cannot be opened; the program continues without it."""


class Viewer:
    """Pictures of ``size`` x ``size`` pixels, as arrays or in a window.

    Between ``begin`` and ``show`` callbacks may append shapes (``mate.rendering.Line`` and ``Polygon``, in map units)
    to ``below``, which lies under the fields of view and all that moves, or to ``above``, which lies on top.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.below: list[Shape] = []
        self.above: list[Shape] = []
        self._frame: Frame | None = None
        self._window: Window | None = None
        self._has_no_window = False

    @property
    def is_open(self) -> bool:
        """Whether there is a window that nobody has closed."""
        return self._window is not None and self._window.is_open

    def begin(self, batch: Batch, slot: int = 0) -> None:
        """Begin a picture of the episode in a slot as it is now."""
        self._frame = Frame.of_batch(batch, slot)
        self.below, self.above = [], []

    def show(self, mode: str) -> NDArray[np.uint8] | bool:
        """Finish the picture: (size, size, 3) pixels for ``rgb_array``; for ``human`` whether a window shows it.

        A window that somebody has closed stays closed. Where none can be opened, a NoWindowWarning says why, once.
        Raises ``ValueError`` for a mode that does not exist.
        """
        if mode not in ("human", "rgb_array"):
            raise ValueError(f"render has no mode {mode!r}: use 'human' or 'rgb_array'.")
        if mode == "rgb_array":
            return self._draw()
        if self._window is None and not self._has_no_window:
            self._open()
        if self._window is None or not self._window.is_open:
            return False
        return self._window.show(self._draw(_WINDOW_SUPERSAMPLING))

    def _open(self) -> None:
        try:
            self._window = Window(self.size)
        except NoWindow as reason:
            self._has_no_window = True
            warnings.warn(
                f"render(mode='human') shows no window, because {reason}: draw with mode='rgb_array' instead, or "
                f"film an "
                "episode with `python -m mate.evaluate --save-video film.mp4`.",
                NoWindowWarning,
                stacklevel=4,  # whoever called env.render
            )

    def _draw(self, supersampling: int = SUPERSAMPLING) -> NDArray[np.uint8]:
        assert self._frame is not None, "begin a picture before showing it"
        return draw(scene(self._frame, self.below, self.above), self.size, supersampling)

    def close(self) -> None:
        """Close the window, if there is one."""
        self._frame = None
        if self._window is not None:
            self._window.close()
            self._window = None
