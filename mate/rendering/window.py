"""A window on the desktop, with pygame, which is not installed with this package: most never look at a window.

Either distribution of pygame will do. ``pygame-ce`` is the one to install: it has wheels for every supported Python.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mate.errors import UserError

__all__ = ["NoWindow", "Window"]

MAX_FRAMES_PER_SECOND = 60
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")
_UNSEEN_DRIVERS = ("dummy", "offscreen", "evdev")
_open: list[Window] = []
"""All windows of this process: one queue holds the events of all."""


class NoWindow(UserError):
    """No window can be opened: pygame or a display is missing."""


class Window:
    """A window of ``size`` x ``size`` pixels, opened at once. Raises NoWindow."""

    def __init__(self, size: int, title: str = "MATE") -> None:
        self._pygame = _start()
        self._clock = self._pygame.time.Clock()
        self._handle: Any = None
        try:
            if hasattr(self._pygame, "Window"):
                self._handle = self._pygame.Window(title, (size, size))
            else:  # the older distribution has one window a process, which all environments share
                self._pygame.display.set_mode((size, size))
                self._pygame.display.set_caption(title)
        except self._pygame.error as error:
            _stop(self._pygame)
            raise NoWindow(f"the display cannot be opened ({error})") from None
        _open.append(self)

    @property
    def is_open(self) -> bool:
        """Whether nobody has closed it."""
        return self in _open

    def show(self, picture: NDArray[np.uint8]) -> bool:
        """Show a picture (size, size, 3); whether the window is still open.

        Waits for its turn at 60 pictures a second.
        """
        _handle_events(self._pygame)
        if not self.is_open:
            return False
        height, width = picture.shape[:2]
        image = self._pygame.image.frombuffer(picture.tobytes(), (width, height), "RGB")
        owner = self._handle or self._pygame.display
        owner.get_surface().blit(image, (0, 0))
        owner.flip()
        self._clock.tick(MAX_FRAMES_PER_SECOND)
        return True

    def close(self) -> None:
        """Close it, also when it is closed already."""
        if not self.is_open:
            return
        _open.remove(self)
        if self._handle is not None:
            self._handle.destroy()
        _stop(self._pygame)


def _start() -> Any:
    """Pygame with its display. Raises NoWindow."""
    has_displays = sys.platform in ("win32", "darwin")
    if not has_displays and not any(os.environ.get(name) for name in _DISPLAYS):
        raise NoWindow("there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)")
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    try:
        import pygame
    except ImportError:
        raise NoWindow("pygame is not installed (`pip install pygame-ce` installs it)") from None
    try:
        pygame.display.init()
    except pygame.error as error:
        raise NoWindow(f"the display cannot be opened ({error})") from None
    driver = pygame.display.get_driver()
    if driver in _UNSEEN_DRIVERS and driver != os.environ.get("SDL_VIDEODRIVER"):
        _stop(pygame)
        raise NoWindow("the display cannot be opened")
    return pygame


def _stop(pygame: Any) -> None:
    """End pygame's display, unless a window of ours or of the program's own is open."""
    if not _open and (not hasattr(pygame, "Window") or pygame.display.get_surface() is None):
        pygame.display.quit()


def _handle_events(pygame: Any) -> None:
    """Close what a person has closed. Keys and mouse buttons stay in the queue: a program may wait for them."""
    left = (pygame.KEYDOWN, pygame.KEYUP, pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP)
    for event in pygame.event.get(exclude=left):
        for window in list(_open):
            is_meant = event.type == pygame.WINDOWCLOSE and getattr(event, "window", None) is window._handle
            if event.type == pygame.QUIT or is_meant:
                window.close()
