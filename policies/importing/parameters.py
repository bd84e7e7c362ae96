"""The parameters of a trained policy in a trial's ``params.json``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from posixpath import splitext
from typing import Any

from mate.messages import Team
from policies.architectures import MAX_LAYERS, MAX_WIDTH
from policies.fields import Dimensions, shorten
from policies.importing.errors import ImportRefused
from policies.importing.joint import JOINT_LAYOUTS
from policies.importing.maps import INLINE, USUAL_OVERRIDES, count_entities, override, places_entities
from policies.importing.names import is_plain, last_part
from policies.importing.translation import LAYOUTS, layout_of
from policies.recipe import ENHANCEMENTS, MAX_FRAME_SKIP, MAX_LEVELS
from policies.texts import parse_json

PLAYABLE = (*LAYOUTS, *JOINT_LAYOUTS)

_ENVIRONMENT = re.compile(r"mate-(hrl\.)?([a-z0-9]+)\.(camera|target)", re.ASCII)
_PRESET = re.compile(r"MATE-([0-9]{1,2})v([0-9]{1,2})-([0-9]{1,2})\.(?:yaml|yml|json)", re.ASCII)
_YES_OR_NO = (True, False)
_NAVIGATION = re.compile(r"MATE-Navigation\.(?:yaml|yml|json)", re.ASCII)


@dataclass(frozen=True)
class Parameters:
    """The checked part of a ``params.json`` that matters for playing. Sizes that it does not state are None.

    ``scenario_config`` is the map without its overrides, if it is known and no preset.
    """

    algorithm: str
    is_hierarchical: bool
    team: str
    scenario_name: str
    scenario: Dimensions | None
    scenario_config: Mapping[str, Any] | None
    scenario_overrides: Mapping[str, Any]
    levels: int | None
    multi_selection: bool
    frame_skip: int
    enhanced_observation: str
    hidden_sizes: tuple[int, ...] | None
    activation: str
    memory_size: int | None
    is_recurrent: bool
    is_normalized: bool
    is_stochastic: bool
    epsilon_schedule: tuple[float, float, float] | None
    message_value: int
    noise: float

    @property
    def shown_algorithm(self) -> str:
        """The name of the algorithm, such as ``HRL-MAPPO``."""
        return ("HRL-" if self.is_hierarchical else "") + self.algorithm.upper()

    def on_map(self, config: Mapping[str, Any]) -> Parameters:
        """Return these parameters with the given map and its dimensions."""
        scenario = count_entities(override(config, self.scenario_overrides))
        return replace(self, scenario=scenario, scenario_config=config)

    @property
    def shown_scenario(self) -> str:
        """The name of the scenario, such as ``MATE-4v8-9``."""
        return splitext(self.scenario_name)[0]


def _refuse(where: str, value: Any, expected: str) -> ImportRefused:
    return ImportRefused(f"params.json: {where} is {shorten(value, 100)}, expected {expected}")


def _object(content: dict[str, Any], name: str, where: str = "") -> dict[str, Any]:
    value = content.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _refuse(f"{where}{name}", value, "an object")
    return value


def _integer(content: dict[str, Any], name: str, where: str, low: int, high: int) -> int | None:
    value = content.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _refuse(f"{where}{name}", value, f"an integer from {low} to {high}")
    return value


def _choice(content: dict[str, Any], name: str, where: str, choices: tuple[Any, ...], default: Any) -> Any:
    value = content.get(name)
    if value is None:
        return default
    if not any(value is choice or (isinstance(value, str) and value == choice) for choice in choices):
        raise _refuse(f"{where}{name}", value, f"one of {', '.join(map(str, choices))}")
    return value


def parse_parameters(content: bytes) -> Parameters:
    """Parse a ``params.json``. Raises ImportRefused if it is invalid, or its policy cannot be played."""
    try:
        parsed = parse_json(content)
    except (ValueError, RecursionError) as error:
        raise ImportRefused(
            f"params.json is not valid JSON ({shorten(str(error), 120)}); take it from the trial's folder again"
        ) from None
    if not isinstance(parsed, dict):
        raise _refuse("its content", parsed, "an object")
    algorithm, is_hierarchical, team = _parse_environment(parsed.get("env"))
    env_config = _object(parsed, "env_config")
    config = env_config.get("config", "MATE-4v8-9.yaml")
    overrides = _object(env_config, "config_overrides", "env_config.")
    model = _object(parsed, "model")
    hidden_sizes, activation, memory_size = _parse_model(model, algorithm)
    memory_key = layout_of(algorithm).memory_key
    _check_filter(parsed.get("observation_filter"))
    found = Parameters(
        algorithm=algorithm,
        is_hierarchical=is_hierarchical,
        team=team,
        scenario_name=_scenario_name(config),
        scenario=None if places_entities(overrides) else _preset_dimensions(_scenario_name(config)),
        scenario_config=None,
        scenario_overrides={} if overrides == USUAL_OVERRIDES else overrides,
        levels=_integer(env_config, "discrete_levels", "env_config.", 2, MAX_LEVELS),
        multi_selection=_choice(env_config, "multi_selection", "env_config.", _YES_OR_NO, False),
        frame_skip=_integer(env_config, "frame_skip", "env_config.", 1, MAX_FRAME_SKIP) or 1,
        enhanced_observation=_choice(env_config, "enhanced_observation", "env_config.", ENHANCEMENTS, "none"),
        hidden_sizes=hidden_sizes,
        activation=activation,
        memory_size=memory_size,
        is_recurrent=not memory_key or _choice(model, memory_key, "model.", _YES_OR_NO, True),
        is_normalized=_choice(parsed, "normalize_actions", "", _YES_OR_NO, True),
        is_stochastic=_choice(parsed, "explore", "", _YES_OR_NO, True),
        epsilon_schedule=_parse_exploration(_object(parsed, "exploration_config")),
        message_value=_integer(_custom(model), "message_value_dim", "model.custom_model_config.", 1, MAX_WIDTH) or 32,
        noise=_parse_noise(_object(parsed, "exploration_config")),
    )
    return found.on_map(config) if isinstance(config, dict) else found


def _parse_environment(env: Any) -> tuple[str, bool, str]:
    match = _ENVIRONMENT.fullmatch(env) if isinstance(env, str) else None
    if match is None:
        raise _refuse("env", env, "the environment of one of MATE's examples, such as mate-mappo.camera")
    is_hierarchical, algorithm, team = match[1] is not None, match[2], match[3]
    if algorithm not in PLAYABLE:
        raise _refuse("env", env, f"one of the algorithms {', '.join(PLAYABLE)}")
    if is_hierarchical and team == Team.TARGET:
        raise ImportRefused("params.json: env names a hierarchical target; only cameras are hierarchical")
    return algorithm, is_hierarchical, team


def _scenario_name(config: Any) -> str:
    # Only the name is used; a path of the training machine is never opened.
    if isinstance(config, dict):
        told = config.get("name")
        return told if isinstance(told, str) and 0 < len(told) <= 100 and is_plain(told) else INLINE
    name = last_part(config) if isinstance(config, str) and len(config) <= 1000 and is_plain(config) else ""
    if not name:
        raise _refuse("env_config.config", config, "the name of a scenario's file")
    return name


def _preset_dimensions(name: str) -> Dimensions | None:
    if name == "MATE.yaml":
        return Dimensions(4, 8, 9)
    if _NAVIGATION.fullmatch(name):
        return Dimensions(0, 8, 32)
    match = _PRESET.fullmatch(name)
    counts = [int(part) for part in match.groups()] if match else None
    if counts is None or not (0 <= counts[0] <= 64 and 1 <= counts[1] <= 64 and counts[2] <= 64):
        return None
    return Dimensions(*counts)


def _parse_model(model: dict[str, Any], algorithm: str) -> tuple[tuple[int, ...] | None, str, int | None]:
    """Return hidden sizes, activation and memory size, from the settings that the algorithm's model reads."""
    layout, where = layout_of(algorithm), "model."
    if layout.section:
        model, where = _object(model, layout.section, where), f"model.{layout.section}."
    hiddens_name = layout.hiddens_key
    activation = _parse_activation(model, layout.activation_key, where)
    memory_size = _integer(model, "lstm_cell_size", where, 1, MAX_WIDTH)
    hiddens = model.get(hiddens_name)
    if hiddens is None:
        return None, activation, memory_size
    if not isinstance(hiddens, list) or not 1 <= len(hiddens) <= MAX_LAYERS:
        raise _refuse(f"{where}{hiddens_name}", hiddens, f"a list of 1 to {MAX_LAYERS} widths")
    for width in hiddens:
        if isinstance(width, bool) or not isinstance(width, int) or not 1 <= width <= MAX_WIDTH:
            raise _refuse(f"{where}{hiddens_name}", width, f"integers from 1 to {MAX_WIDTH}")
    return tuple(hiddens), activation, memory_size


def _custom(model: dict[str, Any]) -> dict[str, Any]:
    return _object(model, "custom_model_config", "model.")


def _parse_activation(model: dict[str, Any], name: str, where: str) -> str:
    if (
        name in model and model[name] is None
    ):  # RLlib then uses no activation; only for a missing name does it use its default
        return "linear"
    return str(_choice(model, name, where, ("tanh", "relu", "linear"), "tanh"))


def _check_filter(name: Any) -> None:
    if name not in (None, "NoFilter"):
        raise ImportRefused(
            f"params.json: observation_filter is {shorten(name, 100)}, whose running means an agent here does not "
            f"have; "
            "train with 'NoFilter', as the examples do"
        )


def _parse_noise(config: dict[str, Any]) -> float:
    """Return the standard deviation of Gaussian exploration; upstream's default if it is missing."""
    noise = config.get("stddev", 0.1)
    if isinstance(noise, bool) or not isinstance(noise, int | float) or not 0 <= noise <= 1000:
        raise _refuse("exploration_config.stddev", noise, "a number from 0 to 1000")
    return float(noise)


def _parse_exploration(config: dict[str, Any]) -> tuple[float, float, float] | None:
    """Return the initial and final epsilon of epsilon-greedy exploration, and the timesteps of its decay."""
    values: list[Any] = [config.get(name) for name in ("initial_epsilon", "final_epsilon", "epsilon_timesteps")]
    if config.get("type") != "EpsilonGreedy" or None in values:
        return None
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1e12:
            raise _refuse("exploration_config", value, "numbers from 0 on")
    initial, final, timesteps = (float(value) for value in values)
    if initial > 1 or final > 1:
        raise _refuse("exploration_config", max(initial, final), "fractions from 0 to 1")
    return initial, final, timesteps
