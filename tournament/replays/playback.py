"""Recording of an episode, and re-running of a recorded one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mate import Team
from tournament import agents, matches
from tournament.replays.columns import LAYOUTS, ReplayError
from tournament.replays.file import Replay, read, write
from tournament.replays.recording import Recorder, describe_scenario

if TYPE_CHECKING:
    from mate.episodes import EpisodeResult
    from mate.scenario import Scenario

Watch = Callable[[int, Callable[[], bytes]], None]
"""Called after each step with its number and a function that returns the file of the episode so far."""


@dataclass(frozen=True)
class PlaybackVerdict:
    """The result of running a replay's actions again."""

    is_same: bool
    recorded_digest: int
    computed_digest: int
    differing_columns: tuple[str, ...]

    def __str__(self) -> str:
        if self.is_same:
            return f"verified: the trajectory has the recorded digest {self.recorded_digest:016x}"
        columns = f"; differing columns: {', '.join(self.differing_columns)}" if self.differing_columns else ""
        return (
            f"NOT THE SAME: recorded digest {self.recorded_digest:016x}, computed {self.computed_digest:016x}{columns}"
        )


def record(
    scenario: Scenario,
    camera: agents.Spec,
    target: agents.Spec,
    seed: int,
    open_checkpoint: agents.OpenCheckpoint | None = None,
    names: tuple[str, str] | None = None,
    max_steps: int | None = None,
    watch: Watch | None = None,
    connect: agents.ConnectRemote | None = None,
) -> bytes:
    """Play the episode of `seed` and return the content of its replay file.

    `names` are the displayed names of the camera and the target agent. `max_steps` truncates the episode, which is then
    not the one that a tournament counts. `watch` may show the episode while it is played: the header of such a file has
    `"partial": true`. Raises MatchError as `tournament.matches.play` does.
    """
    recorder = Recorder()
    names = names or (describe(camera), describe(target))

    def finish(result: EpisodeResult, **remarks: bool) -> bytes:
        header = {
            "engine": engine_version(),
            "scenario": describe_scenario(scenario),
            **{spec.team: describe_agent(spec, name) for spec, name in zip((camera, target), names, strict=True)},
            "seed": str(int(seed)),
            "result": describe_result(result),
            **remarks,
            "facts": recorder.facts,
        }
        return write(header, recorder.columns())

    def begin(block: Any, slots: Any) -> None:
        recorder.begin(block.batch)

    def add(block: Any, stepped: Any) -> None:
        recorder.add(block.batch, block.camera_actions[0], block.target_actions[0])
        recorder.add_messages(camera=block.camera_messages, target=block.target_messages)
        if watch is not None:
            watch(int(block.batch.episode_step[0]), lambda: finish(block.result(0), partial=True))

    [result] = matches.play(
        scenario,
        camera,
        target,
        [seed],
        open_checkpoint,
        batch_size=1,
        on_reset=begin,
        on_step=add,
        max_steps=max_steps,
        connect=connect,
    )
    return finish(result)


def describe_agent(spec: agents.Spec, name: str) -> dict[str, Any]:
    """Return an agent's part of the header."""
    return {"name": name, "digest": spec.digest, "spec": spec.to_json()}


def describe(spec: agents.Spec) -> str:
    """Return a short name for an agent without one."""
    return spec.name if isinstance(spec, agents.Builtin) else spec.digest[:12]


def describe_result(result: EpisodeResult) -> dict[str, Any]:
    """Return the result's part of the header."""
    facts = result.as_dict()
    del facts["seed"]
    return facts | {"digest": f"{result.digest:016x}"}


def engine_version() -> str:
    """Return the version of the installed engine."""
    from mate import engine

    return engine.VERSION


def check_engine(replay: Replay) -> None:
    """Raise ReplayError if the replay was played by another engine version."""
    if replay.header["engine"] != engine_version():
        raise ReplayError(
            f"The replay was played by engine {replay.header['engine']}; this is {engine_version()}, which may play "
            "differently. Use the version that recorded it."
        )


def scenario_of(replay: Replay) -> Scenario:
    """Return the scenario in the header. Raises ReplayError if its digest is wrong."""
    import json

    from mate.scenario import Scenario

    scenario = Scenario.from_json(json.dumps(replay.header["scenario"]["config"]))
    if scenario.digest != replay.header["scenario"]["digest"]:
        raise ReplayError("The replay's scenario does not have the digest in its header: the file was altered.")
    return scenario


def verify(data: bytes | Replay) -> PlaybackVerdict:
    """Run the episode again from its seed and its actions, and compare every step.

    Raises ReplayError if the file cannot be read or was played by another engine version.
    """
    from mate.engine import Batch

    replay = data if isinstance(data, Replay) else read(data)
    check_engine(replay)
    batch = Batch(scenario_of(replay), 1)
    batch.reset(np.array([replay.seed], dtype=np.uint64))
    recorder = Recorder()
    recorder.begin(batch)
    for camera_actions, target_actions in zip(
        replay.columns["camera_action"].astype(np.float64),
        replay.columns["target_action"].astype(np.float64),
        strict=True,
    ):
        batch.step(camera_actions[None], target_actions[None])
        recorder.add(batch, camera_actions, target_actions)
    digest = int(batch.digest[0])
    differing = _compare(replay, recorder)
    return PlaybackVerdict(digest == replay.digest and not differing, replay.digest, digest, differing)


def _compare(replay: Replay, recorder: Recorder) -> tuple[str, ...]:
    """Return the names of the columns whose stored form differs; messages do not follow from the actions."""
    computed = recorder.columns()
    return tuple(
        name
        for name, layout in LAYOUTS.items()
        if name in replay.columns
        and "_message" not in name
        and layout.encode(computed[name]) != layout.encode(replay.columns[name])
    )


def regenerate(data: bytes | Replay, open_checkpoint: agents.OpenCheckpoint | None = None) -> bytes:
    """Play the replay's episode again, from its seed and its agents, and return a new file.

    Raises ReplayError if the trajectory differs, MatchError if an agent cannot play.
    """
    replay = data if isinstance(data, Replay) else read(data)
    check_engine(replay)
    camera, target = (agents.from_json(replay.header[team]["spec"]) for team in Team)
    names = (replay.header["camera"]["name"], replay.header["target"]["name"])
    again = record(scenario_of(replay), camera, target, replay.seed, open_checkpoint, names)
    if (digest := read(again).digest) != replay.digest:
        raise ReplayError(f"Played again, the trajectory has digest {digest:016x}, not {replay.digest:016x}.")
    return again
