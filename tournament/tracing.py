"""What the running code works for: ids that structured logs add to each line, and that spans have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

_ids: ContextVar[dict[str, str] | None] = ContextVar("ids", default=None)


class Spans:
    """How the time is recorded that something takes: not at all, unless the floor above says so."""

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
