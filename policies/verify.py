"""Compare a checkpoint's outputs with recorded outputs: ``python -m policies.verify CHECKPOINT EXPECTED.npz``.

CHECKPOINT is any file or trial folder that can be imported. It must contain exactly one agent. EXPECTED.npz holds the
arrays below, over T frames, N agents and K decisions. Arrays that are absent are not compared.

- ``raw_obs`` (T, N, D) float64: the observations; ``infer_step`` (K,): the frames on which the network decided;
- ``net_input`` (K, N, ...): the network's inputs, whose first entries are the observation;
- ``extra_action_dist_inputs`` or ``extra_q_values`` (K, N, A): the network's outputs;
- ``state_in_0``, ``state_out_0`` (and ``_1`` for an LSTM: hidden state, cell state) (K, N, ..., H): the recurrent
  state;
- ``policy_action`` (K, N, ...): the deterministic decisions; ``actions`` (T, N, 2): the actions that the game received.

Tolerances are 1e-5 for outputs, 1e-6 for inputs and 1e-9 for actions. For recurrent states and action values, the
tolerance is 1e-5, relative to their size if that is above 1. At least 99.9 % of the decisions must be the same. The
exit status is 0 if the checkpoint passes, 1 if it fails, and 2 if nothing could be compared.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from policies import decoding
from policies.checkpoint import Checkpoint
from policies.errors import CheckpointError
from policies.fields import Dimensions
from policies.graphs.graph import Graph
from policies.importing import read
from policies.inference import BatchedPolicy
from policies.preprocessing import preprocess
from policies.recipe import Recipe

INPUT_TOLERANCE = 1e-6
STATE_TOLERANCE = 1e-5
OUTPUT_TOLERANCE = 1e-5
ACTION_TOLERANCE = 1e-9
MIN_AGREEMENT = 0.999


class _Scenario(NamedTuple):
    """The facts about a scenario that inference needs."""

    num_cameras: int
    num_targets: int
    num_obstacles: int
    enhanced_observation: str = "none"


@dataclass(frozen=True)
class OutputComparison:
    """A compared quantity: its difference or its fraction of agreement, with the bound on it."""

    name: str
    figure: float
    bound: float
    is_agreement: bool = False

    @property
    def is_met(self) -> bool:
        """Whether the figure is within its bound."""
        return self.figure >= self.bound if self.is_agreement else self.figure <= self.bound

    def __str__(self) -> str:
        verdict = "ok  " if self.is_met else "FAIL"
        if self.is_agreement:
            return f"{verdict} {self.name:<22} {self.figure:.4%} agree (at least {self.bound:.1%})"
        return f"{verdict} {self.name:<22} worst error {self.figure:.3g} (at most {self.bound:g})"


def load_any(path: str | Path) -> Checkpoint:
    """Return the only checkpoint at a path, of any importable format. Raises CheckpointError for none or several."""
    agents = read(path).agents
    if len(agents) != 1:
        raise CheckpointError(f"{path} contains {len(agents)} agents; expected one")
    return agents[0].checkpoint


def read_recording(path: str | Path) -> dict[str, np.ndarray]:
    """Return the arrays of a recording. Raises CheckpointError if the file is not one, OSError if it is unreadable."""
    try:
        recording = np.load(path, allow_pickle=False)
        if isinstance(recording, np.lib.npyio.NpzFile):
            with recording:
                return {name: recording[name] for name in recording.files}
    except (ValueError, EOFError, zipfile.BadZipFile):
        pass
    raise CheckpointError(f"{path} is no recording; give a .npz file of the arrays that --help lists")


def compare(checkpoint: Checkpoint, expected: dict[str, np.ndarray]) -> list[OutputComparison]:
    """Return all comparisons of a checkpoint with the arrays of a recording.

    Raises CheckpointError if the recording is of another team.
    """
    recipe = checkpoint.recipe
    missing = [name for name in ("raw_obs", "infer_step") if name not in expected]
    if missing:
        raise CheckpointError(
            f"the recording has no array {missing[0]}; `python -m policies.verify --help` lists those it needs"
        )
    observations = expected["raw_obs"]
    recorded = Dimensions(*(int(count) for count in observations[0, 0, :3]))
    if observations.shape[-1] != recorded.observation_size(recipe.team):
        raise CheckpointError(f"the recording is not of the {recipe.team} team, which this checkpoint plays")
    comparisons = _compare_network(checkpoint, expected, recorded)
    if recorded == _played(recipe, recorded) and "actions" in expected:
        comparisons.append(_compare_actions(checkpoint, expected, recorded))
    return comparisons


def _inputs(checkpoint: Checkpoint, observations: np.ndarray, recorded: Dimensions) -> np.ndarray:
    """Return network inputs (K, N, D). Those of another scenario are truncated or padded with zeros, as by upstream."""
    recipe = checkpoint.recipe
    rows = np.ascontiguousarray(observations).reshape(-1, observations.shape[-1])
    size = recipe.preprocessing.input_size(recipe.team, _played(recipe, recorded))
    inputs = np.zeros((len(rows), size), np.float32)
    width = min(rows.shape[1], inputs.shape[1])
    inputs[:, :width] = preprocess(rows, recipe.team, recorded, recipe.preprocessing)[:, :width]
    return inputs.reshape(*observations.shape[:2], -1)


def _own_slot(recorded: np.ndarray) -> np.ndarray:
    """Return the agent's own part (K, N, H) of a state, which is (K, N, n, H) for upstream's grouped agents."""
    return recorded[:, :, 0] if recorded.ndim == 4 else recorded


def _compare_network(
    checkpoint: Checkpoint, expected: dict[str, np.ndarray], recorded: Dimensions
) -> list[OutputComparison]:
    recipe = checkpoint.recipe
    policy = BatchedPolicy(checkpoint, _Scenario(*_counts(_played(recipe, recorded))), 1, deterministic=True)
    inputs = _inputs(checkpoint, expected["raw_obs"][expected["infer_step"]], recorded)
    comparisons = []
    if "net_input" in expected:
        error = _worst(inputs, expected["net_input"][..., : inputs.shape[-1]])
        comparisons.append(OutputComparison("network inputs", error, INPUT_TOLERANCE))
    memory, after = _recorded_memory(policy, expected)
    rows = memory.reshape(memory.shape[0] * memory.shape[1], policy.network.memory_size)
    outputs = policy.network.forward(inputs.reshape(len(rows), -1), rows)
    if after is not None:
        comparisons.append(
            OutputComparison("recurrent state", _worst(rows, after.reshape(rows.shape), True), STATE_TOLERANCE)
        )
    logits = expected.get("extra_action_dist_inputs", expected.get("extra_q_values"))
    if logits is not None:
        error = _worst(outputs.reshape(logits.shape), logits, recipe.action.outputs == "values")
        comparisons.append(OutputComparison("network outputs", error, OUTPUT_TOLERANCE))
    if recipe.action.decoding != "box" and "policy_action" in expected:
        comparisons.append(_compare_decisions(recipe.action.decoding, outputs, expected["policy_action"]))
    return comparisons


def _played(recipe: Recipe, recorded: Dimensions) -> Dimensions:
    """Return the dimensions that a checkpoint plays: the recorded ones for an agent that plays in any scenario."""
    return recipe.scenario or recorded


def _counts(dimensions: Dimensions) -> tuple[int, int, int]:
    return dimensions.cameras, dimensions.targets, dimensions.obstacles


def _recorded_memory(policy: BatchedPolicy, expected: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the recorded states before and after the decisions, each (K, N, M), in the layout of the memory."""
    architecture = policy.recipe.architecture
    parts = 0 if isinstance(architecture, Graph) else architecture.num_states  # no recording is of entities
    shape = (len(expected["infer_step"]), policy.num_agents, policy.network.memory_size)
    if parts == 0 or "state_in_0" not in expected:
        return np.zeros(shape, np.float32), None
    before, after = (
        np.concatenate([_own_slot(expected[f"state_{when}_{part}"]) for part in range(parts)], axis=-1)
        for when in ("in", "out")
    )
    return np.ascontiguousarray(before, np.float32).reshape(shape), after


def _compare_decisions(kind: str, outputs: np.ndarray, recorded: np.ndarray) -> OutputComparison:
    width = 2 if kind == "select-many" else outputs.shape[1]
    choices = np.empty((len(outputs), outputs.shape[1] // width), np.int64)
    decoding.choose_best(outputs, width, choices)
    recorded = recorded.reshape(len(outputs), -1)
    if kind != "select-many":
        recorded = recorded[:, :1]  # grouped agents record a joint action, whose first part is their own
    agreement = float((choices == recorded).all(axis=1).mean())
    return OutputComparison("greedy decisions", agreement, MIN_AGREEMENT, is_agreement=True)


def _compare_actions(checkpoint: Checkpoint, expected: dict[str, np.ndarray], recorded: Dimensions) -> OutputComparison:
    """Play the recorded observations from the first one on, with the network's own memory, and compare the actions."""
    observations, told = expected["raw_obs"], expected["actions"]
    policy = BatchedPolicy(checkpoint, _Scenario(*_counts(recorded)), 1, deterministic=True)
    policy.reset(np.array([0]), np.array([0], np.uint64), observations[:1])
    actions, active = np.zeros((1, *told.shape[1:])), np.array([True])
    agreeing = 0
    for frame, observation in enumerate(observations):
        policy.act(np.ascontiguousarray(observation[np.newaxis]), actions, active)
        agreeing += int((np.abs(actions[0] - told[frame]).max(axis=1) <= ACTION_TOLERANCE).sum())
    return OutputComparison("actions, free running", agreeing / told[..., 0].size, MIN_AGREEMENT, is_agreement=True)


def _worst(values: np.ndarray, recorded: np.ndarray, is_relative: bool = False) -> float:
    scale = np.maximum(1.0, np.abs(recorded)) if is_relative else 1.0
    return float((np.abs(values.astype(np.float64) - recorded) / scale).max(initial=0.0))


def main(arguments: list[str] | None = None) -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m policies.verify", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path, help="a checkpoint in any format that can be imported")
    parser.add_argument(
        "expected", type=Path, nargs="+", help="files with the recorded observations and actions of the policy"
    )
    options = parser.parse_args(arguments)
    is_met = True
    try:
        checkpoint = load_any(options.checkpoint)
        for path in options.expected:
            print(path.name)
            comparisons = compare(checkpoint, read_recording(path))
            if not comparisons:
                raise CheckpointError(f"{path} has no array that could be compared; --help lists them")
            print("".join(f"  {comparison}\n" for comparison in comparisons), end="")
            is_met &= all(comparison.is_met for comparison in comparisons)
    except (CheckpointError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (KeyError, ValueError) as error:
        problem = f"it has no array {error.args[0]}" if isinstance(error, KeyError) else str(error)
        print(f"error: {path} does not fit the checkpoint's network ({problem}); record it again", file=sys.stderr)
        return 2
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
