"""Expected durations of episodes, in seconds of one worker: measured, or estimated from other episodes of the agents.

A block of several episodes is played in lockstep. Its steps have a fixed cost of about `EXTRA` episodes, whatever the
size of the block. Blocks are therefore measured in seconds for each episode, plus this share for the block.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from statistics import fmean, geometric_mean

from django.db.models import Count, QuerySet, Sum

from tournament.models import Block, BlockState, Pairing

EXTRA = 2
"""Fixed cost of a block, in episodes: 1.5 to 2.5 were measured with the built-in agents."""
LOOK_BACK = 200
"""Number of played blocks from which the durations of new pairings are estimated."""


def of_block(num_episodes: int, each: float, parts: int = 1) -> float:
    """Return the seconds for episodes that take `each` seconds, played in `parts` blocks."""
    return (num_episodes + parts * EXTRA) * each


def episodes_in(seconds: float, each: float) -> int:
    """Return the number of episodes, at least one, of a block that takes about so many seconds."""
    return max(1, round(seconds / each - EXTRA))


def known(pairings: Collection[int]) -> dict[int, float]:
    """Return the mean seconds for an episode of each of these pairings; unplayed pairings are left out."""
    blocks = _played().filter(pairing__in=pairings).values_list("pairing")
    sums = blocks.annotate(Sum("seconds"), Sum("num_played"), Count("id"))
    return {pairing: seconds / (played + EXTRA * count) for pairing, seconds, played, count in sums}


def guess(tournament: int, pairings: Collection[int]) -> dict[int, float]:
    """Estimate the seconds for an episode of unplayed pairings; agents without recent blocks are left out.

    The duration is the number of steps, mostly due to the target, times the cost of a step, due to both. If other
    agents played each other and these two, the estimate multiplies the effects of replacing either agent and takes the
    geometric mean. Otherwise it is the mean duration of the slower agent.
    """
    if not pairings:
        return {}
    played = PlayedPairs(_of_pairs(tournament))
    pairs = Pairing.objects.filter(pk__in=pairings).values_list("pk", "camera", "target")
    guesses = {pairing: played.guess(camera, target) for pairing, camera, target in pairs}
    return {pairing: seconds for pairing, seconds in guesses.items() if seconds is not None}


def _of_pairs(tournament: int) -> dict[tuple[int, int], float]:
    """Return the seconds for an episode by (camera, target), from the tournament's last blocks."""
    blocks = _played().filter(tournament=tournament).order_by("-id")
    lately = blocks.values_list("pairing__camera", "pairing__target", "seconds", "num_played")[:LOOK_BACK]
    took: dict[tuple[int, int], list[float]] = {}
    for camera, target, seconds, played in lately:
        took.setdefault((camera, target), []).append(seconds / (played + EXTRA))
    return {pair: fmean(values) for pair, values in took.items()}


class PlayedPairs:
    """Seconds for an episode by (camera, target), to estimate those of other pairs of their agents."""

    def __init__(self, each: Mapping[tuple[int, int], float]) -> None:
        self.each = each
        self.of_camera: dict[int, dict[int, float]] = {}
        self.of_target: dict[int, dict[int, float]] = {}
        for (camera, target), took in each.items():
            self.of_camera.setdefault(camera, {})[target] = took
            self.of_target.setdefault(target, {})[camera] = took

    def guess(self, camera: int, target: int) -> float | None:
        """Return the estimate from the episodes of other (camera, target); None where neither was played."""
        of_camera, of_target = self.of_camera.get(camera, {}), self.of_target.get(target, {})
        rectangles = [
            first * second / self.each[one, other]
            for other, first in of_camera.items()
            for one, second in of_target.items()
            if (one, other) in self.each
        ]
        if rectangles:
            return geometric_mean(rectangles)
        return max((fmean(took.values()) for took in (of_camera, of_target) if took), default=None)


def _played() -> QuerySet[Block]:
    """Return the blocks whose durations were measured."""
    return Block.objects.filter(state=BlockState.DONE, num_played__gt=0, seconds__gt=0).order_by()
