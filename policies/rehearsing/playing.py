"""Playing some steps of an episode with an imported agent, and measuring the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from mate.messages import Team
from policies.errors import CheckpointError

if TYPE_CHECKING:
    from mate.scenario import Scenario
    from policies.checkpoint import Checkpoint
    from policies.fields import Dimensions
    from policies.inference import BatchedPolicy
    from policies.recipe import Recipe

STEPS = 60
_ANY = ("MATE-4v8-9", "MATE-2v4-0", "MATE-8v8-9", "MATE-1v1-9")
_EVERYWHERE = (-900.0, 900.0, -900.0, 900.0)


class RehearsalFailed(CheckpointError):
    """The agent could not play; the message says what happened."""


@dataclass(frozen=True)
class Rehearsal:
    """The result of a rehearsal: ``steps`` of one episode, played in ``seconds`` of processor time."""

    scenario: str
    steps: int
    seconds: float

    @property
    def rate(self) -> float:
        """Steps per second of processor time."""
        return self.steps / max(self.seconds, 1e-6)


class _Enough(Exception):
    """The time for the rehearsal is used up."""


class _Watched:
    """Wraps an agent: converts its errors to RehearsalFailed, and checks that its actions are finite."""

    def __init__(self, policy: BatchedPolicy, team: str) -> None:
        self.policy, self.team = policy, team

    def reset(self, slots: Any, keys: Any, observations: Any) -> None:
        """As ``BatchedAgent.reset``. Raises RehearsalFailed."""
        self._call("failed at the start of an episode", self.policy.reset, slots, keys, observations)

    def act(self, observations: Any, actions: Any, active: Any) -> None:
        """As ``BatchedAgent.act``. Raises RehearsalFailed."""
        self._call("failed while acting", self.policy.act, observations, actions, active)
        if not np.isfinite(actions[active]).all():
            raise RehearsalFailed(f"The {self.team} agent gave an action that is not a finite number.")

    def _call(self, what: str, act: Callable[..., None], *arguments: Any) -> None:
        try:
            act(*arguments)
        except MemoryError:
            raise
        except Exception as error:
            raise RehearsalFailed(f"The {self.team} agent {what}: {type(error).__name__}: {error}") from error


def play(checkpoint: Checkpoint, deterministic: bool, seconds: float, steps: int = STEPS) -> Rehearsal:
    """Let an agent play against a greedy team in a fitting scenario, until ``seconds`` of processor time have passed.

    The exact kernels compute the network, as in a match on a CPU. At least one step is played. Raises RehearsalFailed
    if the agent fails.
    """
    from mate import episodes
    from mate.agents import batched
    from policies import devices
    from policies.inference import BatchedPolicy

    recipe = checkpoint.recipe
    scenarios = _scenarios_for(recipe)
    scenario = scenarios[0]
    began, played = 0.0, 0

    def own(scenario: Scenario, size: int) -> _Watched:
        try:
            return _Watched(BatchedPolicy(checkpoint, scenario, size, deterministic, device=devices.CPU), recipe.team)
        except CheckpointError as error:
            raise RehearsalFailed(f"The {recipe.team} agent cannot play {scenario.name}: {error}") from error

    def other(scenario: Scenario, size: int) -> Any:
        return batched.make("greedy", Team(recipe.team).opponent, scenario, size)

    def begin(*_: Any) -> None:
        nonlocal began
        began = time.process_time()

    def count(*_: Any) -> None:
        nonlocal played
        played += 1
        if time.process_time() - began > seconds:
            raise _Enough

    camera, target = (own, other) if recipe.team == Team.CAMERA else (other, own)
    for other_scenario in scenarios[1:]:
        with suppress(_Enough):
            episodes.play(other_scenario, camera, target, [1], 1, 1)
    with suppress(_Enough):
        episodes.play(scenario, camera, target, [1], 1, steps, on_reset=begin, on_step=count)
    return Rehearsal(scenario.name, played, time.process_time() - began)


def _scenarios_for(recipe: Recipe) -> list[Scenario]:
    """Return the scenarios of the rehearsal: the agent's own, or several of different sizes if it plays in any."""
    if recipe.scenario is not None:
        return [fitting_scenario(recipe.scenario, recipe.enhanced_observation)]
    known = _packaged(recipe.enhanced_observation)
    return [known[name] for name in _ANY]


@cache
def _packaged(enhanced_observation: str) -> dict[str, Scenario]:
    """Return the packaged scenarios. They are read once, because a confined process cannot open files."""
    from mate.scenario import Scenario, preset_names

    return {name: Scenario.load(name, enhanced_observation=enhanced_observation) for name in preset_names()}


def fitting_scenario(dimensions: Dimensions, enhanced_observation: str) -> Scenario:
    """Return a scenario of these dimensions: a packaged one, or else the adapted default scenario."""
    wanted = (dimensions.cameras, dimensions.targets, dimensions.obstacles)
    known = _packaged(enhanced_observation)
    for scenario in known.values():
        if (scenario.num_cameras, scenario.num_targets, scenario.num_obstacles) == wanted:
            return scenario
    default = known["MATE-4v8-9"]
    cameras, targets, obstacles = ((_EVERYWHERE,) * number for number in wanted)
    name = f"{wanted[0]} v {wanted[1]}, {wanted[2]} obstacles"
    return replace(default, name=name, camera_boxes=cameras, target_boxes=targets, obstacle_boxes=obstacles)


def warm() -> None:
    """Play with all kinds of networks and actions and both teams, so that nothing is loaded or compiled afterwards."""
    from policies.architectures import Architecture
    from policies.checkpoint import Checkpoint
    from policies.fields import Dimensions
    from policies.recipe import ENHANCEMENTS, Action, Recipe
    from policies.warm import warm as warm_networks

    warm_networks()
    for enhanced_observation in ENHANCEMENTS:
        _packaged(enhanced_observation)
    for team, action in (("camera", Action("levels", 2)), ("camera", Action("select-one")), ("target", Action("box"))):
        for dimensions in (Dimensions(4, 8, 9), Dimensions(1, 1, 0)):
            recipe = Recipe(team, Architecture((2,)), action, dimensions, enhanced_observation="both")
            weights = {name: np.zeros(shape, np.float32) for name, shape in recipe.tensor_shapes.items()}
            play(Checkpoint(recipe, weights), False, seconds=60.0, steps=2)
