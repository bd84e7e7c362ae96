"""Means of payoffs by seed, with their intervals, and the seeds of evaluations."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np

from mate import Team
from tournament.intervals import student
from tournament.models import Agent, TrainingRun
from tournament.payoffs import MetaGame


@dataclass(frozen=True)
class MeanEstimate:
    """A mean of `episodes` numbers, its standard error and 95 % interval (Student's t); None where they are unknown."""

    mean: float
    error: float | None
    low: float | None
    high: float | None
    episodes: int


def estimate(values: np.ndarray) -> MeanEstimate:
    """Return the mean of independent numbers (n,), at least one of them, with its interval."""
    mean, count = float(np.mean(values)), len(values)
    error = float(np.std(values, ddof=1) / math.sqrt(count)) if count > 1 else None
    return MeanEstimate(mean, error, *interval(mean, error, count), count)


def interval(mean: float, error: float | None, count: int) -> tuple[float | None, float | None]:
    """Return the 95 % interval of a mean of `count` numbers with this standard error."""
    if error is None or count < 2:
        return None, None
    reach = student(count - 1) * error
    return mean - reach, mean + reach


def payoffs_of(game: MetaGame, agent: Agent, opponent: Agent) -> dict[int, float]:
    """Return `agent`'s payoffs against `opponent` by seed: its own team's normalised reward."""
    camera, target = (agent, opponent) if agent.team == Team.CAMERA else (opponent, agent)
    sign = -1.0 if agent.team == Team.CAMERA else 1.0
    episodes = game.episodes
    assert episodes is not None
    row, column = game.cameras.index(camera.digest), game.targets.index(target.digest)
    found = (episodes.camera == row) & (episodes.target == column)
    return dict(zip(episodes.seed[found].tolist(), (sign * episodes.reward[found]).tolist(), strict=True))


def evaluation_seed(run: TrainingRun, purpose: str) -> int:
    """Return the base seed of a run's milestones or of their re-evaluation, which nothing else uses."""
    words = f"training/{run.pk}/{run.created.isoformat()}/{purpose}"
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big") >> 1
