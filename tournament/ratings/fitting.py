"""The fit of a leaderboard for each team to a meta-game.

Cameras only play targets, so that logit E[y] = mu + theta_camera - beta_target identifies only differences within a
team. There is therefore one board for each team, anchored on its greedy agent at 1000, and never one list of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mate import Team
from tournament.agents import Builtin
from tournament.payoffs import MetaGame
from tournament.ratings import elo, margin
from tournament.ratings.claims import PROVISIONAL_EPISODES
from tournament.ratings.comparisons import Comparisons
from tournament.ratings.connection import connect_by_comparison, connect_by_play
from tournament.ratings.evidence import BoardEvidence
from tournament.ratings.influence import find_influences
from tournament.ratings.nash import Lines, add_nash
from tournament.ratings.records import AgentRating, Influence, Ratings

SCALE = 400.0 / np.log(10.0)
"""Elo points per logit."""
ANCHOR_RATING = 1000.0
ANCHORS = {"camera": Builtin("camera", "greedy").digest, "target": Builtin("target", "greedy").digest}


def rate(
    game: MetaGame | BoardEvidence,
    anchors: dict[str, str] | None = None,
    *,
    replicates: int | None = None,
    is_game_solved: bool = True,
) -> Ratings:
    """Rate the agents of a meta-game, or of the evidence of one. Pure: equal games give equal ratings.

    `anchors` maps teams to the digest of the agent with rating 1000 (default: the greedy built-in agents); a team whose
    anchor does not play has a mean rating of 1000. A meta-game without episodes has no comparisons, hence no duplicate
    Elo; its margin ratings use the standard errors of its cells. `replicates` is the number of bootstrap solutions of
    the Nash equilibrium for `nash_support` (default 100, fewer for more than 30 x 30 agents); 0 leaves it None. Without
    `is_game_solved`, Nash, deviation ratings and cyclicity are left out.
    """
    evidence = game if isinstance(game, BoardEvidence) else BoardEvidence.of(game) if game.episodes else None
    meta_game = game.game if isinstance(game, BoardEvidence) else game
    anchors = ANCHORS if anchors is None else anchors
    fields = {"camera": meta_game.cameras, "target": meta_game.targets}
    places = {
        team: field.index(anchors[team]) if anchors.get(team) in field else None for team, field in fields.items()
    }
    lines: dict[str, list[dict[str, Any]]] = {
        team: [_line(meta_game, team, index, places[team]) for index in range(len(fields[team]))] for team in Team
    }
    influences: list[Influence] = []
    counted = None if evidence is None else evidence.comparisons
    if counted is not None:
        for team in Team:
            own, other = fields[team], fields[team.opponent]
            influences += _add_elo(lines[team], counted[team], team, places[team], own, other)
    _add_payoff_errors(lines, meta_game, counted)
    _add_margin(lines, meta_game, evidence, places)
    summary, cycles = add_nash(lines, meta_game, evidence, replicates) if is_game_solved else (None, None)
    return Ratings(
        cameras=_sort(lines["camera"]),
        targets=_sort(lines["target"]),
        nash=summary,
        num_episodes=meta_game.num_episodes,
        cyclicity=cycles,
        influences=tuple(influences),
    )


def _line(game: MetaGame, team: str, index: int, anchor: int | None) -> dict[str, Any]:
    """Return an agent's fields that depend on its own cells alone."""
    sign = 1.0 if team == Team.CAMERA else -1.0
    own, opponents = (game.cameras, game.targets) if team == Team.CAMERA else (game.targets, game.cameras)
    counts = _along(game.count, team, index)
    played = np.flatnonzero(counts)
    payoffs = sign * _along(game.payoff, team, index)[played]
    return {
        "digest": own[index],
        "team": team,
        "num_episodes": int(counts.sum()),
        "num_opponents": len(played),
        "is_provisional": bool(counts.sum() < PROVISIONAL_EPISODES),
        "is_anchor": index == anchor,
        "payoff": float(payoffs.mean()) if len(payoffs) else None,
        "worst_opponent": opponents[played[payoffs.argmin()]] if len(payoffs) else None,
    }


def _along(matrix: NDArray[Any], team: str, index: int) -> NDArray[Any]:
    """Return the row of a camera or the column of a target."""
    return matrix[index] if team == Team.CAMERA else matrix[:, index]


def _add_payoff_errors(lines: Lines, game: MetaGame, counted: dict[str, Comparisons] | None) -> None:
    """Add the standard errors of the agents' mean payoffs; None for agents with a cell of one episode."""
    squares = np.where(game.count > 0, game.error**2, 0.0)
    for axis, team in enumerate(Team):
        other = team.opponent
        if counted is None:
            errors = np.sqrt(squares.sum(axis=1 - axis)) / np.maximum((game.count > 0).sum(axis=1 - axis), 1)
        else:
            errors = counted[other].errors
        for line, error in zip(lines[team], errors, strict=True):
            line["payoff_error"] = float(error) if np.isfinite(error) and line["num_episodes"] else None


def _add_elo(
    lines: list[dict[str, Any]],
    counted: Comparisons,
    team: str,
    anchor: int | None,
    digests: Sequence[str],
    opponents: Sequence[str],
) -> tuple[Influence, ...]:
    """Add the duplicate Elo of a team's connected agents; return the removals that would change the first rank."""
    _, count = counted.wins()
    has_played = np.array([line["num_episodes"] > 0 for line in lines], dtype=bool)
    members = connect_by_comparison(count, anchor, has_played)
    if not len(members):
        return ()
    found = elo.fit(counted, members)
    ratings = ANCHOR_RATING + SCALE * (found.strengths - found.zero(anchor))
    widths = SCALE * found.half_widths(anchor)
    ahead, ranks, chances = found.ahead(), found.ranks(), found.first_probabilities()
    for number, member in enumerate(members):
        lower, upper = _bounds(ratings[number], widths[number])
        lines[member].update(
            rating=float(ratings[number]), lower=lower, upper=upper, num_comparisons=int(count[member].sum())
        )
        if len(members) > 1:  # An agent alone has no rank.
            lines[member].update(
                rank=int(ranks[number]),
                best_rank=1 + int(ahead[:, number].sum()),
                worst_rank=len(members) - int(ahead[number].sum()),
                first_probability=float(chances[number]) if np.isfinite(chances[number]) else None,
            )
    return find_influences(counted, found, team, digests, opponents)


def _add_margin(lines: Lines, game: MetaGame, evidence: BoardEvidence | None, places: dict[str, int | None]) -> None:
    """Add the margin ratings of the agents that play connects."""
    rated = connect_by_play(game, (places["camera"], places["target"]))
    if not rated[0].any():
        return
    members = [np.flatnonzero(part) for part in rated]
    anchors = [_position(own, places[team]) for own, team in zip(members, Team, strict=True)]
    boards = margin.fit(_observe(game, evidence), *rated, anchors=(anchors[0], anchors[1]))
    for team, own, anchor, board in zip(Team, members, anchors, boards, strict=True):
        zero = 0.0 if anchor is None else board.skills[anchor]
        ratings, widths = ANCHOR_RATING + SCALE * (board.skills - zero), SCALE * board.half_widths()
        for member, rating, width in zip(own, ratings, widths, strict=True):
            lower, upper = _bounds(rating, width)
            lines[team][member].update(margin=float(rating), margin_lower=lower, margin_upper=upper)


def _observe(game: MetaGame, evidence: BoardEvidence | None) -> margin.Observations:
    """Return the outcomes to which the margin model is fitted."""
    if evidence is not None:
        return margin.Observations.from_sums(game.count, evidence.deviations)
    # The outcome is linear in the reward except for clipping, which means seldom reach.
    return margin.Observations.from_means(margin.outcome(-game.payoff), game.error / 1.5, game.count)


def _position(members: NDArray[np.int64], anchor: int | None) -> int | None:
    return int(np.searchsorted(members, anchor)) if anchor is not None and anchor in members else None


def _bounds(rating: float, width: float) -> tuple[float | None, float | None]:
    return (float(rating - width), float(rating + width)) if np.isfinite(width) else (None, None)


def _sort(lines: list[dict[str, Any]]) -> tuple[AgentRating, ...]:
    """Sort the lines: by rank, then those without rank by margin, then the others; ties by digest."""
    ratings = [AgentRating(**line) for line in lines]
    return tuple(sorted(ratings, key=_order))


def _order(line: AgentRating) -> tuple[Any, ...]:
    return (line.rank is None, line.rank or 0, line.margin is None, -(line.margin or 0.0), line.digest)
