"""A synthetic league whose episodes exist by number, so that formats of tournaments can be played to their end.

An episode's payoff to the camera is the pairing's true one and noise: of its seed, of either agent's way with that
seed, and of its own. Seeds are those of the arena's plan (`tournament.seeds`): even numbers share one among all cameras
that meet a target, odd numbers one among all targets that meet a camera.
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
"""Episodes of each key that a league draws together."""


@dataclass(frozen=True)
class Noise:
    """The standard deviation of an episode's payoff within its pairing, and what shares of its variance stem from
    where.
    """

    deviation: float
    seed: float
    camera_by_seed: float
    target_by_seed: float

    @property
    def deviations(self) -> Array:
        """Of the seed, the camera's way with it, the target's, and the rest."""
        rest = 1 - self.seed - self.camera_by_seed - self.target_by_seed
        return self.deviation * np.sqrt([self.seed, self.camera_by_seed, self.target_by_seed, rest])


MEASURED = {
    "MATE-4v8-9": Noise(0.056, seed=0.55, camera_by_seed=0.24, target_by_seed=0.02),
    "MATE-2v4-0": Noise(0.083, seed=0.82, camera_by_seed=0.08, target_by_seed=0.02),
}
"""The noise of payoffs by scenario, between MATE's rule-based agents in episodes of 1,000 steps.

The share of the seed is measured. The shares of an agent and a seed together follow from how much longer a tournament
takes that gives all pairings the same seeds.
"""


@dataclass
class League:
    """`true` (m, n) is the cameras' true payoff. Episodes come from `generator_seed` and their number alone."""

    true: Array
    noise: Noise
    generator_seed: int
    _chunks: dict[int, Array] = field(default_factory=dict, repr=False)

    @classmethod
    def draw(
        cls, cameras: int, targets: int, noise: Noise, seed: int, spread: float = 0.1, interaction: float = 0.02
    ) -> League:
        """Agents whose mean payoffs spread by `spread` (standard deviation) and pairings that deviate by
        `interaction`.
        """
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
        """The camera's payoffs in these episodes, all (E,)."""
        payoff = np.empty(len(number))
        for chunk in np.unique(number // (2 * CHUNK)):
            here = number // (2 * CHUNK) == chunk
            block = self._chunk(int(chunk))
            payoff[here] = block[camera[here], target[here], number[here] % (2 * CHUNK)]
        return payoff

    def _chunk(self, chunk: int) -> Array:
        """The payoffs (m, n, 2 CHUNK) of a range of numbers."""
        if chunk not in self._chunks:
            generator = np.random.default_rng([self.generator_seed, 2, chunk])
            block = np.empty((*self.true.shape, 2 * CHUNK))
            block[:, :, 0::2] = self._noise(generator, by_target=True)
            block[:, :, 1::2] = self._noise(generator, by_target=False)
            self._chunks[chunk] = block + self.true[:, :, None]
        return self._chunks[chunk]

    def _noise(self, generator: np.random.Generator, by_target: bool) -> Array:
        """Noise (m, n, CHUNK) of episodes whose seeds are keyed by the target or by the camera."""
        m, n = self.true.shape
        shared = (1, n, CHUNK) if by_target else (m, 1, CHUNK)
        camera = (m, n, CHUNK) if by_target else shared
        target = shared if by_target else (m, n, CHUNK)
        shapes = (shared, camera, target, (m, n, CHUNK))
        return sum(
            generator.normal(0, deviation, shape)
            for deviation, shape in zip(self.noise.deviations, shapes, strict=True)
        )

    def answer(self, evidence: Evidence, choices: Sequence[ChosenEpisodes]) -> Evidence:
        """The evidence and the episodes that were asked for."""
        counts = [choice.count for choice in choices]
        camera = np.repeat([choice.camera for choice in choices], counts)
        target = np.repeat([choice.target for choice in choices], counts)
        number = np.concatenate([np.array(choice.numbers) for choice in choices])
        return evidence.with_episodes(camera, target, number, -self.payoff(camera, target, number))


def play(league: League, format: Format, is_enough: Callable[[Evidence], bool] = lambda evidence: False) -> Evidence:
    """Play a format in a league until it asks for nothing more or it `is_enough`; looked at after every round."""
    evidence = Evidence.of(league.cameras, league.targets)
    number = 0
    while choices := format.choose(evidence, number):
        evidence = league.answer(evidence, choices)
        number += 1
        if is_enough(evidence):
            break
    return evidence
