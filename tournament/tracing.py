"""Ids of the work in progress, which structured logs add to each line and spans have as attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

_ids: ContextVar[dict[str, str] | None] = ContextVar("ids", default=None)


class Spans:
    """The recorder of durations. It records nothing unless a higher layer sets `open`."""

    open: Callable[[dict[str, str]], AbstractContextManager[object]] = nullcontext


def current() -> dict[str, str]:
    """Return the ids that are bound now."""
    return _ids.get() or {}


@contextmanager
def bound(**ids: object) -> Iterator[None]:
    """Bind ids, in addition to those that are bound, while the block runs."""
    words = {name: str(value) for name, value in ids.items()}
    token = _ids.set(current() | words)
    try:
        with Spans.open(words):
            yield
    finally:
        _ids.reset(token)
