"""Playing with the batched engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mate.episodes import BATCH_SIZE, Block, EpisodeResult, play
from mate.evaluate.entrants import Pairing
from mate.evaluate.steps import Step, StepWatcher
from mate.rendering import Frame, draw, scene


def play_lockstep(
    pairing: Pairing,
    seeds: Sequence[int],
    on_step: StepWatcher | None = None,
    on_episode: Callable[[EpisodeResult], None] | None = None,
) -> list[EpisodeResult]:
    """Play an episode per seed; both agents have a batched form. With ``on_step`` one at a time, their steps in order."""
    assert pairing.camera.factory and pairing.target.factory

    def report(block: Block, stepped: Any) -> None:
        assert on_step is not None
        on_step(_step(block), lambda: draw(scene(Frame.of_batch(block.batch, 0))))

    return play(
        pairing.scenario,
        pairing.camera.factory,
        pairing.target.factory,
        seeds,
        batch_size=1 if on_step else BATCH_SIZE,
        on_step=report if on_step else None,
        on_episode=(lambda number, result: on_episode(result)) if on_episode else None,
    )


def _step(block: Block) -> Step:
    so_far = block.result(0)
    return Step(
        step=so_far.steps,
        cargo=so_far.delivered_cargoes,
        reward=float(block.batch.target_reward[0]),
        episode_reward=so_far.target_reward,
        mean_transport_rate=so_far.mean_transport_rate,
        mean_coverage_rate=so_far.mean_coverage_rate,
        normalised_reward=so_far.normalised_reward,
    )
