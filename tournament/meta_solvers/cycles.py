"""Cyclicity: the share of a meta-game's payoff variance that no rating explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tournament.meta_solvers.matrices import Array, check_payoff
from tournament.meta_solvers.noise import Noise
from tournament.meta_solvers.variation import Parts, Squares
from tournament.payoffs import MetaGame

MISLEADING = 0.1
"""Minimum cyclic share at which an order by one number misleads."""
_NONE = Squares(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Cyclicity:
    """The cyclic share (0 to 1) of the payoff variance, which no additive rating explains, corrected for noise.

    `interval` (95 %) is None where the errors are unknown. `misleads` says whether an order by Elo misleads: the share
    is above a tenth and significantly above 0. `is_small` says that it is significantly below a tenth, so that one
    number an agent suffices. If neither holds, it is undecided. `trusted` is the order to prefer: `elo`, or `nash`
    (skill against the Nash strategy).
    """

    share: float
    interval: tuple[float, float] | None
    misleads: bool
    trusted: str

    @property
    def is_small(self) -> bool:
        return self.interval is not None and self.interval[1] <= MISLEADING

    def describe(self) -> str:
        """Return the share and its judgement in words, for a page."""
        bounds = "" if self.interval is None else f" ({self.interval[0]:.0%} to {self.interval[1]:.0%})"
        judgement = "It is open whether Elo misleads: more episodes would tell"
        if self.misleads:
            judgement = "Elo misleads here: go by Nash skill"
        elif self.is_small:
            judgement = "One Elo number describes these agents well"
        return f"{self.share:.0%}{bounds} of the payoff variance is cyclic. {judgement}."


def cyclicity(
    game: MetaGame | Any,
    error: Array | None = None,
    *,
    replicates: int = 200,
    seed: int = 0,
    noise: Noise | None = None,
) -> Cyclicity:
    """Return the cyclicity of a complete meta-game, or of payoffs (m, n) with standard errors (m, n; default 0).

    In payoff = mean + camera + target + rest, the rest is what ratings do not explain (the cyclic component of Balduzzi
    et al. 2018). Its share of the variance is corrected for the variance that the errors add to both parts. The
    interval is a percentile interval of the parametric bootstrap around the corrected game. `noise` is that of the
    game, if it is known already.
    """
    payoff = check_payoff(game)
    if noise is None and error is None and isinstance(game, MetaGame):
        noise = Noise.of(game)
    elif noise is None:
        noise = Noise(np.zeros_like(payoff) if error is None else np.asarray(error, dtype=np.float64))
    observed = Parts.of(payoff).squares()
    rounding = payoff.size * (1e-14 * float(np.abs(payoff).max())) ** 2
    if noise is None:
        return _judge(_share(observed, _NONE, rounding), None)
    expected = noise.squares()
    share = _share(observed, expected, rounding)
    if noise.is_none:
        return _judge(share, (share, share))
    kept = np.sqrt(noise.shrink(payoff).kept)
    centre = Parts.of(payoff).weighed(*kept)
    redrawn = []
    for tables in noise.draw_together(replicates, seed):
        columns = (column.tolist() for column in Parts.of(centre + tables).squares())
        redrawn += [_share(Squares(*found), expected, rounding) for found in zip(*columns, strict=True)]
    low, high = np.quantile(redrawn, (0.025, 0.975))
    return _judge(share, (min(float(low), share), max(float(high), share)))


def _share(observed: Squares, noise: Squares, rounding: float) -> float:
    """Return the share of the rest in the variance that is not noise; 0 if all of the rest is noise or rounding."""
    ratings = max(observed.camera + observed.target - noise.camera - noise.target, 0.0)
    rest = max(observed.rest - noise.rest, 0.0)
    return float(rest / (rest + ratings)) if rest > rounding else 0.0


def _judge(share: float, interval: tuple[float, float] | None) -> Cyclicity:
    misleads = share > MISLEADING and interval is not None and interval[0] > 0
    return Cyclicity(share, interval, misleads, "nash" if misleads else "elo")
