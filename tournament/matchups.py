"""Common episodes of two agents of one team: the same scenario, opponent and seed. Read only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from mate import Team
from tournament import own_episodes, visibility
from tournament.comparing import Against, Array, Comparison, Pairs, compare
from tournament.formats import FORMATS, Evidence, Finding
from tournament.formats.settings import MAX_ROUND_SIZE, ROUND_SIZE
from tournament.leaderboards import DEVICE
from tournament.models import Agent, Episode, Pairing, Scenario
from tournament.own_episodes import MOST_EPISODES, ROW, Rows

MOST_LOOKS = 60
"""Maximum number of looks of a sequential test of existing episodes."""


@dataclass(frozen=True)
class Matchup:
    """Two agents of one team in a scenario.

    `pairs` are their common episodes, opponents given by key, with the keys of the episodes in `first_episode` and
    `second_episode`. `opponents` are the rows of those opponents, `pairings` their pairings with either agent.
    `unmatched` are opponents that both played, but never from the same seed.
    """

    scenario: Scenario
    first: Agent
    second: Agent
    pairs: Pairs
    first_episode: NDArray[np.int64]
    second_episode: NDArray[np.int64]
    opponents: dict[int, Agent]
    pairings: dict[int, tuple[int, int]]
    unmatched: tuple[Agent, ...]
    is_cut: bool

    def compare(self) -> Comparison:
        return compare(self.pairs)

    def judge(self) -> Finding | None:
        """Return the finding of a head-to-head test of these episodes; None if there are none.

        The episodes are taken in the order of their seeds, which is independent of the results, with at most MOST_LOOKS
        looks.
        """
        if not len(self.pairs):
            return None
        keys = sorted(self.opponents)
        order = np.lexsort((self.pairs.seed, self.pairs.opponent))
        opponent = np.searchsorted(keys, self.pairs.opponent[order])
        place = np.arange(len(order)) - np.searchsorted(opponent, opponent)
        first, second = self.pairs.first[order], self.pairs.second[order]
        evidence = _evidence(self.first.team, len(keys), opponent, place, first, second)
        settings = {
            "team": self.first.team,
            "round_size": min(max(ROUND_SIZE.default, 2 * len(order) // MOST_LOOKS), MAX_ROUND_SIZE),
        }
        return FORMATS["sequential"].make(settings, evidence.cameras, evidence.targets).find(evidence)


def find_matchup(scenario: Scenario, first: Agent, second: Agent) -> Matchup:
    """Return the current engine's episodes that both agents played from the same seed against the same opponent."""
    is_private = visibility.are_private((first, second))
    mine, theirs = (own_episodes.read(scenario, agent, is_private) for agent in (first, second))
    left, right = _match(mine, theirs)
    sign = -1.0 if first.team == Team.CAMERA else 1.0
    pairs = Pairs(
        mine["opponent"][left], mine["seed"][left], sign * mine["reward"][left], sign * theirs["reward"][right]
    )
    both = set(np.unique(mine["opponent"]).tolist()) & set(np.unique(theirs["opponent"]).tolist())
    matched = set(np.unique(pairs.opponent).tolist())
    agents = Agent.objects.defer("spec", "provenance", "description").in_bulk(both)  # They are long.
    return Matchup(
        scenario=scenario,
        first=first,
        second=second,
        pairs=pairs,
        first_episode=mine["episode"][left],
        second_episode=theirs["episode"][right],
        opponents={key: agents[key] for key in matched},
        pairings=_pairings(scenario, first, second, matched),
        unmatched=tuple(sorted((agents[key] for key in both - matched), key=lambda agent: agent.name)),
        is_cut=MOST_EPISODES in (len(mine), len(theirs)),
    )


def _match(left: Rows, right: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of the rows of either side that have opponent and seed in common."""
    found: tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]] = ([], [])
    for opponent in np.intersect1d(left["opponent"], right["opponent"]):
        parts = [slice(*np.searchsorted(rows["opponent"], [opponent, opponent + 1])) for rows in (left, right)]
        mine, theirs = (rows["seed"][part] for rows, part in zip((left, right), parts, strict=True))
        _, *indices = np.intersect1d(mine, theirs, assume_unique=True, return_indices=True)
        for side, part, index in zip(found, parts, indices, strict=True):
            side.append(part.start + index)
    nothing = np.empty(0, dtype=np.int64)
    return np.concatenate([nothing, *found[0]]), np.concatenate([nothing, *found[1]])


def _pairings(scenario: Scenario, first: Agent, second: Agent, opponents: Iterable[int]) -> dict[int, tuple[int, int]]:
    """Return the keys of the two agents' pairings by the opponent's key."""
    other = Team(first.team).opponent
    rows = Pairing.objects.filter(
        **{"scenario": scenario, f"{first.team}__in": [first, second], f"{other}__in": list(opponents)}
    )
    keys = {(mine, opponent): key for key, mine, opponent in rows.values_list("pk", first.team, other)}
    return {opponent: (keys[first.pk, opponent], keys[second.pk, opponent]) for opponent in opponents}


def _evidence(
    team: str, size: int, opponent: NDArray[np.int64], place: NDArray[np.int64], first: Array, second: Array
) -> Evidence:
    """Return pairs of episodes as the evidence of a head-to-head tournament of two agents against `size` opponents."""
    agent = np.repeat([0, 1], len(opponent))
    number = 2 * np.tile(place, 2) + (team == Team.TARGET)
    reward = np.concatenate([first, second]) * (1.0 if team == Team.TARGET else -1.0)
    pair, others = ("first", "second"), tuple(f"opponent {place}" for place in range(size))
    if team == Team.CAMERA:
        return Evidence.of(pair, others, agent, np.tile(opponent, 2), number, reward)
    return Evidence.of(others, pair, np.tile(opponent, 2), agent, number, reward)


# One pairing and the others of its agents


@dataclass(frozen=True)
class Rival:
    """Another agent in place of one of a pairing's, compared with it on the same seeds."""

    agent: Agent
    pairing: int
    result: Against


def rivals_of(pairing: Pairing, team: str, episodes: QuerySet[Episode]) -> list[Rival]:
    """Compare the pairing's agent of `team` with all others that played the same opponent; the best rival comes first.

    `episodes` are the pairing's own that count. Only seeds that both played are compared.
    """
    agent, opponent = (pairing.camera, "target") if team == Team.CAMERA else (pairing.target, "camera")
    others = Pairing.objects.filter(**{"scenario": pairing.scenario, opponent: getattr(pairing, opponent)})
    found = others.exclude(pk=pairing.pk).select_related(team)
    if not visibility.are_private((pairing.camera, pairing.target)):
        found = visibility.seen_pairings(found, None)
    by_key = {row.pk: row for row in found}
    engines = episodes.order_by().values_list("engine", flat=True)[:1]
    theirs = Episode.objects.filter(
        pairing__in=by_key, engine__in=list(engines), device=DEVICE, seed__in=episodes.order_by().values("seed")
    )
    columns = ("pairing_id", "seed", "normalised_reward", "id")
    rows = np.fromiter(theirs.order_by().values_list(*columns)[:MOST_EPISODES].iterator(10_000), dtype=ROW)
    own = dict(episodes.order_by().values_list("seed", "normalised_reward"))
    sign = -1.0 if agent.team == Team.CAMERA else 1.0
    mine = np.array([own[seed] for seed in rows["seed"].tolist()], dtype=np.float64)
    pairs = Pairs(rows["opponent"], rows["seed"], sign * mine, sign * rows["reward"])
    rivals = [Rival(getattr(by_key[one.opponent], team), one.opponent, one) for one in compare(pairs).against]
    return sorted(rivals, key=lambda rival: rival.result.difference.value or 0.0)
