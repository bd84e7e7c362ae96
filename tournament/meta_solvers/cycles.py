"""Cyclicity: how much of a meta-game no rating can explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tournament.meta_solvers.matrices import Array, check_payoff
from tournament.meta_solvers.noise import Noise
from tournament.payoffs import MetaGame

MISLEADING = 0.1
"""From this share on, a one-number rating misleads."""


@dataclass(frozen=True)
class Cyclicity:
    """The share (0 to 1) of the variation of payoffs that no additive rating explains, without the variation that is noise.

    `interval` (95 %) is None where nothing is known of the errors. `misleads` says whether an order by Elo misleads; `trusted` which
    order to go by: `elo` or `nash`.
    """

    share: float
    interval: tuple[float, float] | None
    misleads: bool
    trusted: str


def cyclicity(game: MetaGame | Any, error: Array | None = None, *, replicates: int = 200, seed: int = 0) -> Cyclicity:
    """Cyclicity of a complete meta-game, or of a payoff matrix (m, n) with standard errors `error` (m, n; exact if not given).

    In payoff = mean + camera + target + rest, the rest is what is left of a game when ratings are taken out (the cyclic component of
    Balduzzi et al. 2018); its share of the variance is corrected for the variance that the errors add to either part.
    """
    payoff = check_payoff(game)
    noise = Noise(np.zeros_like(payoff) if error is None else np.asarray(error, dtype=np.float64))
    if error is None and isinstance(game, MetaGame):
        known = Noise.of(game)
        if known is None:
            return _judge(_share(*_split(payoff), 0.0, 0.0), None)
        noise = known
    if noise.is_none:
        share = _share(*_split(payoff), 0.0, 0.0)
        return _judge(share, (share, share))
    draws = list(noise.draw(replicates, seed))
    additive_noise, rest_noise = np.mean([_split(table) for table in draws], axis=0)
    additive, rest = _split(payoff)
    share = _share(additive, rest, additive_noise, rest_noise)
    redrawn = [_share(*_split(payoff + table), 2 * additive_noise, 2 * rest_noise) for table in draws]
    low, high = np.quantile(redrawn, (0.025, 0.975))
    return _judge(share, (float(min(low, share)), float(max(high, share))))


def _split(payoff: Array) -> tuple[float, float]:
    """Sums of squares of the additive part and of the rest."""
    centred = payoff - payoff.mean()
    additive = centred.mean(axis=1, keepdims=True) + centred.mean(axis=0, keepdims=True)
    return float((additive**2).sum()), float(((centred - additive) ** 2).sum())


def _share(additive: float, rest: float, additive_noise: float, rest_noise: float) -> float:
    rest = max(rest - rest_noise, 0.0)
    additive = max(additive - additive_noise, 0.0)
    return rest / (rest + additive) if rest > 0 else 0.0


def _judge(share: float, interval: tuple[float, float] | None) -> Cyclicity:
    misleads = bool(share > MISLEADING)
    return Cyclicity(float(share), interval, misleads, "nash" if misleads else "elo")
