"""Ratings: from a meta-game to a leaderboard for each team.

Cameras only ever meet targets, so in logit E[y] = mu + theta_camera - beta_target only differences within a team can be known:
there is one board per team, each anchored on its greedy agent at 1000, and never one list of both. The outcome y, between 0
and 1, is the camera's share of the reward: y = 1 - clip((R + 0.5) / 1.5), with R the target team's normalised reward of the
episode. The model is fitted as a quasi-binomial (Wedderburn 1974): only its mean is assumed. Ratings are on the scale of Elo, where
400 points are odds of 10 to 1; as y is a share and not a win, they say how much, not how often.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tournament import meta_solvers
from tournament.agents import Builtin
from tournament.payoffs import Array, MetaGame
from tournament.ratings.records import AgentRating, NashSummary, Ratings
from tournament.regression import Fit, Observations, fit

SCALE = 400.0 / np.log(10.0)
ANCHOR_RATING = 1000.0
CONFIDENCE = 0.95
PROVISIONAL_EPISODES = 30
"""Agents with fewer episodes are marked as provisional."""
ANCHORS = {"camera": Builtin("camera", "greedy").digest, "target": Builtin("target", "greedy").digest}


def rate(meta_game: MetaGame, anchors: dict[str, str] | None = None) -> Ratings:
    """Rate the agents of a meta-game. Pure: equal games give equal ratings.

    `anchors` maps teams to the digest of the agent that has rating 1000 (the greedy built-in agents by default); a
    team whose anchor does not play has a mean rating of 1000. Intervals are computed from the episodes, clustered by seed, where the
    meta-game has them, and from the standard errors of its cells otherwise.
    """
    anchors = ANCHORS if anchors is None else anchors
    lines = {
        "camera": [_line(meta_game, "camera", index, anchors) for index in range(len(meta_game.cameras))],
        "target": [_line(meta_game, "target", index, anchors) for index in range(len(meta_game.targets))],
    }
    _add_elo(lines, meta_game, anchors)
    summary = _add_nash(lines, meta_game)
    return Ratings(_sort(lines["camera"]), _sort(lines["target"]), summary, meta_game.num_episodes)


def outcome(reward: Array) -> Array:
    """The camera's share of an episode, 0 to 1, from the target team's normalised reward; 1 is best for the camera."""
    return 1.0 - np.clip((reward + 0.5) / 1.5, 0.0, 1.0)


def _line(game: MetaGame, team: str, index: int, anchors: dict[str, str]) -> dict[str, Any]:
    """What can be said of an agent from its own cells."""
    sign = 1.0 if team == "camera" else -1.0
    digest = (game.cameras if team == "camera" else game.targets)[index]
    counts = _along(game.count, team, index)
    played = counts > 0
    payoffs = sign * _along(game.payoff, team, index)[played]
    return {
        "digest": digest,
        "team": team,
        "num_episodes": int(counts.sum()),
        "num_opponents": int(played.sum()),
        "is_provisional": bool(counts.sum() < PROVISIONAL_EPISODES),
        "is_anchor": digest == anchors.get(team),
        "payoff": float(payoffs.mean()) if len(payoffs) else None,
        "payoff_error": _payoff_error(game, team, index, counts),
    }


def _along(matrix: NDArray[Any], team: str, index: int) -> NDArray[Any]:
    """The row of a camera or the column of a target."""
    return matrix[index] if team == "camera" else matrix[:, index]


def _payoff_error(game: MetaGame, team: str, index: int, counts: NDArray[np.int64]) -> float | None:
    """Standard error of an agent's mean payoff, over seeds (the agent's episodes of one seed are not independent)."""
    if not (counts > 1).any() or (counts == 1).any():
        return None
    if game.episodes is None:
        errors = _along(game.error, team, index)[counts > 0]
        return float(np.sqrt((errors**2).sum()) / len(errors))
    mine = (game.episodes.camera if team == "camera" else game.episodes.target) == index
    opponents = (game.episodes.target if team == "camera" else game.episodes.camera)[mine]
    means = -_along(game.payoff, team, index)
    weights = 1.0 / (counts[opponents] * (counts > 0).sum())
    corrections = np.sqrt(counts[opponents] / (counts[opponents] - 1.0))
    influences = weights * corrections * (game.episodes.reward[mine] - means[opponents])
    _, clusters = np.unique(game.episodes.seed[mine], return_inverse=True)
    return float(np.sqrt((np.bincount(clusters, influences) ** 2).sum()))


def _add_elo(lines: dict[str, list[dict[str, Any]]], game: MetaGame, anchors: dict[str, str]) -> None:
    cameras, targets = _connected(game, anchors)
    if not cameras.any():
        return
    found = fit(_observe(game), cameras, targets)
    for team, rated in (("camera", cameras), ("target", targets)):
        numbers = np.flatnonzero(rated)
        digests = [lines[team][number]["digest"] for number in numbers]
        anchor = digests.index(anchors[team]) if anchors.get(team) in digests else None
        _add_board([lines[team][number] for number in numbers], found, team, anchor)


def _observe(game: MetaGame) -> Observations:
    """The outcomes that the model is fitted to."""
    episodes = game.episodes
    if episodes is None:
        # The outcome is linear in the reward but for its clipping, which means seldom reach.
        shares = outcome(-game.payoff)
        return Observations.from_means(shares, game.error / 1.5, game.count)
    shape = (len(game.cameras), len(game.targets))
    return Observations.from_episodes(shape, episodes.camera, episodes.target, episodes.seed, outcome(episodes.reward))


def _connected(game: MetaGame, anchors: dict[str, str]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which cameras and targets play connects with the anchors, or where they are apart or absent, with most episodes."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    num_cameras, num_targets = game.count.shape
    rows, columns = np.nonzero(game.count)
    size = num_cameras + num_targets
    graph = csr_array((np.ones(len(rows)), (rows, num_cameras + columns)), shape=(size, size))
    count, labels = connected_components(graph, directed=False)
    camera_labels, target_labels = labels[:num_cameras], labels[num_cameras:]
    episodes = np.bincount(camera_labels, game.count.sum(axis=1), minlength=count)
    held = np.zeros(count)
    for team, digests, own in (("camera", game.cameras, camera_labels), ("target", game.targets, target_labels)):
        if anchors.get(team) in digests:
            held[own[digests.index(anchors[team])]] += 1
    if not episodes.any():
        return np.zeros(num_cameras, dtype=bool), np.zeros(num_targets, dtype=bool)
    best = max(
        (number for number in range(count) if episodes[number] > 0), key=lambda number: (held[number], episodes[number])
    )
    return camera_labels == best, target_labels == best


def _add_board(lines: list[dict[str, Any]], found: Fit, team: str, anchor: int | None) -> None:
    """Ratings, intervals and ranks of one team's rated agents, `lines` being in the fit's order."""
    skills = found.skills(team)
    zero = skills.mean() if anchor is None else skills[anchor]
    ratings = ANCHOR_RATING + SCALE * (skills - zero)
    widths = SCALE * found.half_widths(team, anchor, CONFIDENCE)
    gaps = SCALE * found.gap_half_widths(team, CONFIDENCE)
    ahead = ratings[:, None] - ratings[None, :] > gaps  # i is better than j beyond the interval of the difference
    order = np.argsort(np.argsort(-ratings, kind="stable"), kind="stable")
    for number, line in enumerate(lines):
        width = float(widths[number])
        line.update(
            rating=float(ratings[number]),
            lower=float(ratings[number]) - width if np.isfinite(width) else None,
            upper=float(ratings[number]) + width if np.isfinite(width) else None,
            rank=int(order[number]) + 1,
            best_rank=1 + int(ahead[:, number].sum()),
            worst_rank=len(lines) - int(ahead[number].sum()),
            margin=float(ratings[number]),
            margin_lower=float(ratings[number]) - width if np.isfinite(width) else None,
            margin_upper=float(ratings[number]) + width if np.isfinite(width) else None,
        )


def _add_nash(lines: dict[str, list[dict[str, Any]]], game: MetaGame) -> NashSummary | None:
    cameras, targets = complete_part(game.count > 0)
    if not len(cameras):
        return None
    payoff = game.payoff[np.ix_(cameras, targets)]
    solution = meta_solvers.nash(payoff)
    for number, mass, skill in zip(cameras, solution.camera, payoff @ solution.target - solution.value, strict=True):
        lines["camera"][number].update(nash_mass=float(mass), nash_skill=float(skill))
    for number, mass, skill in zip(targets, solution.target, solution.value - solution.camera @ payoff, strict=True):
        lines["target"][number].update(nash_mass=float(mass), nash_skill=float(skill))
    gains = meta_solvers.exploitability(payoff, *meta_solvers.uniform(payoff), solution.value)
    return NashSummary(
        value=solution.value,
        num_cameras=len(cameras),
        num_targets=len(targets),
        has_maximum_entropy=solution.has_maximum_entropy,
        uniform_camera_exploitability=gains.camera,
        uniform_target_exploitability=gains.target,
    )


def complete_part(played: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of a part of the table whose cells are all played.

    The row or column that lacks the largest share of its cells is left out, again and again, until none lacks any.
    """
    rows, columns = np.arange(played.shape[0]), np.arange(played.shape[1])
    while len(rows) and len(columns):
        part = played[np.ix_(rows, columns)]
        row_gaps, column_gaps = 1.0 - part.mean(axis=1), 1.0 - part.mean(axis=0)
        if not row_gaps.any():
            return rows, columns
        if row_gaps.max() >= column_gaps.max():
            rows = np.delete(rows, row_gaps.argmax())
        else:
            columns = np.delete(columns, column_gaps.argmax())
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)


def _sort(lines: list[dict[str, Any]]) -> tuple[AgentRating, ...]:
    ratings = [AgentRating(**line) for line in lines]
    return tuple(sorted(ratings, key=lambda line: (line.rank is None, line.rank or 0, line.digest)))
