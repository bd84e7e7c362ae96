"""The specification of a training run: the content of its ``configuration.json``, validated before anything starts.

This module imports no network library, so that web pages can use it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field, PlainSerializer, PlainValidator, ValidationError, ValidationInfo, field_validator

from mate.agents.batched import BUILTIN_NAMES
from mate.errors import UserError
from mate.messages import Team
from mate.scenario import ConfigError, Scenario, preset_names
from policies.fields import Dimensions, shorten
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
    "AlgorithmName",
    "ConfigurationError",
    "Hyperparameter",
    "Opponent",
    "PresetName",
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

if TYPE_CHECKING:  # The registries hold the choices; a type checker cannot read them.
    TeamName = str
    AlgorithmName = str
    PresetName = str
    OpponentName = str
else:
    TeamName, AlgorithmName = Literal[tuple(map(str, TEAMS))], Literal[tuple(ALGORITHMS)]
    PresetName, OpponentName = Literal[tuple(PRESETS)], Literal[tuple(BUILTIN_NAMES)]


class ConfigurationError(UserError):
    """An invalid configuration of a training; ``problems`` lists everything that is wrong."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


def _read_scenario(content: Any) -> Scenario:
    """Return a scenario that a document names, describes or has stored. Raises ValueError."""
    try:
        if isinstance(content, Scenario):
            return content.check_limits()
        if isinstance(content, Mapping) and "camera_boxes" in content:
            return Scenario.from_json(json.dumps(dict(content))).check_limits()
        if isinstance(content, str | Mapping):
            scenario = Scenario.load(content).check_limits()
            name = content.removesuffix(".yaml") if isinstance(content, str) else ""
            return replace(scenario, name=name) if name in preset_names() else scenario
    except (ConfigError, TypeError, OSError) as error:
        raise ValueError(str(error)) from None
    raise ValueError("give the name of a scenario, such as MATE-2v4-0, or a configuration.")


AnyScenario = Annotated[
    Scenario, PlainValidator(_read_scenario), PlainSerializer(lambda scenario: json.loads(scenario.to_json()))
]


def _field(default: Any, description: str, **limits: Any) -> Any:
    """Declare a field; the description says what it is, as an error tells it."""
    return Field(default, description=description, validate_default=True, **limits)


def _choice(default: str | None, names: Iterable[str]) -> Any:
    return _field(default, f"one of {', '.join(names)}")


def _number(default: float | None, low: float, high: float, kind: str = "a whole number") -> Any:
    return _field(default, f"{kind} from {low} to {high}", ge=low, le=high)


def _list(default: Any, most: int, description: str) -> Any:
    return _field(default, description, max_length=most, strict=False)


class StrictModel(BaseModel):
    """What people write: unknown fields are refused, and values are of the declared kinds already."""

    model_config = {"frozen": True, "extra": "forbid", "strict": True, "allow_inf_nan": False, "defer_build": True}


class Opponent(StrictModel):
    """An opponent: a rule-based agent by ``name`` or the path of a native ``checkpoint``, and its share of episodes."""

    name: OpponentName = Field("", description=f"one of {', '.join(BUILTIN_NAMES)}", exclude_if=lambda name: not name)
    checkpoint: str = Field("", description="the path of a native checkpoint", exclude_if=lambda path: not path)
    weight: float = _number(1.0, 0, 10**9, "a number")

    @field_validator("weight")
    @classmethod
    def _insist_on_one(cls, weight: float, found: ValidationInfo) -> float:
        if len(found.data) == 2 and bool(found.data["name"]) == bool(found.data["checkpoint"]):
            raise ValueError("`opponents`: each has either a name or the path of a checkpoint.")
        return weight


class TrainingConfiguration(StrictModel):
    """A complete and valid training run; made by ``check``.

    ``steps`` counts environment steps over all episodes. ``cores`` is the number of processors that the run may use;
    None means all. ``hyperparameters`` holds a value for every one that applies to the algorithm and team. Paths of
    checkpoints are absolute, or relative to the run's folder. The parallel episodes are divided evenly among
    ``scenario`` and ``more_scenarios``. ``test_scenarios`` are never trained on. Agents are evaluated in all scenarios.
    A field's validator reads the fields before it.
    """

    scenario: AnyScenario = _field(None, "the name of a scenario, or a configuration")
    team: TeamName = _choice(None, TEAMS)
    algorithm: AlgorithmName = _choice(None, ALGORITHMS)
    preset: PresetName = _choice("quick", PRESETS)
    steps: int = _number(None, 1, MAX_STEPS)
    seed: int = _number(0, 0, MAX_SEED)
    opponents: tuple[Opponent, ...] = _list(
        ({"name": "greedy"},), MAX_OPPONENTS, f"a list of 1 to {MAX_OPPONENTS} agents"
    )
    hyperparameters: Annotated[Mapping[str, Any], PlainSerializer(dict)] = _field({}, "an object of names and values")
    start_from: str | None = _field(None, "the path of a native checkpoint, or null")
    cores: int | None = _number(None, 1, 1024)
    more_scenarios: tuple[AnyScenario, ...] = _list((), MAX_SCENARIOS, f"a list of at most {MAX_SCENARIOS} scenarios")
    test_scenarios: tuple[AnyScenario, ...] = _list((), MAX_SCENARIOS, f"a list of at most {MAX_SCENARIOS} scenarios")

    @field_validator("steps", mode="before")
    @classmethod
    def _default_steps(cls, steps: Any, found: ValidationInfo) -> Any:
        usual = STEPS.get(found.data.get("preset", ""), {}).get(found.data.get("team", ""), 1)
        return usual if steps is None else steps

    @field_validator("opponents")
    @classmethod
    def _check_opponents(cls, opponents: tuple[Opponent, ...]) -> tuple[Opponent, ...]:
        if not any(opponent.weight for opponent in opponents):
            raise ValueError("name at least one agent with a weight above 0.")
        return opponents

    @field_validator("hyperparameters")
    @classmethod
    def _complete(cls, given: Mapping[str, Any], found: ValidationInfo) -> Mapping[str, Any]:
        """Return all values, the given ones among them; none while team, algorithm or preset are wrong."""
        if not {"team", "algorithm", "preset"} <= set(found.data):
            return {}
        scenario, team, algorithm = found.data.get("scenario"), found.data["team"], found.data["algorithm"]
        values = defaults(found.data["preset"], algorithm, team)
        problems = [*_read_hyperparameters(given, values, algorithm, team), *_find_contradictions(values)]
        _raise(problems + (_find_limits(scenario, algorithm, values) if scenario else []))
        return MappingProxyType(values)

    @field_validator("test_scenarios")
    @classmethod
    def _compare(cls, tests: tuple[Scenario, ...], found: ValidationInfo) -> tuple[Scenario, ...]:
        trained = *filter(None, [found.data.get("scenario")]), *found.data.get("more_scenarios", ())
        _raise(_compare_scenarios(trained, tests, found.data.get("team"), found.data.get("hyperparameters", {})))
        return tests

    def __getitem__(self, name: str) -> Any:
        """Return the value of a hyperparameter."""
        return self.hyperparameters[name]

    def __reduce__(self) -> Any:
        return check, (self.to_json(),)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> TrainingConfiguration:
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
        return self.model_dump(mode="json")


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
    given = {name: value for name, value in document.items() if value is not None and value != ""}
    try:
        return TrainingConfiguration.model_validate(given)
    except ValidationError as error:
        raise ConfigurationError([text for one in error.errors() for text in _tell(one)]) from None


def _tell(problem: Any) -> Iterator[str]:
    """Yield what a validator found wrong, as sentences that begin with the name of the field."""
    field, *places = problem["loc"]
    known = (Opponent if places else TrainingConfiguration).model_fields
    where = f"`{field}`" + "".join(f", entry {one}" if isinstance(one, int) else f", {one}" for one in places)
    declared = known.get(str(problem["loc"][-1]))
    if problem["type"] == "value_error":
        lines = str(problem["ctx"]["error"]).split("\n")
        yield from (line if line.startswith("`") else f"{where}: {line}" for line in lines)
    elif declared:
        yield f"{where} is {shorten(problem['input'])}; it is {declared.description}."
    else:
        yield f"{where} is invalid; the fields are {', '.join(known)}."


def _raise(problems: list[str]) -> None:
    if problems:
        raise ValueError("\n".join(problems))


def _compare_scenarios(
    trained: tuple[Scenario, ...], tests: tuple[Scenario, ...], team: str | None, values: Mapping[str, Any]
) -> list[str]:
    """Return the problems of the combination of scenarios; no team or no values: these are wrong."""
    problems = [
        f"`team`: {one.name} has no {team}s that could be trained."
        for one in (*trained, *tests)
        if team and not (one.num_cameras if team == Team.CAMERA else one.num_targets)
    ]
    digests = [one.digest for one in (*trained, *tests)]
    if len(set(digests)) < len(digests):
        problems.append("`more_scenarios` and `test_scenarios` name a scenario twice; name each once.")
    sizes = {(one.num_cameras, one.num_targets, one.num_obstacles) for one in (*trained, *tests)}
    if values and len(sizes) > 1 and values.get("architecture") != "entity":
        problems.append(
            "`architecture` is layers, which have one number of cameras, targets and obstacles; for several scenarios "
            "take entity."
        )
    if values and values["episodes_at_once"] < len(trained):
        problems.append(f"`episodes_at_once` is less than the number of scenarios ({len(trained)}).")
    return problems


def _read_hyperparameters(given: Mapping[str, Any], values: dict[str, Any], algorithm: str, team: str) -> Iterator[str]:
    """Write the given values over the defaults; yield everything that is wrong with them."""
    if not ALGORITHMS[algorithm].can_train(team):
        yield f"`algorithm` {algorithm} is for cameras: targets cannot choose targets. Take {algorithm[4:]}."
    for name, value in given.items():
        if name not in HYPERPARAMETERS:
            known = ", ".join(HYPERPARAMETERS)
            yield f"`hyperparameters`: there is no hyperparameter {name!r}; there are {known}."
        elif name not in values:
            yield f"`{name}` means nothing for {algorithm} of the {team} team; leave it out."
        elif problem := HYPERPARAMETERS[name].find_problem(value):
            yield f"`{name}` {problem}."
        else:
            values[name] = value
    if values.get("actions") == "pose" and team != Team.CAMERA:
        yield "`actions` pose is for cameras; take levels or box."


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
