"""Forecasts of the time for the remaining episodes: by pairing, as a range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from statistics import geometric_mean

from django.db.models import F, Q, Sum

from tournament import durations
from tournament.models import Agent, AgentKind, Block, BlockState, Scenario

LOOK_BACK = 2000
"""Number of a scenario's played blocks from which durations are taken."""
PLAYED, AGENTS_PLAYED, KINDS_PLAYED, ELSEWHERE = 1.3, 2.0, 3.0, 5.0
"""Factors of uncertainty of a pairing's duration, by what was played: the pairing itself, both of its agents, other
agents of their kinds, or such agents in other scenarios."""
OVERHEAD = 2.0
"""Seconds that a worker takes to load."""

Pair = tuple[int, int]
Took = Mapping[Pair, float]


@dataclass(frozen=True)
class Span:
    """A range of seconds from `low` to `high`, with the expected value.

    `high` is None where nothing comparable was played: `low` is then a lower bound.
    """

    low: float
    high: float | None
    expected: float


def forecast(
    scenario: Scenario, episodes: Mapping[Pair, int], workers: int, ahead: float = 0.0, least: float = 1.0
) -> Span | None:
    """Forecast the time for episodes by pair (keys of camera and target); None where nothing was ever played.

    At least the share `least` of the episodes is played. `ahead` is the duration, in seconds of one worker, of other
    blocks that the workers may play first.
    """
    wanted = {pair: count for pair, count in episodes.items() if count > 0}
    rates = rate_pairs(scenario, wanted)
    if rates is None:
        return None
    share = max(workers, 1)
    low = expected = high = 0.0
    for pair, count in wanted.items():
        each, factor = rates[pair]
        expected += count * each / share
        low += count * each / (factor or 1.0) / share
        high += count * each * (factor or inf) / share
    return Span(least * low, None if high == inf else high + ahead / share + OVERHEAD, expected)


def rate_pairs(scenario: Scenario, pairs: Iterable[Pair]) -> dict[Pair, tuple[float, float | None]] | None:
    """Return the seconds for an episode of each pair and the factor of uncertainty; None where nothing was ever played.

    Where a kind of agent was never played, the factor is None and the seconds are a lower bound.
    """
    here = took_in(scenario)
    kinds = _Kinds.of(scenario, here)
    played, fastest = durations.PlayedPairs(here), min(here.values(), default=None)
    found = {}
    for pair in pairs:
        rate = _rate(played, kinds, pair, fastest)
        if rate is None:
            return None
        found[pair] = rate
    return found


def _rate(
    played: durations.PlayedPairs, kinds: _Kinds, pair: Pair, fastest: float | None
) -> tuple[float, float | None] | None:
    if pair in played.each:
        return played.each[pair], PLAYED
    guess = played.guess(*pair)
    if guess is not None and {pair[0], pair[1]} <= kinds.played:
        return guess, AGENTS_PLAYED
    alike = kinds.guess(pair)
    if alike is not None:
        seconds, factor = alike
        return max(seconds, guess or 0.0) if factor == KINDS_PLAYED else seconds, factor
    if guess is not None:
        return guess, None
    return None if fastest is None else (fastest, None)


def took_in(scenario: Scenario | None) -> dict[Pair, float]:
    """Return the seconds for an episode by pair, from the last blocks of a scenario, or of all scenarios for None."""
    played = Block.objects.filter(state=BlockState.DONE, num_played__gt=0, seconds__gt=0)
    if scenario is not None:
        played = played.filter(pairing__scenario=scenario)
    rows = played.order_by("-id").values_list("pairing__camera", "pairing__target", "seconds", "num_played")
    sums: dict[Pair, list[float]] = {}
    for camera, target, seconds, count in rows[:LOOK_BACK]:
        total = sums.setdefault((camera, target), [0.0, 0.0])
        total[0] += seconds
        total[1] += count
    return {pair: seconds / count for pair, (seconds, count) in sums.items()}


@dataclass(frozen=True)
class _Kinds:
    """Durations by kinds of camera and target, here and everywhere; a kind is `rules` or describes a network."""

    of_agent: Mapping[int, str]
    here: Mapping[tuple[str, str], float]
    everywhere: Mapping[tuple[str, str], float]
    played: frozenset[int]
    guesses: dict[tuple[str, str], tuple[float, float] | None] = field(default_factory=dict)
    """Cache of the guesses."""

    @classmethod
    def of(cls, scenario: Scenario, here: Took) -> _Kinds:
        rows = Agent.objects.order_by().values_list("pk", "kind", "architecture")
        kinds = {
            key: "rules" if kind == AgentKind.BUILTIN else f"{kind}/{architecture}" for key, kind, architecture in rows
        }
        played = frozenset(agent for pair in here for agent in pair)
        return cls(kinds, _by_kind(here, kinds), _by_kind(took_in(None), kinds), played)

    def guess(self, pair: Pair) -> tuple[float, float] | None:
        """Return the seconds for other agents of these kinds and the factor; None where a kind was not played."""
        wanted = self.of_agent.get(pair[0], "rules"), self.of_agent.get(pair[1], "rules")
        if wanted not in self.guesses:
            self.guesses[wanted] = self._guess(wanted)
        return self.guesses[wanted]

    def _guess(self, wanted: tuple[str, str]) -> tuple[float, float] | None:
        if wanted in self.here:
            return self.here[wanted], KINDS_PLAYED
        if wanted not in self.everywhere:
            return None
        # The ratio of this scenario to all, over the kinds that were played in both.
        ratios = [self.here[kinds] / self.everywhere[kinds] for kinds in self.here if kinds in self.everywhere]
        return self.everywhere[wanted] * (geometric_mean(ratios) if ratios else 1.0), ELSEWHERE


def _by_kind(took: Took, kinds: Mapping[int, str]) -> dict[tuple[str, str], float]:
    groups: dict[tuple[str, str], list[float]] = {}
    for (camera, target), seconds in took.items():
        groups.setdefault((kinds.get(camera, "rules"), kinds.get(target, "rules")), []).append(seconds)
    return {pair: geometric_mean(values) for pair, values in groups.items()}


def left_by_pair(blocks: Q) -> dict[Pair, int]:
    """Return the remaining episodes of open blocks by pair."""
    rows = Block.objects.filter(blocks).order_by().values_list("pairing__camera", "pairing__target")
    return {
        (camera, target): max(left, 0)
        for camera, target, left in rows.annotate(left=Sum(F("num_episodes") - F("num_played")))
    }
