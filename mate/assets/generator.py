"""``python -m mate.assets.generator``: write a scenario whose cameras are placed to cover the terrain."""

from __future__ import annotations

import argparse
import copy
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from mate.assets.placement import covering_radius, place_cameras
from mate.constants import NUM_WAREHOUSES, TERRAIN_SIZE
from mate.errors import UserError
from mate.scenario import DEFAULT_CONFIG_FILE, Scenario, read_config

_WRITERS = {
    ".json": lambda config: json.dumps(config, indent=2) + "\n",
    ".yaml": lambda config: yaml.safe_dump(config, sort_keys=False),
    ".yml": lambda config: yaml.safe_dump(config, sort_keys=False),
}


SCALE = TERRAIN_SIZE
BASE_CONFIG_FILE = DEFAULT_CONFIG_FILE


def generate(
    path: str | Path | None = None,
    num_cameras: int = 4,
    num_targets: int = 8,
    num_obstacles: int = 0,
    num_cargoes_per_target: int = 8,
    obstacle_transmittance: float = 0.1,
    seed: int = 0,
    plot: bool = False,
) -> dict[str, Any]:
    """Return the configuration of a scenario: the default preset with these numbers, cameras placed to cover the
    terrain.

    It is written to ``path`` (``.json``, ``.yaml`` or ``.yml``), if that is given, and with ``plot`` a picture beside
    it.

    Sight ranges follow from the covering radius of the cameras' positions (Q49: upstream takes the optimiser's loss
    instead): a camera sees twice as far, a target as far. Without cameras targets keep the preset's sight range. The
    transmittance is clipped to [0, 1]. Raises ``UserError`` for numbers that no scenario can have, and for a path that
    cannot be written to.
    """
    if plot and path is None:
        raise UserError("A picture is written beside the scenario: give the path of a file.")
    if path is not None:
        _writer_of(Path(path))
    _check("num-cameras", num_cameras, 0)
    _check("num-targets", num_targets, 1)
    _check("num-obstacles", num_obstacles, 0)
    _check("num-cargoes-per-target", num_cargoes_per_target, NUM_WAREHOUSES)
    config: dict[str, Any] = copy.deepcopy(read_config(DEFAULT_CONFIG_FILE))
    config["name"] = f"MultiAgentTracking({num_cameras}v{num_targets}, {num_obstacles})"
    config["num_cargoes_per_target"] = num_cargoes_per_target
    largest_obstacle = 100.0
    if num_cameras:
        positions = place_cameras(num_cameras, seed)
        radius = TERRAIN_SIZE * covering_radius(positions)
        config["camera"]["location_random_range"] = [_box_around(position) for position in TERRAIN_SIZE * positions]
        config["camera"]["max_sight_range"] = 2 * radius
        config["camera"]["radius"] = min(40.0, 0.2 * radius)
        config["target"]["sight_range"] = radius
        largest_obstacle = min(max(75.0, 0.15 * radius), 100.0)
    else:
        del config["camera"]
    config["target"]["location_random_range"] = [[-500, 500, -500, 500]] * num_targets
    if num_obstacles:
        config["obstacle"]["location_random_range"] = [[-1000, 1000, -1000, 1000]] * num_obstacles
        config["obstacle"]["radius_random_range"] = [25, largest_obstacle]
        config["obstacle"]["transmittance"] = float(np.clip(obstacle_transmittance, 0, 1))
    else:
        del config["obstacle"]
    config = json.loads(json.dumps(config))  # a copy without shared lists, which YAML would write as references
    if path is not None:
        scenario = write(config, path)
        if plot:
            draw_picture(scenario, Path(path).with_suffix(".png"), seed)
    return config


def write(config: dict[str, Any], path: str | Path) -> Scenario:
    """Write a configuration as ``.json``, ``.yaml`` or ``.yml`` and return the scenario it is, having read it back.

    Raises ``UserError`` for another suffix or a folder that does not exist; nothing is written then.
    """
    path = Path(path)
    writer = _writer_of(path)
    Scenario.load(config)
    path.write_text(writer(config))
    return Scenario.load(path)


def _writer_of(path: Path) -> Callable[[dict[str, Any]], str]:
    """Return the writer of a file with this name. Raises ``UserError`` if there is none."""
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise UserError(
            f"The scenario cannot be written to {path}: the name must end with one of {', '.join(_WRITERS)}."
        )
    if not path.parent.is_dir():
        raise UserError(f"The scenario cannot be written to {path}: there is no folder {path.parent}. Make it first.")
    return writer


def draw_picture(scenario: Scenario, path: str | Path, seed: int = 0) -> None:
    """Write a picture of the scenario after a reset."""
    from mate.engine import Batch
    from mate.rendering import Frame, draw, scene

    batch = Batch(scenario, 1)
    batch.reset(np.array([seed], dtype=np.uint64))
    batch.observe()
    Image.fromarray(draw(scene(Frame.of_batch(batch, 0)))).save(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 0, or 2 when the options cannot be used."""
    options = _parser().parse_args(arguments)
    wanted = {name: value for name, value in vars(options).items() if name not in ("path", "plot")}
    try:
        scenario = write(generate(**wanted), options.path)
    except UserError as error:
        print(f"mate.assets.generator: {error}", file=sys.stderr)
        return 2
    print(f"Wrote {scenario.name} to {options.path}.")
    if options.plot:
        picture = Path(options.path).with_suffix(".png")
        draw_picture(scenario, picture, options.seed)
        print(f"Wrote a picture of it to {picture}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mate.assets.generator", description=__doc__.split(": ", 1)[1])
    parser.add_argument("--path", default="config.yaml", help="the file to write: .yaml, .yml or .json (%(default)s)")
    parser.add_argument("--num-cameras", type=int, default=4, help="(%(default)s)")
    parser.add_argument("--num-targets", type=int, default=8, help="(%(default)s)")
    parser.add_argument("--num-obstacles", type=int, default=0, help="(%(default)s)")
    parser.add_argument("--num-cargoes-per-target", type=int, default=8, help="at least 4 (%(default)s)")
    parser.add_argument("--obstacle-transmittance", type=float, default=0.1, help="from 0 to 1 (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the search for camera positions (%(default)s)")
    parser.add_argument("--plot", action="store_true", help="also write a picture beside the file, as .png")
    return parser


def _check(option: str, value: int, least: int) -> None:
    if value < least:
        raise UserError(f"--{option} is {value}: it must be at least {least}.")


def _box_around(position: np.ndarray, margin: float = 20.0) -> list[float]:
    x, y = position
    return [x - margin, x + margin, y - margin, y + margin]


if __name__ == "__main__":
    sys.exit(main())
