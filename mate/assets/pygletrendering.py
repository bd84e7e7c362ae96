"""Upstream's name for its OpenGL drawing. Only the viewer is here; pictures are made of ``mate.rendering`` shapes."""

from typing import Any

from mate.geometry import RAD2DEG
from mate.rendering.viewer import Viewer

__all__ = ["RAD2DEG", "Viewer"]


def __getattr__(name: str) -> Any:
    raise AttributeError(
        f"mate.assets.pygletrendering has no {name}: pictures are not drawn with OpenGL. In a render callback, append "
        "mate.rendering.Line and mate.rendering.Polygon to env.viewer.below or env.viewer.above."
    )
