"""A synthetic league with numbered episodes, in which formats of tournaments can be played to their end.

An episode's payoff to the camera is the pairing's true payoff plus noise. The noise has terms of the seed, of each
agent's interaction with the seed, and of the episode itself. Seeds follow the arena's plan (`tournament.seeds`): even
numbers share a seed among all cameras that meet a target, odd numbers among all targets that meet a camera.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tournament.formats import ChosenEpisodes, Evidence, Format

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

CHUNK = 32
"""Number of episodes of each key that a league draws at once."""


@dataclass(frozen=True)
class Noise:
    """The standard deviation of an episode's payoff within its pairing, and the shares of its variance by source."""

    deviation: float
    seed: float
    camera_by_seed: float
    target_by_seed: float

    @property
    def deviations(self) -> Array:
        """Standard deviations (4,) by source: the seed, the camera by seed, the target by seed, and the rest."""
        rest = 1 - self.seed - self.camera_by_seed - self.target_by_seed
        return self.deviation * np.sqrt([self.seed, self.camera_by_seed, self.target_by_seed, rest])


MEASURED = {
    "MATE-4v8-9": Noise(0.056, seed=0.55, camera_by_seed=0.24, target_by_seed=0.02),
    "MATE-2v4-0": Noise(0.083, seed=0.82, camera_by_seed=0.08, target_by_seed=0.02),
}
"""The noise of payoffs by scenario, between MATE's rule-based agents in episodes of 1,000 steps.

The share of the seed is measured. The shares of the interactions between agent and seed are derived from how much
longer a tournament takes that gives all pairings the same seeds.
"""


@dataclass
class League:
    """A league with the cameras' true payoffs `true` (m, n). Episodes depend only on `generator_seed` and number."""

    true: Array
    noise: Noise
    generator_seed: int
    _chunks: dict[int, Array] = field(default_factory=dict, repr=False)

    @classmethod
    def draw(
        cls, cameras: int, targets: int, noise: Noise, seed: int, spread: float = 0.1, interaction: float = 0.02
    ) -> League:
        """Draw agents with skills of standard deviation `spread`, and pairings with deviations of `interaction`."""
        generator = np.random.default_rng([seed, 1])
        true = generator.normal(0, spread, (cameras, 1)) - generator.normal(0, spread, (1, targets))
        return cls(true + generator.normal(0, interaction, (cameras, targets)), noise, seed)

    @property
    def cameras(self) -> tuple[str, ...]:
        return tuple(f"c{number}" for number in range(self.true.shape[0]))

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple(f"t{number}" for number in range(self.true.shape[1]))

    def payoff(self, camera: Numbers, target: Numbers, number: Numbers) -> Array:
        """Return the cameras' payoffs (E,) in episodes of these cameras, targets and numbers, each (E,)."""
        payoff = np.empty(len(number))
        for chunk in np.unique(number // (2 * CHUNK)):
            here = number // (2 * CHUNK) == chunk
            block = self._chunk(int(chunk))
            payoff[here] = block[camera[here], target[here], number[here] % (2 * CHUNK)]
        return payoff

    def _chunk(self, chunk: int) -> Array:
        """Return the payoffs (m, n, 2 CHUNK) of a range of episode numbers."""
        if chunk not in self._chunks:
            generator = np.random.default_rng([self.generator_seed, 2, chunk])
            block = np.empty((*self.true.shape, 2 * CHUNK))
            block[:, :, 0::2] = self._noise(generator, by_target=True)
            block[:, :, 1::2] = self._noise(generator, by_target=False)
            self._chunks[chunk] = block + self.true[:, :, None]
        return self._chunks[chunk]

    def _noise(self, generator: np.random.Generator, by_target: bool) -> Array:
        """Draw noise (m, n, CHUNK) of episodes whose seeds are keyed by the target or by the camera."""
        m, n = self.true.shape
        shared = (1, n, CHUNK) if by_target else (m, 1, CHUNK)
        camera = (m, n, CHUNK) if by_target else shared
        target = shared if by_target else (m, n, CHUNK)
        shapes = (shared, camera, target, (m, n, CHUNK))
        return sum(
            (
                generator.normal(0, deviation, shape)
                for deviation, shape in zip(self.noise.deviations, shapes, strict=True)
            ),
            np.zeros((m, n, CHUNK)),
        )

    def answer(self, evidence: Evidence, choices: Sequence[ChosenEpisodes]) -> Evidence:
        """Return the evidence with the requested episodes added."""
        counts = [choice.count for choice in choices]
        camera = np.repeat([choice.camera for choice in choices], counts)
        target = np.repeat([choice.target for choice in choices], counts)
        number = np.concatenate([np.array(choice.numbers) for choice in choices])
        return evidence.with_episodes(camera, target, number, -self.payoff(camera, target, number))


def play(league: League, format: Format, is_enough: Callable[[Evidence], bool] = lambda evidence: False) -> Evidence:
    """Play a format in a league until it requests no more episodes or, after a round, the evidence `is_enough`."""
    evidence = Evidence.of(league.cameras, league.targets)
    number = 0
    while choices := format.choose(evidence, number):
        evidence = league.answer(evidence, choices)
        number += 1
        if is_enough(evidence):
            break
    return evidence
