"""Whether wrappers make of the recorded states what was recorded outside of them.

The chain of ``meta.chain`` is built around an environment that goes through the recorded states, so what a wrapper gets
wrong shows by itself. What wrappers make of actions is compared with the actions that the inner environment was given.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mate import wrappers
from mate.errors import UserError
from mate.messages import Team
from mate_arena.conformance.playback import PlaybackCamera, PlaybackEnvironment, PlaybackTarget
from mate_arena.conformance.recording import Recording
from mate_arena.conformance.report import Report

__all__ = ["UnknownWrapper", "build_chain", "check"]

BESIDES = ("action_mask", "inner_index")
"""Outer arrays whose names do not begin with ``w_``, other than actions."""


class UnknownWrapper(UserError, ValueError):
    """A recording's chain has a layer that does not exist here, or one that cannot go there."""


def build_chain(recording: Recording) -> tuple[PlaybackEnvironment, Any]:
    """The playback environment of a recording, and the outermost of the layers around it."""
    base = PlaybackEnvironment(recording, recording.meta["config_resolved"])
    env: Any = base
    for name, arguments in recording.meta["chain"]:
        if name not in wrappers.__all__ or not isinstance(arguments, dict):
            raise UnknownWrapper(f"`meta.chain` has the layer {name!r}; mate.wrappers has no such wrapper.")
        try:
            env = _wrap(base, env, name, arguments)
        except (AssertionError, TypeError) as error:
            raise UnknownWrapper(f"`meta.chain` has {name}({arguments}), which cannot be built: {error}") from error
    return base, env


def _wrap(base: PlaybackEnvironment, env: Any, name: str, arguments: dict[str, Any]) -> Any:
    if name == "MultiCamera":
        return wrappers.MultiCamera(env, PlaybackTarget(base))
    if name == "MultiTarget":
        return wrappers.MultiTarget(env, PlaybackCamera(base))
    return getattr(wrappers, name)(env, **arguments)


def check(recording: Recording, report: Report) -> None:
    """Compare every array that was recorded outside of the wrappers."""
    if not _check_indices(recording, report):
        return
    base, env = build_chain(recording)
    try:
        ours = _play(recording, base, env)
    except (AssertionError, IndexError) as error:  # states or actions that cannot be
        report.demand("outer steps", False, f"they can be played; {type(error).__name__}: {error}")
        return
    _check_actions(recording, report, base)
    for name in recording:
        if not (name.startswith("w_") or name in BESIDES):
            continue
        if name in ours:
            report.compare(name, ours[name], recording[name])
        else:
            report.demand(name, False, "the wrappers of the chain make such an array")
    missing = sorted(name for name in ours if name not in recording)
    report.demand(", ".join(missing) or "outer arrays", not missing, "the recording has what the wrappers make")


def _check_indices(recording: Recording, report: Report) -> bool:
    """Whether everything that is used as an index is possible."""
    num_inner, inner = len(recording["done"]), recording["inner_index"]
    is_index = inner.dtype.kind in "iu" and inner.ndim == 1 and len(inner) > 0
    findings = [
        report.demand(
            "inner_index", is_index and (inner >= 0).all() and (inner <= num_inner).all(), "it counts inner steps"
        )
    ]
    num_cameras, num_targets, _ = (int(number) for number in recording["num_entities"])
    levels = {name: arguments.get("levels", 5) for name, arguments in recording.meta["chain"]}
    sizes = {"camera": num_cameras, "target": num_targets}
    limits = {
        f"discrete_{team}_action": (size, levels.get(f"Discrete{team.title()}", 0) ** 2) for team, size in sizes.items()
    }
    for name, (size, limit) in limits.items():
        if name in recording:
            values = recording[name]
            fits = values.dtype.kind in "iu" and values.shape == (len(inner) - 1, size)
            findings.append(
                report.demand(name, fits and ((values >= 0) & (values < limit)), f"it has indices below {limit}")
            )
    if "selection" in recording:
        values, limit = recording["selection"], _selection_limit(recording, num_targets)
        fits = values.dtype.kind in "iub" and values.shape[:2] == (len(inner) - 1, num_cameras)
        findings.append(
            report.demand("selection", fits and ((values >= 0) & (values < limit)), f"it has numbers below {limit}")
        )
    return all(finding.passes for finding in findings)


def _selection_limit(recording: Recording, num_targets: int) -> int:
    if recording["selection"].ndim == 3:
        return 2
    is_subset = any(name == "DiscreteMultiSelection" for name, _ in recording.meta["chain"])
    return 2**num_targets if is_subset else num_targets + 1


def _play(recording: Recording, base: PlaybackEnvironment, env: Any) -> dict[str, np.ndarray]:
    """Go through the outer steps; everything that comes out, by the names of the recording's arrays."""
    rows: dict[str, list[Any]] = {"inner_index": [0]}
    _take_observation(rows, recording, env.reset())
    num_steps = len(recording["inner_index"]) - 1
    for step in range(num_steps):
        if "action_mask" in recording:
            rows.setdefault("action_mask", []).append(env.action_mask())
        if base.moment >= len(recording["camera_action"]):
            raise ValueError(f"the wrappers need more inner steps than were recorded, at outer step {step}")
        observation, rewards, dones, infos = env.step(_action_of(recording, base, env, step))
        rows["inner_index"].append(base.moment)
        _take_observation(rows, recording, observation)
        _take_rewards(rows, recording, rewards, dones)
        _take_infos(rows, recording, infos)
    return {name: np.array(values) for name, values in rows.items()}


def _action_of(recording: Recording, base: PlaybackEnvironment, env: Any, step: int) -> Any:
    """The outermost action of an outer step: as recorded there, or else as the inner environment was given."""
    actions = []
    for team in Team:
        if f"discrete_{team}_action" in recording:
            actions.append(recording[f"discrete_{team}_action"][step])
        else:
            actions.append(recording[f"{team}_action"][base.moment])
    if recording.meta["team"] is None:
        return tuple(actions)
    own = recording["selection"][step] if "selection" in recording else actions[Team(recording.meta["team"]).value]
    return dict(zip(env.agent_ids, own, strict=True)) if isinstance(env, wrappers.RLlibMultiAgentAPI) else own


def _take_observation(rows: dict[str, list[Any]], recording: Recording, observation: Any) -> None:
    if recording.meta["team"] is None:
        rows.setdefault("w_camera_obs", []).append(observation[0])
        rows.setdefault("w_target_obs", []).append(observation[1])
        return
    if isinstance(observation, dict):
        observation = list(observation.values())
    if isinstance(observation[0], dict):
        rows.setdefault("w_state", []).append([parts["state"] for parts in observation])
        observation = [parts["obs"] for parts in observation]
    rows.setdefault("w_obs", []).append(observation)


def _take_rewards(rows: dict[str, list[Any]], recording: Recording, rewards: Any, dones: Any) -> None:
    if isinstance(rewards, dict):
        rows.setdefault("w_done_all", []).append(dones["__all__"])
        rewards, dones = list(rewards.values()), [done for name, done in dones.items() if name != "__all__"]
    if recording.meta["team"] is None and isinstance(rewards[0], list):
        for team, own_rewards, own_dones in zip(Team, rewards, dones, strict=True):
            rows.setdefault(f"w_{team}_reward", []).append(own_rewards)
            rows.setdefault(f"w_{team}_done", []).append(own_dones)
        return
    rows.setdefault("w_reward", []).append(rewards)
    rows.setdefault("w_done", []).append(dones)


def _take_infos(rows: dict[str, list[Any]], recording: Recording, infos: Any) -> None:
    """All numeric fields of the infos, where any were recorded."""
    if not any(name.startswith(("w_info_", "w_caminfo_", "w_tgtinfo_")) for name in recording):
        return
    if isinstance(infos, dict):
        infos = list(infos.values())
    groups = {"w_info_": infos}
    if recording.meta["team"] is None:
        groups = {"w_caminfo_": infos[0], "w_tgtinfo_": infos[1]}
    for prefix, team_infos in groups.items():
        for key in team_infos[0] if team_infos else ():
            if key != "messages":
                values = np.array([info[key] for info in team_infos], np.float64)
                rows.setdefault(prefix + key, []).append(values)


def _check_actions(recording: Recording, report: Report, base: PlaybackEnvironment) -> None:
    """What the layers made of the outer actions must be what the inner environment was given, by their own table."""
    own = [name for name in ("camera", "target") if recording.meta["team"] in (None, name)]
    for index, team in enumerate(("camera", "target")):
        given = np.array([actions[index] for actions in base.actions])
        name = f"discrete_{team}_action"
        if name in recording:
            layer = wrappers.DiscreteCamera if team == Team.CAMERA else wrappers.DiscreteTarget
            levels = next(
                args.get("levels", 5) for wrapper, args in recording.meta["chain"] if wrapper == layer.__name__
            )
            report.compare(
                f"discrete_{team}_grid", layer.discrete_action_grid(levels), recording[f"discrete_{team}_grid"]
            )
            _compare_given(report, name, given, recording[f"{team}_action"])
        elif team in own and "selection" in recording:
            _compare_given(report, "selection", given, recording[f"{team}_action"])


def _compare_given(report: Report, name: str, given: np.ndarray, recorded: np.ndarray) -> None:
    finding = report.compare(name, given, recorded[: len(given)])
    finding.detail += " (continuous actions)"
