"""What the running code works for: ids that structured logs add to each line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ids: ContextVar[dict[str, str] | None] = ContextVar("ids", default=None)


def current() -> dict[str, str]:
    """Return the ids that are bound now."""
    return _ids.get() or {}


@contextmanager
def bound(**ids: object) -> Iterator[None]:
    """Bind ids, in addition to those that are bound, while the block runs."""
    token = _ids.set(current() | {name: str(value) for name, value in ids.items()})
    try:
        yield
    finally:
        _ids.reset(token)
