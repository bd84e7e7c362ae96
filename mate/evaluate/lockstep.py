"""Playing with the batched engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mate.episodes import BATCH_SIZE, EpisodeBatch, EpisodeResult, play
from mate.evaluate.entrants import Evaluation
from mate.evaluate.steps import StepRow, StepWatcher
from mate.rendering import Frame, draw, scene
from mate.rendering.overlays import CommunicationCounters
from mate.rendering.shapes import Shape


def play_lockstep(
    pairing: Evaluation,
    seeds: Sequence[int],
    on_step: StepWatcher | None = None,
    on_episode: Callable[[EpisodeResult], None] | None = None,
) -> list[EpisodeResult]:
    """Play an episode per seed; both agents have a batched form.

    With ``on_step`` one at a time, their steps in order.
    """
    assert pairing.camera.factory and pairing.target.factory

    arrows = _Arrows(pairing.options.render_communication)

    def report(block: EpisodeBatch, stepped: Any) -> None:
        assert on_step is not None
        arrows.count(block)
        on_step(_step(block), lambda: draw(scene(Frame.of_batch(block.batch, 0), below=arrows.shapes(block))))

    return play(
        pairing.scenario,
        pairing.camera.factory,
        pairing.target.factory,
        seeds,
        batch_size=1 if on_step else BATCH_SIZE,
        on_reset=lambda block, slots: arrows.counters.clear(),
        on_step=report if on_step else None,
        on_episode=(lambda number, result: on_episode(result)) if on_episode else None,
    )


class _Arrows:
    """The arrows of the messages of the last ``duration`` steps, of the episode in the first slot; none for None."""

    def __init__(self, duration: int | None) -> None:
        self.duration = duration
        self.counters: dict[str, CommunicationCounters] = {}

    def count(self, block: EpisodeBatch) -> None:
        """Take in the messages before the step that was just made."""
        for team, messages in (("camera", block.camera_messages), ("target", block.target_messages)):
            if self.duration is not None and messages is not None:
                kinds = messages.kinds[0]
                counters = self.counters.setdefault(team, CommunicationCounters(len(kinds), self.duration))
                counters.add(kinds > 0)

    def shapes(self, block: EpisodeBatch) -> list[Shape]:
        """Return the arrows to draw now."""
        batch = block.batch
        places = {"camera": batch.camera_location[0], "target": batch.target_location[0]}
        return [arrow for team, counters in self.counters.items() for arrow in counters.arrows(team, places[team])]


def _step(block: EpisodeBatch) -> StepRow:
    so_far = block.result(0)
    return StepRow(
        step=so_far.steps,
        cargo=so_far.delivered_cargoes,
        reward=float(block.batch.target_reward[0]),
        episode_reward=so_far.target_reward,
        mean_transport_rate=so_far.mean_transport_rate,
        mean_coverage_rate=so_far.mean_coverage_rate,
        normalised_reward=so_far.normalised_reward,
    )
