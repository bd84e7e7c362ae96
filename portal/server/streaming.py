"""Answers that are made while they are sent."""

from collections.abc import AsyncIterator, Iterator

from asgiref.sync import sync_to_async


def begin(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, the first of which is there."""
    first = next(pieces, b"")

    def all_of_them() -> Iterator[bytes]:
        yield first
        yield from pieces

    return all_of_them()


async def drip(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """One piece at a time, each made when it is wanted: a server that answers many at once would else collect all of
    them first.
    """
    take = sync_to_async(lambda: next(pieces, None))
    while (piece := await take()) is not None:
        yield piece
