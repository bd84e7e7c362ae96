"""Streamed responses, which are created while they are sent."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async


def begin(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Create the first chunk now; return all chunks."""
    first = next(pieces, b"")

    def all_of_them() -> Iterator[bytes]:
        yield first
        yield from pieces

    return all_of_them()


async def drip(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield one chunk at a time and create each on demand.

    With a synchronous iterator, Django would collect all chunks first.
    """
    take = sync_to_async(lambda: next(pieces, None))
    while (piece := await take()) is not None:
        yield piece
