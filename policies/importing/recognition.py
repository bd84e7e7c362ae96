"""Conversion of a trial's ``params.json`` and checkpoint into a playable agent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from policies.architectures import MAX_LAYERS, Architecture
from policies.checkpoint import Checkpoint
from policies.errors import CheckpointError
from policies.fields import MAX_ENTITIES, Dimensions, shorten
from policies.importing.errors import CutOff, ImportRefused
from policies.importing.joint import JOINT_LAYOUTS, SEPARATE, SHARED, build
from policies.importing.maps import write_map
from policies.importing.parameters import Parameters
from policies.importing.pickles import read_pickle
from policies.importing.spaces import action_width, class_of
from policies.importing.translation import (
    LAYOUTS,
    TensorNames,
    hidden_sizes_of,
    infer_architecture,
    layout_of,
    observed_widths,
    translate_tensors,
)
from policies.recipe import MAX_SUBSET_TARGETS, Action, Recipe

MAX_POLICIES = 64


def read_worker(content: bytes | memoryview, where: str) -> dict[str, Any]:
    """Return the state of RLlib's rollout worker in a checkpoint file: a pickle within a pickle, and no deeper."""
    if not np.frombuffer(content, np.uint8).any():
        raise CutOff(
            f"{where}: it is cut off: none of it was written when its run was stopped; take an earlier checkpoint"
        )
    outer = read_pickle(content, where)
    worker = outer.get("worker") if isinstance(outer, dict) else None
    if not isinstance(worker, memoryview):
        raise ImportRefused(f"{where}: it has no 'worker' bytes, so it is not a checkpoint of RLlib 1.12")
    inner = read_pickle(worker, f"{where}, its 'worker'")
    if isinstance(inner, dict) and "policy_states" in inner:
        raise ImportRefused(
            f"{where}: it was written by Ray 2, and checkpoints of RLlib 1.12 are read, with which MATE's examples "
            f"train; write a "
            "native checkpoint of its weights (docs/checkpoint-format.md)"
        )
    if not isinstance(inner, dict) or not isinstance(inner.get("state"), dict):
        raise ImportRefused(f"{where}: its 'worker' has no policies' state, so it is not a checkpoint of RLlib 1.12")
    return inner


def policy_state(worker: dict[str, Any], parameters: Parameters) -> tuple[str, dict[str, Any]]:
    """Return the name and state of the policy that the team shares."""
    states = _states(worker)
    own = layout_of(parameters.algorithm).policy
    name = own if own in states else "default_policy"  # the same choice as upstream's agents
    state = states.get(name)
    if not isinstance(state, dict):
        found = ", ".join(shorten(key, 40) for key in list(states)[:5]) or "none"
        raise ImportRefused(
            f"the checkpoint has no policy {own!r}, which {parameters.shown_algorithm} has; it has {found}; only a "
            f"policy that "
            "the whole team shares can be played"
        )
    return name, state


def _states(worker: dict[str, Any]) -> dict[str, Any]:
    states: dict[str, Any] = worker["state"]
    if len(states) > MAX_POLICIES:
        raise ImportRefused(f"the checkpoint has {len(states):,} policies, more than a team has members")
    return states


def _member_states(worker: dict[str, Any], parameters: Parameters) -> list[tuple[str, dict[str, Any]]]:
    """Return names and states of the members' policies in their order, or only of the policy that they share."""
    if parameters.algorithm in SHARED:
        return [policy_state(worker, parameters)]
    states = _states(worker)
    found: list[tuple[str, dict[str, Any]]] = []
    while isinstance(state := states.get(name := f"{parameters.team}_{len(found)}"), dict):
        found.append((name, state))
    if not found:
        shown = ", ".join(shorten(key, 40) for key in list(states)[:5]) or "none"
        raise ImportRefused(
            f"the checkpoint has no policy '{parameters.team}_0', where {parameters.shown_algorithm} has one for each "
            f"member; it "
            f"has {shown}"
        )
    return found


def recognise(
    parameters: Parameters, worker: dict[str, Any], provenance: dict[str, Any]
) -> tuple[Checkpoint, list[str]]:
    """Return the checkpoint that a trial trained, and notes on it.

    Team, architecture and action decoding come from ``params.json``. They must agree with the shapes of the weights,
    and with the spaces that the checkpoint names if those are readable. Raises ImportRefused if they do not.
    """
    is_joint = parameters.algorithm in JOINT_LAYOUTS
    try:
        return (_recognise_joint if is_joint else _recognise)(parameters, worker, provenance)
    except ImportRefused:
        raise
    except CheckpointError as error:  # it names a part of the recipe, a name that does not occur in the file
        raise ImportRefused(f"the policy's {str(error).removeprefix('policy.json: ')}") from None


def _recognise(
    parameters: Parameters, worker: dict[str, Any], provenance: dict[str, Any]
) -> tuple[Checkpoint, list[str]]:
    layout = LAYOUTS[parameters.algorithm]
    if not parameters.is_recurrent:
        layout = replace(layout, memory="none")
    name, state = policy_state(worker, parameters)
    _check_filter(worker.get("filters"), name)
    if layout.entry not in state:
        raise ImportRefused(
            f"policy {name!r} has no {layout.entry!r}, where {parameters.shown_algorithm} keeps its network"
        )
    tensors, state_size = translate_tensors(layout, state[layout.entry])
    _check_hidden_sizes(parameters, hidden_sizes_of(tensors))
    architecture = infer_architecture(layout, tensors, parameters.activation)
    _check_memory_size(parameters, architecture)
    inputs, outputs = observed_widths(layout, tensors)
    dimensions, notes = find_dimensions(parameters, inputs, outputs, state_size)
    recipe = Recipe(
        team=parameters.team,
        architecture=architecture,
        action=_action_of(parameters, state),
        scenario=dimensions,
        frame_skip=parameters.frame_skip,
        enhanced_observation=parameters.enhanced_observation,
        play="stochastic" if parameters.is_stochastic else "deterministic",
        provenance=provenance | _provenance(parameters, state),
    )
    _check_outputs(parameters, recipe, outputs, action_width(worker.get("policy_specs"), name))
    _check_shapes(recipe, tensors)
    return Checkpoint(recipe, tensors), notes + _notes_of(recipe, layout)


def _recognise_joint(
    parameters: Parameters, worker: dict[str, Any], provenance: dict[str, Any]
) -> tuple[Checkpoint, list[str]]:
    """Do the same for networks that decide for a whole team."""
    layout, members = JOINT_LAYOUTS[parameters.algorithm], []
    for name, state in _member_states(worker, parameters):
        _check_filter(worker.get("filters"), name)
        if layout.entry not in state:
            raise ImportRefused(
                f"policy {name!r} has no {layout.entry!r}, where {parameters.shown_algorithm} keeps its network"
            )
        members.append(translate_tensors(layout, state[layout.entry]))
    tensors = [one for one, _ in members]
    _check_hidden_sizes(parameters, hidden_sizes_of(tensors[0]))
    joint = build(parameters.algorithm, tensors, parameters.activation, parameters.message_value, parameters.noise)
    dimensions, notes = find_dimensions(parameters, joint.inputs, joint.outputs, 0)
    if parameters.algorithm in SEPARATE and len(members) != dimensions.team_size(parameters.team):
        raise ImportRefused(
            f"the checkpoint has policies of {len(members)} {parameters.team}s, and params.json names a scenario with "
            f"{dimensions}"
        )
    recipe = Recipe(
        team=parameters.team,
        architecture=joint.graph,
        action=Action("box") if parameters.algorithm == "maddpg" else _action_of(parameters, state),
        scenario=dimensions,
        frame_skip=parameters.frame_skip,
        enhanced_observation=parameters.enhanced_observation,
        play="stochastic" if parameters.is_stochastic else "deterministic",
        provenance=provenance | _provenance(parameters, state),
    )
    _check_outputs(parameters, recipe, joint.outputs, None)
    return Checkpoint(recipe, joint.tensors), notes + _notes_of(recipe, layout)


def _check_filter(filters: Any, policy: str) -> None:
    found = filters.get(policy) if isinstance(filters, dict) else None
    kind = class_of(found).rpartition(".")[2]
    if found is not None and kind != "NoFilter":
        raise ImportRefused(
            f"the checkpoint's observations went through the filter {shorten(kind or found, 60)}, whose running "
            f"means an agent here "
            "does not have; train with observation_filter 'NoFilter', as the examples do"
        )


def _check_shapes(recipe: Recipe, tensors: dict[str, np.ndarray]) -> None:
    shapes = recipe.tensor_shapes
    for name in sorted({*shapes, *tensors}):
        if name not in tensors:
            raise ImportRefused(f"the policy's tensor for {name} is missing; the checkpoint is damaged")
        if name not in shapes:
            raise ImportRefused(f"the policy has a tensor for {name}, a layer that params.json does not announce")
        if tensors[name].shape != shapes[name]:
            raise ImportRefused(
                f"the policy's tensor for {name} has the shape {tensors[name].shape}, where a {recipe.team} with "
                f"{recipe.scenario} "
                f"and the other layers imply {shapes[name]}; the checkpoint is damaged or of another model"
            )


def _check_hidden_sizes(parameters: Parameters, found: tuple[int, ...]) -> None:
    announced, unread = parameters.hidden_sizes, layout_of(parameters.algorithm).unread_layers
    if announced is None or unread == MAX_LAYERS:
        return
    compared = len(announced) - unread
    if len(announced) != len(found) or announced[:compared] != found[:compared]:
        raise ImportRefused(
            f"params.json announces hidden layers of {list(announced)}, and the weights have {list(found)}; "
            "params.json and checkpoint belong to different trials"
        )


def _check_memory_size(parameters: Parameters, architecture: Architecture) -> None:
    size = parameters.memory_size
    if architecture.memory != "none" and size is not None and size != architecture.memory_size:
        raise ImportRefused(
            f"params.json announces a recurrent layer of {size}, and the weights have one of "
            f"{architecture.memory_size}; "
            "params.json and checkpoint belong to different trials"
        )


def _action_of(parameters: Parameters, state: dict[str, Any]) -> Action:
    outputs = layout_of(parameters.algorithm).outputs
    epsilon = _epsilon_of(parameters, state) if outputs == "values" else 0.0
    if parameters.is_hierarchical and not parameters.multi_selection:
        return Action("select-one", outputs=outputs, epsilon=epsilon)
    if parameters.is_hierarchical:
        return Action("select-subset" if outputs == "values" else "select-many", outputs=outputs, epsilon=epsilon)
    if parameters.levels is not None:
        return Action("levels", parameters.levels, outputs, epsilon)
    if outputs == "values":
        raise ImportRefused(
            "params.json: env_config.discrete_levels is missing; value-based policies have discrete actions"
        )
    if not parameters.is_normalized:
        raise ImportRefused(
            "params.json: normalize_actions is False, expected true: continuous actions are played as fractions of "
            "the largest "
            "step; train with it"
        )
    return Action("box")


def _epsilon_of(parameters: Parameters, state: dict[str, Any]) -> float:
    """Return the fraction of random decisions (epsilon) when the checkpoint was written."""
    timestep = _timestep_of(state)
    if parameters.epsilon_schedule is not None and timestep is not None:
        initial, final, timesteps = parameters.epsilon_schedule
        progress = min(timestep / timesteps, 1.0) if timesteps else 1.0
        return initial + progress * (final - initial)
    exploration = state.get("_exploration_state")
    stored = exploration.get("cur_epsilon") if isinstance(exploration, dict) else state.get("cur_epsilon")
    if isinstance(stored, int | float) and not isinstance(stored, bool) and 0 <= stored <= 1:
        return float(stored)
    return 0.0


def _timestep_of(state: dict[str, Any]) -> int | None:
    timestep = state.get("global_timestep")
    is_counted = isinstance(timestep, int) and not isinstance(timestep, bool) and 0 <= timestep < 2**53
    return timestep if is_counted else None


def _provenance(parameters: Parameters, state: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {"algorithm": parameters.shown_algorithm, "scenario": parameters.scenario_name[:200]}
    timestep = _timestep_of(state)
    if timestep is not None:
        known["timesteps"] = timestep
    if parameters.scenario_config is not None and (text := write_map(parameters.scenario_config)):
        known["scenario_config"] = text
    if parameters.scenario_overrides and (text := write_map(parameters.scenario_overrides)):
        known["scenario_overrides"] = text
    return known


def find_dimensions(parameters: Parameters, inputs: int, outputs: int, state_size: int) -> tuple[Dimensions, list[str]]:
    """Return the dimensions of the scenario that a policy was trained for, and notes on how they were found.

    A preset's name or the map in the archive determines them, if the widths of the weights agree. Otherwise only the
    widths are known, and they must leave a single possibility.
    """
    preset, shown = parameters.scenario, shorten(parameters.scenario_name, 80)
    if preset is not None:
        if _fits(preset, parameters, inputs, outputs, state_size):
            return preset, []
        expected = preset.observation_size(parameters.team)
        raise ImportRefused(
            f"params.json names {shown}, with {preset}, where a {parameters.team} observes {expected} numbers; the "
            f"weights "
            f"take {inputs} and give {outputs}; params.json and checkpoint belong to different trials"
        )
    candidates = [
        Dimensions(cameras, targets, obstacles)
        for cameras in range(MAX_ENTITIES + 1)
        for targets in range(1, MAX_ENTITIES + 1)
        for obstacles in _obstacles_for(parameters.team, cameras, targets, inputs)
        if _fits(Dimensions(cameras, targets, obstacles), parameters, inputs, outputs, state_size)
    ]
    if len(candidates) == 1:
        return candidates[0], [f"{shown} is no known preset; the weights' widths leave only {candidates[0]}"]
    examples = "; ".join(map(str, candidates[:3]))
    raise ImportRefused(
        f"params.json names the scenario {shown}, which is no preset, and the weights' {inputs} inputs and "
        f"{outputs} outputs "
        f"fit {len(candidates)} scenarios{f', such as {examples}' if examples else ''}; write a native checkpoint, "
        f"which "
        "states the scenario (docs/checkpoint-format.md)"
    )


def _obstacles_for(team: str, cameras: int, targets: int, inputs: int) -> list[int]:
    """Return the number of obstacles with which a member of ``team`` observes ``inputs`` numbers, or an empty list."""
    rest = inputs - Dimensions(cameras, targets, 0).observation_size(team)
    return [rest // 4] if rest % 4 == 0 and 0 <= rest // 4 <= MAX_ENTITIES else []


def _fits(dimensions: Dimensions, parameters: Parameters, inputs: int, outputs: int, state_size: int) -> bool:
    if dimensions.team_size(parameters.team) == 0 or dimensions.observation_size(parameters.team) != inputs:
        return False
    if state_size and dimensions.state_size != state_size:
        return False
    if not parameters.is_hierarchical:
        return True
    if not parameters.multi_selection:
        return outputs == dimensions.targets + 1
    if layout_of(parameters.algorithm).outputs == "values":
        return dimensions.targets <= MAX_SUBSET_TARGETS and outputs == 2**dimensions.targets
    return outputs == 2 * dimensions.targets


def _check_outputs(parameters: Parameters, recipe: Recipe, outputs: int, space: tuple[str, int] | None) -> None:
    if outputs != recipe.output_size:
        raise ImportRefused(
            f"the network has {outputs} outputs, and {parameters.shown_algorithm} with action decoding "
            f"{recipe.action.decoding!r} has {recipe.output_size}; params.json and checkpoint belong to different "
            f"trials"
        )
    if space is not None and space[1] != outputs:
        raise ImportRefused(
            f"the checkpoint's own action space is {space[0]}, which asks for {space[1]} outputs; the network has "
            f"{outputs}"
        )


def _notes_of(recipe: Recipe, layout: TensorNames) -> list[str]:
    notes = [
        f"trained under enhanced observation {recipe.enhanced_observation!r}; what it plays under is the "
        f"scenario's choice"
    ]
    if recipe.play == "deterministic":
        notes.append("its params.json says not to explore: upstream plays it deterministically")
    if recipe.action.outputs == "values":
        notes.append(
            f"in stochastic play {recipe.action.epsilon:.1%} of its decisions are random, as when it was saved"
        )
    return [*notes, layout.note] if layout.note else notes
