"""The specification of a training run: the content of its ``configuration.json``, validated before anything starts.

This module imports no network library, so that web pages can use it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from mate.agents.batched import BUILTIN_NAMES
from mate.errors import UserError
from mate.messages import Team
from mate.scenario import ConfigError, Scenario, preset_names
from policies.fields import Dimensions
from policies.recipe import MAX_SUBSET_TARGETS
from training.algorithms import PPO, Q_LEARNING
from training.hyperparameters import (
    ALGORITHMS,
    HYPERPARAMETERS,
    PRESETS,
    STEPS,
    TEAMS,
    Hyperparameter,
    algorithms_of,
    defaults,
)

__all__ = [
    "ALGORITHMS",
    "HYPERPARAMETERS",
    "PRESETS",
    "STEPS",
    "TEAMS",
    "ConfigurationError",
    "Hyperparameter",
    "Opponent",
    "TrainingConfiguration",
    "algorithms_of",
    "check",
    "defaults",
    "read",
]

FILE_NAME = "configuration.json"
MAX_OPPONENTS = 100
MAX_SCENARIOS = 32
MAX_STEPS = 10**12
MAX_SEED = 2**63 - 1
MAX_REPLAY_BYTES = 16e9

_FIELDS = (
    "scenario", "team", "algorithm", "preset", "hyperparameters", "seed", "opponents", "start_from", "steps", "cores",
    "more_scenarios", "test_scenarios",
)  # fmt: skip


class ConfigurationError(UserError):
    """An invalid configuration of a training; ``problems`` lists everything that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Opponent:
    """An opponent: a rule-based agent by ``name`` or the path of a native ``checkpoint``, and its share of episodes."""

    name: str = ""
    checkpoint: str = ""
    weight: float = 1.0

    def to_json(self) -> dict[str, Any]:
        """Return the entry of ``opponents``."""
        who = {"name": self.name} if self.name else {"checkpoint": self.checkpoint}
        return {**who, "weight": self.weight}


@dataclass(frozen=True)
class TrainingConfiguration:
    """A complete and valid training run; made by ``check``.

    ``steps`` counts environment steps over all episodes. ``cores`` is the number of processors that the run may use;
    None means all. ``hyperparameters`` holds a value for every one that applies to the algorithm and team. Paths of
    checkpoints are absolute, or relative to the run's folder. The parallel episodes are divided evenly among
    ``scenario`` and ``more_scenarios``. ``test_scenarios`` are never trained on. Agents are evaluated in all scenarios.
    """

    scenario: Scenario
    team: str
    algorithm: str
    preset: str
    steps: int
    seed: int = 0
    opponents: tuple[Opponent, ...] = (Opponent("greedy"),)
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    start_from: str | None = None
    cores: int | None = None
    more_scenarios: tuple[Scenario, ...] = ()
    test_scenarios: tuple[Scenario, ...] = ()

    def __getitem__(self, name: str) -> Any:
        """Return the value of a hyperparameter."""
        return self.hyperparameters[name]

    def __reduce__(self) -> Any:
        return check, (self.to_json(),)

    def __deepcopy__(self, memo: dict[int, Any]) -> TrainingConfiguration:
        return self

    @property
    def is_hierarchical(self) -> bool:
        """Whether cameras choose targets instead of movements."""
        return ALGORITHMS[self.algorithm].is_hierarchical

    @property
    def has_central_critic(self) -> bool:
        """Whether the critic sees the whole state."""
        return ALGORITHMS[self.algorithm].has_central_critic

    @property
    def has_entities(self) -> bool:
        """Whether the network shares its weights among entities and so can play in every scenario."""
        return self.hyperparameters.get("architecture") == "entity"

    @property
    def is_egocentric(self) -> bool:
        """Whether observations have egocentric features."""
        return self.hyperparameters.get("egocentric") == "yes"

    @property
    def scenarios(self) -> tuple[Scenario, ...]:
        """All scenarios of the training, without the test scenarios."""
        return self.scenario, *self.more_scenarios

    @property
    def training_scenario(self) -> Scenario:
        """The scenario with the training's reward type and enhanced observation."""
        return self.in_training(self.scenario)

    def in_training(self, scenario: Scenario) -> Scenario:
        """Return a scenario with the training's reward type and enhanced observation."""
        content = json.loads(scenario.to_json())
        changes = {name: self[name] for name in ("reward_type", "enhanced_observation")}
        return Scenario.from_json(json.dumps(content | changes))

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``configuration.json``, from which ``check`` makes an equal configuration."""
        return {
            "scenario": json.loads(self.scenario.to_json()),
            "team": self.team,
            "algorithm": self.algorithm,
            "preset": self.preset,
            "steps": self.steps,
            "seed": self.seed,
            "opponents": [opponent.to_json() for opponent in self.opponents],
            "hyperparameters": dict(self.hyperparameters),
            "start_from": self.start_from,
            "cores": self.cores,
            "more_scenarios": [json.loads(one.to_json()) for one in self.more_scenarios],
            "test_scenarios": [json.loads(one.to_json()) for one in self.test_scenarios],
        }


def read(folder: str | os.PathLike[str]) -> TrainingConfiguration:
    """Return the configuration of the run in a folder. Raises ConfigurationError."""
    path = Path(folder) / FILE_NAME
    try:
        document = json.loads(path.read_text())
    except FileNotFoundError:
        raise ConfigurationError([f"There is no {path}; write one, or run python -m training new."]) from None
    except (OSError, ValueError) as error:
        raise ConfigurationError([f"{path} cannot be read as JSON ({error}). Correct it."]) from None
    return check(document)


def check(document: Any) -> TrainingConfiguration:
    """Return the configuration that a document describes; the preset fills in what it leaves out.

    Keys: ``scenario`` (the name of a preset, a configuration, or a stored scenario), ``team``, ``algorithm``, and
    optionally ``preset`` (default quick), ``steps``, ``seed``, ``opponents`` (a list of ``{"name": ...}`` or
    ``{"checkpoint": path}`` with ``weight``), ``hyperparameters``, ``start_from``, ``cores``, and lists of scenarios,
    ``more_scenarios`` and ``test_scenarios``. Raises ConfigurationError, which lists everything that is wrong.
    """
    if not isinstance(document, Mapping):
        raise ConfigurationError(["A training's configuration is an object of names and values."])
    problems = [
        f"{name!r} is not known; a configuration has {', '.join(_FIELDS)}." for name in document if name not in _FIELDS
    ]
    scenario = _read_scenario(document.get("scenario"), problems)
    more, tests = (_read_scenarios(document, name, problems) for name in ("more_scenarios", "test_scenarios"))
    team = _read_choice(document, "team", TEAMS, None, problems)
    algorithm = _read_choice(document, "algorithm", tuple(ALGORITHMS), None, problems)
    preset = _read_choice(document, "preset", tuple(PRESETS), "quick", problems)
    opponents = _read_opponents(document.get("opponents", [{"name": "greedy"}]), problems)
    seed = _read_integer(document, "seed", 0, MAX_SEED, 0, problems)
    cores = _read_integer(document, "cores", 1, 1024, None, problems)
    steps = _read_integer(document, "steps", 1, MAX_STEPS, None, problems)
    start_from = document.get("start_from") or None
    if start_from is not None and not isinstance(start_from, str):
        problems.append("`start_from` is the path of a native checkpoint, or null.")
    for one in (scenario, *more, *tests):
        if team and one and not (one.num_cameras if team == Team.CAMERA else one.num_targets):
            problems.append(f"{one.name} has no {team}s that could be trained.")
    if team and algorithm and not ALGORITHMS[algorithm].can_train(team):
        problems.append(f"`algorithm` {algorithm} is for cameras: targets cannot choose targets. Take {algorithm[4:]}.")
    hyperparameters: dict[str, Any] = {}
    if team and algorithm and preset:
        hyperparameters = _read_hyperparameters(
            document.get("hyperparameters") or {}, preset, algorithm, team, problems
        )
        if scenario:
            problems += _compare_scenarios((scenario, *more), tests, team, hyperparameters)
    if scenario and algorithm and hyperparameters:
        problems += _find_limits(scenario, algorithm, hyperparameters)
    if problems:
        raise ConfigurationError(problems)
    assert scenario and team and algorithm and preset
    return TrainingConfiguration(
        scenario, team, algorithm, preset, steps or STEPS[preset][team], seed or 0, opponents,
        MappingProxyType(hyperparameters), start_from, cores, more, tests,
    )  # fmt: skip


def _read_scenario(content: Any, problems: list[str]) -> Scenario | None:
    try:
        if isinstance(content, Scenario):
            return content.check_limits()
        if isinstance(content, Mapping) and "camera_boxes" in content:
            return Scenario.from_json(json.dumps(dict(content))).check_limits()
        if isinstance(content, str | Mapping):
            scenario = Scenario.load(content).check_limits()
            name = content.removesuffix(".yaml") if isinstance(content, str) else ""
            return replace(scenario, name=name) if name in preset_names() else scenario
    except (ConfigError, ValueError, TypeError, OSError) as error:
        problems.append(f"`scenario`: {error}")
        return None
    problems.append("`scenario` is missing: give the name of one, such as MATE-2v4-0, or a configuration.")
    return None


def _read_scenarios(document: Mapping[str, Any], name: str, problems: list[str]) -> tuple[Scenario, ...]:
    content = document.get(name) or []
    if not isinstance(content, list | tuple) or len(content) > MAX_SCENARIOS:
        problems.append(f"`{name}` is a list of at most {MAX_SCENARIOS} scenarios.")
        return ()
    found: list[str] = []
    scenarios = [_read_scenario(one, found) for one in content]
    problems += [problem.replace("`scenario`", f"`{name}`", 1) for problem in found]
    return tuple(one for one in scenarios if one)


def _compare_scenarios(
    trained: tuple[Scenario, ...], tests: tuple[Scenario, ...], team: str, values: Mapping[str, Any]
) -> list[str]:
    """Return the problems of the combination of scenarios, and of the hyperparameters for the team."""
    problems = []
    digests = [one.digest for one in (*trained, *tests)]
    if len(set(digests)) < len(digests):
        problems.append("`more_scenarios` and `test_scenarios` name a scenario twice; name each once.")
    sizes = {(one.num_cameras, one.num_targets, one.num_obstacles) for one in (*trained, *tests)}
    if len(sizes) > 1 and values.get("architecture") != "entity":
        problems.append(
            "`architecture` is layers, which have one number of cameras, targets and obstacles; for several scenarios "
            "take entity."
        )
    if isinstance(values["episodes_at_once"], int) and values["episodes_at_once"] < len(trained):
        problems.append(f"`episodes_at_once` is less than the number of scenarios ({len(trained)}).")
    if values.get("actions") == "pose" and team != Team.CAMERA:
        problems.append("`actions` pose is for cameras; take levels or box.")
    return problems


def _read_choice(
    document: Mapping[str, Any], name: str, choices: tuple[str, ...], default: str | None, problems: list[str]
) -> str | None:
    value = document.get(name, default)
    if isinstance(value, str) and value in choices:
        return value
    problems.append(f"`{name}` is {value!r}; it is one of {', '.join(choices)}.")
    return None


def _read_integer(
    document: Mapping[str, Any], name: str, low: int, high: int, default: int | None, problems: list[str]
) -> int | None:
    value = document.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        problems.append(f"`{name}` is {value!r}; it is a whole number from {low} to {high}.")
        return default
    return value


def _read_opponents(content: Any, problems: list[str]) -> tuple[Opponent, ...]:
    if not isinstance(content, list | tuple) or not 1 <= len(content) <= MAX_OPPONENTS:
        problems.append(f"`opponents` is a list of 1 to {MAX_OPPONENTS} agents.")
        return ()
    opponents = [_read_opponent(number, entry, problems) for number, entry in enumerate(content)]
    found = tuple(opponent for opponent in opponents if opponent is not None)
    if found and not sum(opponent.weight for opponent in found) > 0.0:
        problems.append("`opponents`: the weights are all 0; one must be above.")
    return found


def _read_opponent(number: int, entry: Any, problems: list[str]) -> Opponent | None:
    where = f"`opponents`, entry {number}"
    if (
        not isinstance(entry, Mapping)
        or not {"name", "checkpoint"} & set(entry)
        or set(entry) - {"name", "checkpoint", "weight"}
    ):
        problems.append(f"{where} has a name or a checkpoint, and perhaps a weight.")
        return None
    name, checkpoint, weight = entry.get("name", ""), entry.get("checkpoint", ""), entry.get("weight", 1.0)
    if bool(name) == bool(checkpoint) or not isinstance(name, str) or not isinstance(checkpoint, str):
        problems.append(f"{where} has either a name or the path of a checkpoint.")
    elif name and name not in BUILTIN_NAMES:
        problems.append(f"{where}: there is no agent {name!r}; names are {', '.join(BUILTIN_NAMES)}.")
    elif isinstance(weight, bool) or not isinstance(weight, int | float) or not 0.0 <= weight <= 1e9:
        problems.append(f"{where}: the weight is {weight!r}; it is a number from 0 to 1e9.")
    else:
        return Opponent(name, checkpoint, float(weight))
    return None


def _read_hyperparameters(content: Any, preset: str, algorithm: str, team: str, problems: list[str]) -> dict[str, Any]:
    values = defaults(preset, algorithm, team)
    if not isinstance(content, Mapping):
        problems.append("`hyperparameters` is an object of names and values.")
        return values
    for name, value in content.items():
        if name not in HYPERPARAMETERS:
            known = ", ".join(HYPERPARAMETERS)
            problems.append(f"`hyperparameters`: there is no hyperparameter {name!r}; there are {known}.")
        elif name not in values:
            problems.append(f"`{name}` means nothing for {algorithm} of the {team} team; leave it out.")
        elif problem := HYPERPARAMETERS[name].find_problem(value):
            problems.append(f"`{name}` {problem}.")
        else:
            values[name] = value
    problems += _find_contradictions(values)
    return values


def _find_limits(scenario: Scenario, algorithm: str, values: Mapping[str, Any]) -> list[str]:
    """Return the limits that the scenario exceeds, as sentences."""
    problems = []
    one = ALGORITHMS[algorithm]
    if one.is_hierarchical and one.learner == Q_LEARNING and scenario.num_targets > MAX_SUBSET_TARGETS:
        problems.append(
            f"`algorithm` {algorithm} values all sets of {scenario.num_targets} targets; it is for at most "
            f"{MAX_SUBSET_TARGETS}. Take hrl-mappo or hrl-ippo."
        )
    if one.learner != PPO and isinstance(values["replay_size"], int):
        needed = 4 * values["replay_size"] * _replay_width(scenario)
        if needed > MAX_REPLAY_BYTES:
            problems.append(
                f"`replay_size`: so many decisions of {scenario.name} take up to {needed / 1e9:.1f} GB; at most "
                f"{MAX_REPLAY_BYTES / 1e9:.0f} GB are allowed. Set it to "
                f"{int(values['replay_size'] * MAX_REPLAY_BYTES / needed):,} or less."
            )
    return problems


def _replay_width(scenario: Scenario) -> int:
    """Return how many numbers a decision of the larger team occupies in the replay buffer."""
    sizes = Dimensions(scenario.num_cameras, scenario.num_targets, scenario.num_obstacles)
    return max(sizes.team_size(team) * sizes.observation_size(team) for team in TEAMS) + sizes.state_size


def _find_contradictions(values: Mapping[str, Any]) -> list[str]:
    """Return the problems of the combination of hyperparameters, each of which is valid by itself."""
    problems = []
    if isinstance(values["fragment_length"], int) and isinstance(values["horizon"], int):
        if values["fragment_length"] > values["horizon"]:
            problems.append(
                f"`fragment_length` ({values['fragment_length']}) is longer than the `horizon` "
                f"({values['horizon']}) of an episode."
            )
        experience = values["fragment_length"] * values["episodes_at_once"]
        if experience > 2_000_000:
            problems.append(
                f"`episodes_at_once` times `fragment_length` is {experience:,} decisions an iteration; at most "
                f"2,000,000 fit into memory."
            )
    if not any(value for name, value in values.items() if name.startswith("coefficient_")):
        problems.append("All coefficients of the reward are 0: nothing could be learned. Set one.")
    return problems
