"""Configurations as users write them: found, read, merged with overrides, checked and completed."""

import copy
import functools
import json
import math
import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from mate.errors import UserError

ASSETS_DIR = Path(__file__).resolve().parent / "assets"
DEFAULT_CONFIG_FILE = ASSETS_DIR / "MATE-4v8-9.yaml"
SUFFIXES = (".json", ".yaml", ".yml")

CAMERA_DEFAULTS = {
    "radius": 40.0,
    "min_viewing_angle": 90.0,
    "max_sight_range": 500.0,
    "rotation_step": 5.0,
    "zooming_step": 2.5,
}
TARGET_DEFAULTS = {"sight_range": 500.0, "step_size": 10.0}
DEFAULTS = {
    "max_episode_steps": 10000,
    "reward_type": "dense",
    "high_capacity_target_split": 0.5,
    "targets_start_with_cargoes": True,
    "bounty_factor": 1.0,
    "shuffle_entities": True,
}


class ConfigError(UserError, ValueError):
    """A configuration cannot be found, read or accepted."""


class ConfigWarning(UserWarning):
    """A default was filled in, or a value was overridden."""


def preset_names() -> list[str]:
    """Names of the packaged scenarios, without extension, sorted."""
    return sorted(path.stem for path in ASSETS_DIR.glob("*.yaml"))


def read_config(config: str | os.PathLike | Mapping | None = None, **overrides: Any) -> dict[str, Any]:
    """A new configuration mapping from a preset's name, a file or a mapping, with ``overrides`` merged in.

    Without arguments it is the default preset; with overrides only it starts from nothing (Q40).
    Mappings merge key by key, any other override replaces; each override gives a ``ConfigWarning``.
    Raises ConfigError (a ValueError) where nothing readable is found.
    """
    if config is None and not overrides:
        config = DEFAULT_CONFIG_FILE
    if config is None:
        merged: dict[str, Any] = {}
    elif isinstance(config, Mapping):
        merged = copy.deepcopy(dict(config))
    elif isinstance(config, (str, os.PathLike)):
        merged = _read_file(_find(config))
    else:
        raise ConfigError(
            f"A configuration is a mapping or the path of a {', '.join(SUFFIXES)} file, not {type(config).__name__}."
        )
    _merge(merged, copy.deepcopy(overrides), "")
    return merged


def validate_config(config: dict[str, Any]) -> dict[str, Any]:
    """Check ``config``, fill what is missing (each with a ``ConfigWarning``) in place, and return it.

    Raises ConfigError (a ValueError) that names the key, its value and what is allowed.
    """
    if not isinstance(config, dict):
        raise ConfigError(f"A configuration is a mapping, not {type(config).__name__}.")
    _fill(config, "max_episode_steps", DEFAULTS)
    _demand(config, "max_episode_steps", lambda x: x > 0, "a positive number of steps")
    _fill(config, "reward_type", DEFAULTS)
    if config["reward_type"] not in ("dense", "sparse"):
        raise ConfigError(f"`reward_type` is {config['reward_type']!r}; it must be 'dense' or 'sparse'.")
    _check_target_section(config)
    if config.get("num_cargoes_per_target") is None:
        raise ConfigError("`num_cargoes_per_target` is missing; give a number of at least 4.")
    _demand(config, "num_cargoes_per_target", lambda x: x >= 4, "at least 4, the number of warehouses")
    _fill(config, "high_capacity_target_split", DEFAULTS)
    _demand(config, "high_capacity_target_split", lambda x: 0 <= x <= 1, "between 0 and 1")
    _fill_bool(config, "targets_start_with_cargoes")
    _fill(config, "bounty_factor", DEFAULTS)
    _demand(config, "bounty_factor", lambda x: x >= 0, "not negative")
    _fill_bool(config, "shuffle_entities")
    if "camera" in config:
        _check_entities(config, "camera", CAMERA_DEFAULTS)
    _check_entities(config, "target", TARGET_DEFAULTS)
    return config


def _check_target_section(config: dict[str, Any]) -> None:
    section = config.get("target")
    if not isinstance(section, dict):
        raise ConfigError("The `target` section is missing; a configuration must place at least one target.")
    if not any(len(list_places(section, key)) for key in ("location", "location_random_range")):
        raise ConfigError("`target` places nobody; give at least one `location` or `location_random_range`.")


def list_places(section: Mapping[str, Any], key: str) -> Any:
    """The entries, in a list or an array, of an entity's ``location`` or ``location_random_range``; none if it is
    missing.

    Raises ConfigError for what has no entries.
    """
    places = section.get(key)
    if places is None:
        return ()
    if not hasattr(places, "__len__"):
        raise ConfigError(f"`{key}` is {places!r}; it must be a list of places.")
    return places


def _check_entities(config: dict[str, Any], kind: str, defaults: Mapping[str, float]) -> None:
    section = config[kind]
    if not isinstance(section, dict):
        raise ConfigError(f"`{kind}` is {type(section).__name__}; it must be a mapping.")
    for key in defaults:
        _fill(section, key, defaults, f"{kind}.")
        _demand(section, key, lambda x: x > 0, "positive", f"{kind}.")


def _fill(section: dict[str, Any], key: str, defaults: Mapping[str, Any], prefix: str = "") -> None:
    if key not in section:
        warnings.warn(f"`{prefix}{key}` is not set; using {defaults[key]!r}.", ConfigWarning, stacklevel=4)
        section[key] = defaults[key]


def _fill_bool(config: dict[str, Any], key: str) -> None:
    _fill(config, key, DEFAULTS)
    config[key] = bool(config[key])


def _demand(section: dict[str, Any], key: str, is_allowed: Any, allowed: str, prefix: str = "") -> None:
    value = section[key]
    try:
        passes = not isinstance(value, str) and bool(is_allowed(value))
    except (TypeError, ValueError):
        passes = False
    if not passes:
        raise ConfigError(f"`{prefix}{key}` is {value!r}; it must be {allowed}.")


def _find(config: str | os.PathLike) -> Path:
    """The file that ``config`` names: as it is, in the working directory, or among the presets (extension optional)."""
    given = Path(config)
    for candidate in (given, Path.cwd() / given, ASSETS_DIR / given, ASSETS_DIR / f"{given}.yaml"):
        if candidate.is_file():
            return candidate
        if candidate.exists() and candidate == given:
            raise ConfigError(f"{given} is not a file; give a {', '.join(SUFFIXES)} file.")
    known = [*ASSETS_DIR.glob("*.yaml"), *(path for path in Path.cwd().iterdir() if path.suffix.lower() in SUFFIXES)]
    names = [path.name if given.suffix else path.stem for path in known]
    nearest = min(names, key=lambda name: _edit_distance(given.name, name))
    presets = ", ".join(sorted(path.stem for path in ASSETS_DIR.glob("*.yaml")))
    raise ConfigError(
        f"There is no configuration {str(config)!r}. Did you mean {nearest!r}? "
        f"Give the path of a {' or '.join(SUFFIXES)} file, or a preset: {presets}."
    )


def _read_file(path: Path) -> dict[str, Any]:
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ConfigError(f"{path} ends in {suffix!r}; a configuration file ends in {', '.join(SUFFIXES)}.")
    try:
        config = copy.deepcopy(_parse(path.read_text(encoding="utf-8"), suffix == ".json"))
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{path} is not readable as {suffix[1:]}: {error}") from error
    if not isinstance(config, dict):
        raise ConfigError(f"{path} holds no mapping; a configuration is a mapping of keys to values.")
    return config


@functools.lru_cache(maxsize=32)
def _parse(text: str, is_json: bool) -> Any:
    """The content of a file. Reading the YAML of a preset takes ten times as long as copying what was read before."""
    return json.loads(text) if is_json else yaml.safe_load(text)


def _merge(config: dict[str, Any], overrides: Mapping[str, Any], prefix: str) -> None:
    for key, value in overrides.items():
        if isinstance(value, Mapping) and isinstance(config.get(key), dict):
            _merge(config[key], value, f"{prefix}{key}.")
            continue
        was = f" instead of {config[key]!r}" if key in config else ""
        warnings.warn(f"`{prefix}{key}` is set to {value!r}{was}.", ConfigWarning, stacklevel=3)
        config[key] = value


def _edit_distance(a: str, b: str) -> int:
    """Levenshtein's distance between two words."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y))
    return row[-1]


def is_finite_number(value: Any) -> bool:
    """Whether ``value`` is a real number other than NaN and the infinities."""
    try:
        return not isinstance(value, (str, bytes)) and math.isfinite(value)
    except (TypeError, OverflowError):
        return False
