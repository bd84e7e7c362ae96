"""A scenario: a checked, frozen environment configuration, identified by the digest of its canonical form."""

import hashlib
import json
import math
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

from mate.configuration import (
    ASSETS_DIR,
    CAMERA_DEFAULTS,
    DEFAULT_CONFIG_FILE,
    TARGET_DEFAULTS,
    ConfigError,
    ConfigWarning,
    is_finite_number,
    list_places,
    preset_names,
    read_config,
    validate_config,
)
from mate.constants import TERRAIN_WIDTH
from mate.messages import TEAMS_OF
from mate.variants import COMMUNICATION, VARIANT, check_variant

__all__ = [
    "ASSETS_DIR",
    "DEFAULT_CONFIG_FILE",
    "ConfigError",
    "ConfigWarning",
    "Scenario",
    "preset_names",
    "read_config",
    "validate_config",
]

Box = tuple[float, float, float, float]
"""x_low, x_high, y_low, y_high in map units."""


class UnknownParameter(ConfigError, TypeError):
    """An entity was given a parameter that it does not have."""


class ImpossibleParameter(ConfigError, AssertionError):
    """A parameter of an entity that exists is outside what the entity can be."""


@dataclass(frozen=True)
class Scenario:
    """Everything that an environment's rules depend on. Lengths in map units, angles in degrees.

    Boxes are in the configuration's order: first the fixed places (low equals high), then the random ones.
    """

    name: str
    max_episode_steps: float
    reward_type: str
    num_cargoes_per_target: int
    high_capacity_target_split: float
    targets_start_with_cargoes: bool
    bounty_factor: float
    shuffle_entities: bool
    camera_boxes: tuple[Box, ...]
    camera_radius: float
    camera_min_viewing_angle: float
    camera_max_sight_range: float
    camera_rotation_step: float
    camera_zooming_step: float
    target_boxes: tuple[Box, ...]
    target_sight_range: float
    target_step_size: float
    obstacle_boxes: tuple[Box, ...]
    obstacle_radius_range: tuple[float, float]
    obstacle_transmittance: float
    enhanced_observation: str = "none"
    shared_field_of_view: str = "none"
    no_communication: str = "none"
    communication_range: float | None = None
    message_dropout: float = 0.0
    communication_delay: int = 0

    @classmethod
    def load(cls, config: Any = None, **keywords: Any) -> "Scenario":
        """The scenario of a preset's name (with or without ``.yaml``), a file's path or a mapping.

        Keywords of ``VARIANT`` say what stands around the game, as upstream's wrappers do: ``enhanced_observation``,
        ``shared_field_of_view`` and ``no_communication`` name the teams that have it: none, camera, target or both;
        ``communication_range`` is a distance or None, ``message_dropout`` a probability and ``communication_delay`` a
        number of steps, for both teams. Further keywords override keys of the configuration; mappings merge. Raises
        ConfigError.
        """
        variant = {key: keywords.pop(key) for key in VARIANT if key in keywords}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConfigWarning)
            completed = validate_config(read_config(config, **keywords))
        return cls.from_config(completed, **variant)

    @classmethod
    def from_config(cls, config: Mapping, **variant: Any) -> "Scenario":
        """The scenario of a configuration that ``validate_config`` has accepted; ``variant`` as in ``load``."""
        variant = check_variant(variant)
        camera = _read_camera(config.get("camera") or {})
        target = _read_target(config["target"])
        obstacle = _read_obstacle(config.get("obstacle") or {})
        counts = tuple(len(part[key]) for part, key in _placed(camera, target, obstacle))
        return cls(
            name=str(config.get("name") or "MultiAgentTracking({}v{}, {})".format(*counts)),
            max_episode_steps=_real(config, "max_episode_steps"),
            reward_type=config["reward_type"],
            num_cargoes_per_target=int(_real(config, "num_cargoes_per_target")),
            high_capacity_target_split=_real(config, "high_capacity_target_split"),
            targets_start_with_cargoes=bool(config["targets_start_with_cargoes"]),
            bounty_factor=_real(config, "bounty_factor"),
            shuffle_entities=bool(config["shuffle_entities"]),
            **camera,
            **target,
            **obstacle,
            **variant,
        )

    # Counts and the constants that follow from the configuration.

    @property
    def num_cameras(self) -> int:
        return len(self.camera_boxes)

    @property
    def num_targets(self) -> int:
        return len(self.target_boxes)

    @property
    def num_obstacles(self) -> int:
        return len(self.obstacle_boxes)

    @property
    def num_high_capacity_targets(self) -> int:
        return int(self.num_targets * self.high_capacity_target_split)

    @property
    def num_low_capacity_targets(self) -> int:
        return self.num_targets - self.num_high_capacity_targets

    @property
    def freight_scale(self) -> int:
        """What one unit of cargo earns: steps that a target needs across the terrain at full speed."""
        return math.ceil(TERRAIN_WIDTH / self.target_step_size)

    @property
    def bounty_scale(self) -> int:
        """What one unit of cargo earns on top while nobody tracks its carrier."""
        return math.ceil(self.freight_scale * self.bounty_factor)

    @property
    def reward_scale(self) -> int:
        return self.freight_scale + self.bounty_scale

    @property
    def max_target_team_episode_reward(self) -> float:
        """Nominal maximum: every unit of one batch of cargo delivered untracked. Episodes can have more (Q12)."""
        return float(self.reward_scale * self.num_cargoes_per_target * self.num_targets)

    @property
    def camera_area_product(self) -> float:
        """viewing angle times squared sight range, the same for every pose of a camera."""
        return self.camera_min_viewing_angle * self.camera_max_sight_range**2

    @property
    def camera_observation_dim(self) -> int:
        return 22 + 5 * self.num_targets + 4 * self.num_obstacles + 7 * self.num_cameras

    @property
    def target_observation_dim(self) -> int:
        return 27 + 7 * self.num_cameras + 4 * self.num_obstacles + 5 * self.num_targets

    @property
    def state_dim(self) -> int:
        return 29 + 9 * self.num_cameras + 16 * self.num_targets + 3 * self.num_obstacles

    def is_enhanced(self, team: str) -> bool:
        """Whether ``team`` (camera or target) is shown everything."""
        return team in TEAMS_OF[self.enhanced_observation]

    def is_shared(self, team: str) -> bool:
        """Whether the members of ``team`` (camera or target) are shown what any of them sees."""
        return team in TEAMS_OF[self.shared_field_of_view]

    def is_silent(self, team: str) -> bool:
        """Whether no message of ``team`` (camera or target) arrives."""
        return team in TEAMS_OF[self.no_communication]

    @property
    def variant(self) -> dict[str, Any]:
        """What stands around the game, by the keywords of ``load``; without what has its default."""
        values = {key: getattr(self, key) for key in VARIANT}
        return {key: value for key, value in values.items() if value != VARIANT[key]}

    # Identity and storage.

    @cached_property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the canonical form; the display name is no part of it."""
        canonical = self._canonical()
        del canonical["name"]
        return hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()

    def _canonical(self) -> dict[str, Any]:
        """All fields; those of communication only where they are not the default, as older scenarios have none."""
        given = asdict(self)
        return {key: value for key, value in given.items() if key not in COMMUNICATION or value != COMMUNICATION[key]}

    def to_json(self) -> str:
        """Everything, as JSON that ``from_json`` reads back without loss."""
        return json.dumps(self._canonical(), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Scenario":
        """The scenario that ``to_json`` wrote. Raises ConfigError for anything else."""
        try:
            data = json.loads(text)
            known = {field.name for field in fields(cls)}
            if not known - set(COMMUNICATION) <= set(data) <= known:
                raise ConfigError(f"A stored scenario has the keys {sorted(known)}, not {sorted(data)}.")
            for key in ("camera_boxes", "target_boxes", "obstacle_boxes"):
                data[key] = tuple(tuple(box) for box in data[key])
            data["obstacle_radius_range"] = tuple(data["obstacle_radius_range"])
        except (TypeError, ValueError) as error:
            raise ConfigError(f"This is no stored scenario: {error}") from error
        return cls(**data | check_variant({key: data[key] for key in COMMUNICATION if key in data}))

    def check_limits(self, max_entities: int = 64) -> "Scenario":
        """This scenario, if it is sane enough to be played for a stranger.

        Raises ConfigError for more than ``max_entities`` cameras, targets or obstacles, for ranges whose low end is
        above the high one, and for magnitudes outside what an engine can hold. NaN and infinities never get this far.
        """
        for kind in ("camera", "target", "obstacle"):
            boxes = getattr(self, f"{kind}_boxes")
            if len(boxes) > max_entities:
                raise ConfigError(f"There are {len(boxes)} {kind}s; at most {max_entities} can be played here.")
            for number, (x_low, x_high, y_low, y_high) in enumerate(boxes):
                if x_low > x_high or y_low > y_high:
                    raise ConfigError(f"{kind} {number} is placed in a range whose low end is above the high one.")
                _limit(f"coordinates of {kind} {number}", max(map(abs, (x_low, x_high, y_low, y_high))), 0, 1e4)
        if self.obstacle_radius_range[0] > self.obstacle_radius_range[1]:
            raise ConfigError("`obstacle.radius_random_range` has its low end above the high one.")
        _limit("max_episode_steps", self.max_episode_steps, 1, 1e6)
        _limit("num_cargoes_per_target", self.num_cargoes_per_target, 4, 10_000)
        _limit("bounty_factor", self.bounty_factor, 0, 1000)
        _limit("target.step_size", self.target_step_size, 0.01, TERRAIN_WIDTH)
        _limit("target.sight_range", self.target_sight_range, 1e-3, 1e4)
        _limit("camera.max_sight_range", self.camera_max_sight_range, 1e-3, 1e4)
        _limit("camera.min_viewing_angle", self.camera_min_viewing_angle, 1e-3, 180)
        _limit("camera.rotation_step", self.camera_rotation_step, 1e-3, 360)
        _limit("camera.zooming_step", self.camera_zooming_step, 1e-3, 180)
        return self


def _limit(what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"`{what}` is {value:g}; here it must lie between {low:g} and {high:g}.")


def _placed(camera: dict, target: dict, obstacle: dict) -> list[tuple[dict, str]]:
    return [(camera, "camera_boxes"), (target, "target_boxes"), (obstacle, "obstacle_boxes")]


def _read_camera(section: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_unknown(section, "camera", CAMERA_DEFAULTS)
    values = {key: _real(section, key, CAMERA_DEFAULTS[key], "camera.") for key in CAMERA_DEFAULTS}
    boxes = _read_boxes(section, "camera")
    if boxes and values["min_viewing_angle"] > 180.0:
        raise ImpossibleParameter(
            f"`camera.min_viewing_angle` is {values['min_viewing_angle']:g}; it must be at most 180 degrees."
        )
    return {"camera_boxes": boxes} | {f"camera_{key}": value for key, value in values.items()}


def _read_target(section: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_unknown(section, "target", TARGET_DEFAULTS)
    values = {f"target_{key}": _real(section, key, TARGET_DEFAULTS[key], "target.") for key in TARGET_DEFAULTS}
    return {"target_boxes": _read_boxes(section, "target")} | values


def _read_obstacle(section: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_unknown(section, "obstacle", ("radius", "radius_random_range", "transmittance"))
    boxes = _read_boxes(section, "obstacle")
    transmittance = _real(section, "transmittance", 0.0, "obstacle.")
    radius_range = (0.0, 0.0)
    if boxes:
        if not 0.0 <= transmittance <= 1.0:
            raise ImpossibleParameter(f"`obstacle.transmittance` is {transmittance:g}; it must lie between 0 and 1.")
        radius_range = _read_radius_range(section)
    return {
        "obstacle_boxes": boxes,
        "obstacle_radius_range": radius_range,
        "obstacle_transmittance": min(max(transmittance, 0.0), 1.0),
    }


def _read_radius_range(section: Mapping[str, Any]) -> tuple[float, float]:
    fixed, random = section.get("radius"), section.get("radius_random_range")
    if (fixed is None) == (random is None):
        raise ImpossibleParameter("`obstacle` needs exactly one of `radius` and `radius_random_range`.")
    if random is None:
        low = high = _number(fixed, "obstacle.radius")
    else:
        ends = _ends(random) if _has_ends(random) else random
        low, high = _numbers(ends, 2, "obstacle.radius_random_range")
    if low < 0.0 or high < 0.0:
        raise ImpossibleParameter(f"An obstacle's radius lies in [{low:g}, {high:g}]; it must not be negative.")
    return low, high


def _read_boxes(section: Mapping[str, Any], kind: str) -> tuple[Box, ...]:
    boxes = []
    for number, place in enumerate(list_places(section, "location")):
        x, y = _numbers(place, 2, f"{kind}.location[{number}]")
        boxes.append((x, x, y, y))
    for number, place in enumerate(list_places(section, "location_random_range")):
        where = f"{kind}.location_random_range[{number}]"
        if _has_ends(place):
            low, high = _ends(place)
            (x_low, y_low), (x_high, y_high) = _numbers(low, 2, where), _numbers(high, 2, where)
        else:
            x_low, x_high, y_low, y_high = _numbers(place, 4, where)
        boxes.append((x_low, x_high, y_low, y_high))
    return tuple(boxes)


def _has_ends(place: Any) -> bool:
    """Whether a range is written as {low, high}, or is a gym Box."""
    return isinstance(place, Mapping) or (hasattr(place, "low") and hasattr(place, "high"))


def _ends(place: Any) -> tuple[Any, Any]:
    if not isinstance(place, Mapping):
        return place.low, place.high
    if set(place) != {"low", "high"}:
        raise ConfigError(f"A range written as a mapping has the keys low and high, not {sorted(place)}.")
    return place["low"], place["high"]


def _numbers(values: Any, count: int, where: str) -> tuple[float, ...]:
    try:
        if isinstance(values, (str, bytes)):
            raise TypeError
        listed = [value[0] if getattr(value, "shape", None) == (1,) else value for value in values]
    except TypeError:
        listed = [values] if count == 1 else []
    if len(listed) != count:
        raise ConfigError(f"`{where}` must hold {count} numbers, not {values!r}.")
    return tuple(_number(value, where) for value in listed)


def _number(value: Any, where: str) -> float:
    if not is_finite_number(value):
        raise ConfigError(f"`{where}` is {value!r}; it must be a finite number.")
    return float(value)


def _real(section: Mapping[str, Any], key: str, default: Any = None, prefix: str = "") -> float:
    value = section.get(key, default)
    return _number(default if value is None else value, prefix + key)


def _refuse_unknown(section: Mapping[str, Any], kind: str, parameters: Any) -> None:
    unknown = sorted(map(str, set(section) - {"location", "location_random_range", *parameters}))
    if unknown:
        raise UnknownParameter(f"`{kind}` has no parameter {', '.join(unknown)}; it has {', '.join(parameters)}.")
