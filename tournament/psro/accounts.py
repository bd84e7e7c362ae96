"""Figures of a PSRO iteration: exploitability of the previous strategies, and verdicts on the responses.

All gains are those of agents that were trained here. An exact best response may gain more, so that exploitability and
NashConv are lower bounds, "within trained responses".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from mate import Team
from tournament.meta_solvers import Equilibrium, Exploitability, Noise, exploitability, nash
from tournament.payoffs import Array, MetaGame, list_numbers
from tournament.psro.diversity import effective_diversity, effective_size

VERSION = 2
"""Version of these accounts, which is stored with their figures; a change of any figure increments it."""
NEGLIGIBLE = 1e-12
"""Maximum magnitude of a payoff that counts as rounding."""
Interval = tuple[float, float]


@dataclass(frozen=True)
class PsroGame:
    """A meta-game, agents in the order in which they joined, with the mean coverage rate (m, n) of each cell."""

    game: MetaGame
    coverage: Array

    @classmethod
    def of(cls, game: MetaGame, coverage: Array) -> PsroGame:
        """Return the table of both. Raises ValueError if their shapes differ."""
        if coverage.shape != game.payoff.shape:
            raise ValueError(f"coverage has the shape {coverage.shape}, the agents need {game.payoff.shape}.")
        return cls(game, coverage)

    def without_errors(self) -> PsroGame:
        """Return this table with the means alone."""
        game = replace(self.game, error=np.full_like(self.game.error, np.nan), episodes=None)
        return PsroGame(game, self.coverage)

    def to_json(self) -> dict[str, Any]:
        """Return nested lists, null where there is no number."""
        return self.game.to_json() | {"coverage": list_numbers(self.coverage)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> PsroGame:
        """Return the table of a stored form; the inverse of `to_json`."""
        payoff, error, coverage = (
            np.array(document[name], dtype=np.float64) for name in ("payoff", "error", "coverage")
        )
        count = np.array(document["count"], dtype=np.int64)
        game = MetaGame(tuple(document["cameras"]), tuple(document["targets"]), payoff, error, count)
        return cls(game, coverage)


class ResponseVerdict(StrEnum):
    """The conclusion from a best response's gain."""

    BETTER = "better"
    """The interval lies above zero."""
    NONE = "none"
    """The interval contains zero: training found no better response, or there is none."""
    FAILED = "failed"
    """The interval lies below zero or the agent is not new: training failed, so this gain bounds no other agent's."""
    UNKNOWN = "unknown"
    """There is no interval, because the variance of the episodes is unknown."""


@dataclass(frozen=True)
class Gain:
    """A new agent's gain against the other team's strategy over its own team's strategy, with its 95 % interval.

    The limits are None where the error is unknown. `is_new` is false for an agent that its population had already.
    """

    gain: float
    low: float | None
    high: float | None
    is_new: bool = True

    @property
    def is_answer(self) -> bool:
        """Return whether the gain is significantly above zero."""
        return self.low is not None and self.low > 0

    @property
    def verdict(self) -> ResponseVerdict:
        if not self.is_new or (self.high is not None and self.high < -NEGLIGIBLE):
            return ResponseVerdict.FAILED
        if self.low is None:
            return ResponseVerdict.UNKNOWN
        return ResponseVerdict.BETTER if self.is_answer else ResponseVerdict.NONE

    def to_json(self) -> dict[str, Any]:
        found = {"gain": self.gain, "low": self.low, "high": self.high, "is_answer": self.is_answer}
        return found | {"verdict": self.verdict.value}


Strategies = tuple[Array, Array]


def figures(game: MetaGame, strategies: Strategies, earlier: Strategies | None) -> dict[str, Any]:
    """Return the stored figures of an iteration, as JSON values.

    `strategies` (m,), (n,) are those of this meta-game; `earlier` those of the previous iteration, whose agents come
    first here; None for the first. `exploitability` is upstream's row (mean, cameras', targets'): the largest gain of
    any agent against the earlier strategies over their own payoff. `nash_conv` is the sum of both gains. Its interval
    has no upper limit where a response failed or its error is unknown: the gain of a better one is then unknown.
    """
    camera, target = strategies
    noise, solution = Noise.of(game), nash(game)
    found: dict[str, Any] = {
        "version": VERSION,
        "value": float(camera @ game.payoff @ target),
        "within_pool": _describe(exploitability(game, *strategies, noise=noise, solution=solution)),
        "effective_diversity": effective_diversity(game.payoff),
        "effective_cameras": effective_size(camera),
        "effective_targets": effective_size(target),
    }
    return found if earlier is None else found | judge_responses(game, earlier, noise, solution)


def judge_responses(game: MetaGame, earlier: Strategies, noise: Noise | None, solution: Equilibrium) -> dict[str, Any]:
    """Return the figures about the newest agents; `noise` and `solution` are those of the meta-game."""
    padded = (_pad(earlier[0], len(game.cameras)), _pad(earlier[1], len(game.targets)))
    before = float(padded[0] @ game.payoff @ padded[1])
    gains = game.payoff @ padded[1] - before, before - padded[0] @ game.payoff
    mine = float(gains[0].max()), float(gains[1].max())
    responses = [gain_of(game, padded, team, noise) for team in Team]
    within = exploitability(game, *padded, noise=noise, solution=solution)
    return {
        "exploitability": [sum(mine) / 2, *mine],
        "nash_conv": sum(mine),
        "nash_conv_interval": _bound_nash_conv(within.nash_conv_interval, responses),
        "camera_gain": responses[0].to_json(),
        "target_gain": responses[1].to_json(),
    }


def _bound_nash_conv(interval: Interval | None, responses: Sequence[Gain]) -> tuple[float, float | None] | None:
    """Return the interval of NashConv, without its upper limit where a response does not bound what others may gain."""
    if interval is None:
        return None
    is_bounded = all(gain.verdict in (ResponseVerdict.BETTER, ResponseVerdict.NONE) for gain in responses)
    return interval[0], interval[1] if is_bounded else None


def bound_nash_conv(figures: Mapping[str, Any]) -> float | None:
    """Return the upper limit of NashConv in an iteration's figures; None where there is none."""
    interval = figures.get("nash_conv_interval")
    return interval[1] if interval else None


def _describe(found: Exploitability) -> dict[str, Any]:
    return {
        "camera": found.camera, "target": found.target, "nash_conv": found.nash_conv,
        "camera_interval": found.camera_interval, "target_interval": found.target_interval,
        "nash_conv_interval": found.nash_conv_interval,
    }  # fmt: skip


def _pad(strategy: Array, size: int) -> Array:
    return np.append(strategy, np.zeros(size - len(strategy)))


def gain_of(game: MetaGame, strategies: Strategies, team: str, noise: Noise | None = None) -> Gain:
    """Return the gain of a team's newest agent against strategies (m,), (n,) of the pools.

    `noise` is that of the game, if it is known already. Where the meta-game has its episodes, the variance is that of
    the whole sum, clustered by seed. A seed is shared along a camera's row or down a target's column, so that the
    weighted cells have correlated errors; the interval of independent cells would be too narrow, increasingly so for
    larger mixtures. Without episodes independence has to be assumed. The limits are Student's (Satterthwaite 1946),
    since variances from few seeds are imprecise.
    """
    camera, target = strategies
    newest = np.zeros_like(camera if team == Team.CAMERA else target)
    newest[-1] = 1.0
    if team == Team.CAMERA:
        weights = np.outer(newest - camera, target)
    else:
        weights = np.outer(camera, target - newest)
    gain = float((weights * game.payoff).sum())
    agents = game.cameras if team == Team.CAMERA else game.targets
    is_played = game.episodes is not None
    is_new = not is_played or agents[-1] not in agents[:-1]
    noise = noise or Noise.of(game)
    if noise is None:
        return Gain(gain, None, None, is_new)
    reach = float(noise.variance_of(weights).half_widths())
    if is_played and reach < NEGLIGIBLE:
        return Gain(gain, None, None, is_new)
    return Gain(gain, gain - reach, gain + reach, is_new)
