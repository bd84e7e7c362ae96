"""What episodes are expected to take, in seconds of one worker: as they took before, or as others of their agents let guess.

A block of several episodes is played in lockstep, and a step takes about `EXTRA` episodes' share of it whatever their number. So it is
seconds an episode, and a little for the block, that are taken from the blocks that were played.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from statistics import fmean, geometric_mean

from django.db.models import Count, QuerySet, Sum

from tournament.models import Block, BlockState, Pairing

EXTRA = 2
"""A block takes about as long as if it had so many more episodes: as measured with the built-in agents (1.5 to 2.5)."""
LOOK_BACK = 200
"""Played blocks from which it is guessed what new pairings take."""


def of_block(num_episodes: int, each: float, parts: int = 1) -> float:
    """Seconds for episodes that take so long each, played in so many blocks."""
    return (num_episodes + parts * EXTRA) * each


def episodes_in(seconds: float, each: float) -> int:
    """How many episodes a block of about so many seconds has; at least one."""
    return max(1, round(seconds / each - EXTRA))


def known(pairings: Collection[int]) -> dict[int, float]:
    """What an episode of each of these pairings took, on average; those that were never played are left out."""
    blocks = _played().filter(pairing__in=pairings).values_list("pairing")
    sums = blocks.annotate(Sum("seconds"), Sum("num_played"), Count("id"))
    return {pairing: seconds / (played + EXTRA * count) for pairing, seconds, played, count in sums}


def guess(tournament: int, pairings: Collection[int]) -> dict[int, float]:
    """What an episode of pairings that were never played may take; those whose agents were not played in the tournament lately are left out.

    An episode takes its steps, which are mostly the target's doing, times what a step costs, which is either's. So where two other
    agents played each other and ours, what one of ours changes is multiplied by what the other does, on (geometric) average. Else
    it is what the slower of ours took.
    """
    if not pairings:
        return {}
    each = _of_pairs(tournament)
    pairs = Pairing.objects.filter(pk__in=pairings).values_list("pk", "camera", "target")
    guesses = {pairing: guess_from(each, camera, target) for pairing, camera, target in pairs}
    return {pairing: seconds for pairing, seconds in guesses.items() if seconds is not None}


def _of_pairs(tournament: int) -> dict[tuple[int, int], float]:
    """What an episode took by (camera, target), from the tournament's last blocks."""
    blocks = _played().filter(tournament=tournament).order_by("-id")
    lately = blocks.values_list("pairing__camera", "pairing__target", "seconds", "num_played")[:LOOK_BACK]
    took: dict[tuple[int, int], list[float]] = {}
    for camera, target, seconds, played in lately:
        took.setdefault((camera, target), []).append(seconds / (played + EXTRA))
    return {pair: fmean(values) for pair, values in took.items()}


def guess_from(each: Mapping[tuple[int, int], float], camera: int, target: int) -> float | None:
    """From what the episodes of other (camera, target) took; None where neither was played."""
    of_camera = {other: took for (one, other), took in each.items() if one == camera}
    of_target = {one: took for (one, other), took in each.items() if other == target}
    rectangles = [
        first * second / each[one, other]
        for other, first in of_camera.items()
        for one, second in of_target.items()
        if (one, other) in each
    ]
    if rectangles:
        return geometric_mean(rectangles)
    return max((fmean(took.values()) for took in (of_camera, of_target) if took), default=None)


def _played() -> QuerySet[Block]:
    """Blocks that tell what their episodes took."""
    return Block.objects.filter(state=BlockState.DONE, num_played__gt=0, seconds__gt=0).order_by()
