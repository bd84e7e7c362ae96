"""What an iteration of PSRO comes to: what the strategies before it lose to the new agents, and whether these are better answers.

All gains are against agents that were trained here: an exact best response may gain more, so exploitability and NashConv are lower
bounds, "within trained responses".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tournament.meta_solvers import exploitability
from tournament.payoffs import Array, MetaGame, list_numbers
from tournament.psro.diversity import effective_diversity, effective_size
from tournament.ratings.intervals import quantile

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Table:
    """A meta-game, agents in the order in which they joined, with the mean coverage rate (m, n) of each cell."""

    game: MetaGame
    coverage: Array

    @classmethod
    def of(cls, game: MetaGame, coverage: Array) -> Table:
        """A table of both. Raises ValueError if they are of different shapes."""
        if coverage.shape != game.payoff.shape:
            raise ValueError(f"coverage has the shape {coverage.shape}, the agents make {game.payoff.shape}.")
        return cls(game, coverage)

    def to_json(self) -> dict[str, Any]:
        """Nested lists, null where there is no number."""
        return self.game.to_json() | {"coverage": list_numbers(self.coverage)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Table:
        """The inverse of `to_json`."""
        payoff, error, coverage = (
            np.array(document[name], dtype=np.float64) for name in ("payoff", "error", "coverage")
        )
        count = np.array(document["count"], dtype=np.int64)
        game = MetaGame(tuple(document["cameras"]), tuple(document["targets"]), payoff, error, count)
        return cls(game, coverage)


@dataclass(frozen=True)
class Gain:
    """What a new agent gains against the other team's strategy beyond what its own team's strategy gets, with its 95 % interval."""

    gain: float
    low: float | None
    high: float | None

    @property
    def is_answer(self) -> bool:
        """Whether the gain is above zero beyond doubt; else the approximate best response failed, or there is none to be had."""
        return self.low is not None and self.low > 0

    def to_json(self) -> dict[str, Any]:
        return {"gain": self.gain, "low": self.low, "high": self.high, "is_answer": self.is_answer}


Strategies = tuple[Array, Array]


def figures(game: MetaGame, strategies: Strategies, earlier: Strategies | None) -> dict[str, Any]:
    """What is stored with an iteration, as JSON values.

    `strategies` (m,), (n,) are those of this meta-game; `earlier` those of the iteration before, whose agents come first here; None for
    the first. `exploitability` is upstream's row (mean, cameras', targets'): the most that any agent gains against the earlier
    strategies beyond their own payoff. `nash_conv` is the sum of both gains.
    """
    camera, target = strategies
    found: dict[str, Any] = {
        "value": float(camera @ game.payoff @ target),
        "within_pool": _describe(game, strategies),
        "effective_diversity": effective_diversity(game.payoff),
        "effective_cameras": effective_size(camera),
        "effective_targets": effective_size(target),
    }
    if earlier is None:
        return found
    padded = (_pad(earlier[0], len(game.cameras)), _pad(earlier[1], len(game.targets)))
    before = float(padded[0] @ game.payoff @ padded[1])
    gains = game.payoff @ padded[1] - before, before - padded[0] @ game.payoff
    mine = float(gains[0].max()), float(gains[1].max())
    told = _describe(game, padded)
    return found | {
        "exploitability": [sum(mine) / 2, *mine],
        "nash_conv": sum(mine),
        "nash_conv_interval": told["nash_conv_interval"],
        "camera_gain": gain_of(game, padded, "camera").to_json(),
        "target_gain": gain_of(game, padded, "target").to_json(),
    }


def _describe(game: MetaGame, strategies: Strategies) -> dict[str, Any]:
    found = exploitability(game, *strategies)
    return {
        "camera": found.camera, "target": found.target, "nash_conv": found.nash_conv,
        "camera_interval": found.camera_interval, "target_interval": found.target_interval,
        "nash_conv_interval": found.nash_conv_interval,
    }  # fmt: skip


def _pad(strategy: Array, size: int) -> Array:
    return np.append(strategy, np.zeros(size - len(strategy)))


def gain_of(game: MetaGame, strategies: Strategies, team: str) -> Gain:
    """The gain of a team's newest agent against strategies (m,), (n,) of the pools, from the cells' means and standard errors.

    Cells count as independent, which makes the interval too wide rather than too narrow: they share seeds.
    """
    camera, target = strategies
    newest = np.zeros_like(camera if team == "camera" else target)
    newest[-1] = 1.0
    if team == "camera":
        weights = np.outer(newest - camera, target)
    else:
        weights = np.outer(camera, target - newest)
    gain = float((weights * game.payoff).sum())
    error = float(np.sqrt(((weights * game.error)[weights != 0] ** 2).sum()))
    if not np.isfinite(error):
        return Gain(gain, None, None)
    reach = float(quantile(CONFIDENCE, np.array(np.inf))) * error
    return Gain(gain, gain - reach, gain + reach)
