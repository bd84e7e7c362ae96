"""Pictures one after the other into a file: a video, an animated GIF, or numbered PNG files."""

from __future__ import annotations

import importlib
from collections.abc import Generator
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mate.errors import UserError

VIDEO_SUFFIXES = (".mp4", ".mkv", ".webm", ".mov", ".avi")
FRAMES_PER_SECOND = 60
_GIF_FRAMES_PER_SECOND = 20  # players do not keep up with much more


class _Writer(Protocol):
    def add(self, picture: NDArray[np.uint8]) -> None: ...
    def close(self) -> None: ...


class Film:
    """A film being made: ``with Film("film.mp4") as film: film.add(picture)``.

    ``path`` decides the form: ``.mp4``, ``.mkv``, ``.webm``, ``.mov`` or ``.avi`` for a video, ``.gif`` for an
    animation (of every third picture, at the same pace), ``.png`` for one file per picture, numbered from 0:
    ``film.png`` gives ``film-000000.png``, ... Pictures are (H, W, 3) uint8 arrays, all of one size. Raises
    ``UserError`` at once when the suffix is another one or the folder does not exist.
    """

    def __init__(self, path: str | Path, frames_per_second: int = FRAMES_PER_SECOND) -> None:
        self.path = Path(path)
        suffix = self.path.suffix.lower()
        if not self.path.parent.is_dir():
            raise UserError(
                f"The film cannot be written to {path}: there is no folder {self.path.parent}. Make it first."
            )
        if suffix in VIDEO_SUFFIXES:
            self._writer: _Writer = _Video(self.path, frames_per_second)
        elif suffix == ".gif":
            self._writer = _Animation(self.path, frames_per_second)
        elif suffix == ".png":
            self._writer = _Pictures(self.path)
        else:
            known = ", ".join((*VIDEO_SUFFIXES, ".gif", ".png"))
            raise UserError(f"The film cannot be written to {path}: the name must end with one of {known}.")

    def add(self, picture: NDArray[np.uint8]) -> None:
        """Append a picture."""
        self._writer.add(picture)

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _load_ffmpeg(path: Path) -> Any:
    """Load the encoder, a large package that only videos need."""
    try:
        return importlib.import_module("imageio_ffmpeg")
    except ImportError:
        raise UserError(
            f"The film {path} cannot be made: videos need the package imageio-ffmpeg, which is not installed. "
            "Run: python -m pip install imageio-ffmpeg (names that end with .gif and .png need nothing)."
        ) from None


class _Video:
    def __init__(self, path: Path, frames_per_second: int) -> None:
        self._path, self._rate = path, frames_per_second
        self._ffmpeg = _load_ffmpeg(path)
        self._pipe: Generator[None, Any, None] | None = None

    def add(self, picture: NDArray[np.uint8]) -> None:
        if self._pipe is None:
            height, width = picture.shape[:2]
            pipe = self._ffmpeg.write_frames(
                str(self._path),
                (width, height),
                fps=self._rate,
                quality=7,
                macro_block_size=2,
                ffmpeg_log_level="error",
            )
            pipe.send(None)
            self._pipe = pipe
        self._pipe.send(np.ascontiguousarray(picture))

    def close(self) -> None:
        if self._pipe is not None:
            self._pipe.close()


class _Animation:
    def __init__(self, path: Path, frames_per_second: int) -> None:
        self._path, self._count = path, 0
        self._images: list[Image.Image] = []
        self._stride = max(1, round(frames_per_second / _GIF_FRAMES_PER_SECOND))
        self._milliseconds = 1000 * self._stride / frames_per_second

    def add(self, picture: NDArray[np.uint8]) -> None:
        if self._count % self._stride == 0:
            self._images.append(Image.fromarray(picture).quantize(64, dither=Image.Dither.NONE))
        self._count += 1

    def close(self) -> None:
        if self._images:
            first, *rest = self._images
            first.save(self._path, save_all=True, append_images=rest, duration=self._milliseconds, loop=0)


class _Pictures:
    def __init__(self, path: Path) -> None:
        self._path, self._count = path, 0

    def add(self, picture: NDArray[np.uint8]) -> None:
        name = f"{self._path.stem}-{self._count:06d}{self._path.suffix}"
        Image.fromarray(picture).save(self._path.with_name(name))
        self._count += 1

    def close(self) -> None:
        """Do nothing: every picture is a complete file."""
