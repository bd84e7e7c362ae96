"""What ``env.render`` draws with: one picture at a time, without a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mate.errors import UserError
from mate.rendering.frame import Frame
from mate.rendering.raster import draw
from mate.rendering.scene import scene
from mate.rendering.shapes import Shape

if TYPE_CHECKING:
    from mate.engine import Batch


class NoWindow(UserError):
    """A window was asked for, and this package depends on no window toolkit."""


class Viewer:
    """Pictures of ``size`` x ``size`` pixels.

    Between ``begin`` and ``show`` callbacks may append shapes (``mate.rendering.Line`` and ``Polygon``, in map units) to
    ``below``, which lies under the fields of view and all that moves, or to ``above``, which lies on top.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.below: list[Shape] = []
        self.above: list[Shape] = []
        self._frame: Frame | None = None

    def begin(self, batch: Batch, slot: int = 0) -> None:
        """Begin a picture of the episode in a slot as it is now."""
        self._frame = Frame.of_batch(batch, slot)
        self.below, self.above = [], []

    def show(self, mode: str) -> NDArray[np.uint8]:
        """Finish the picture: (size, size, 3) pixels for the mode ``rgb_array``.

        Raises ``NoWindow`` for ``human``, and ``ValueError`` for a mode that does not exist.
        """
        if mode == "human":
            raise NoWindow(
                "render(mode='human') has no window to draw in. Use render(mode='rgb_array') and show or save the array it "
                "returns, or film an episode with `python -m mate.evaluate --save-video film.mp4`."
            )
        if mode != "rgb_array":
            raise ValueError(f"render has no mode {mode!r}: use 'rgb_array'.")
        assert self._frame is not None, "begin a picture before showing it"
        return draw(scene(self._frame, self.below, self.above), self.size)

    def close(self) -> None:
        """Forget the picture."""
        self._frame = None
