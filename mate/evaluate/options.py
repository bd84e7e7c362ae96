"""The command line of ``python -m mate.evaluate``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mate.errors import UserError
from mate.messages import TEAMS_OF, Team
from mate.scenario import Scenario
from mate.variants import MAX_DELAY, VARIANT


@dataclass(frozen=True)
class Options:
    """The parsed options; plain data, so that they can be sent to another process."""

    config: str | None = None
    enhanced_observation: str = "none"
    shared_field_of_view: str = "none"
    no_communication: str = "none"
    communication_range: float | None = None
    message_dropout: float = 0.0
    communication_delay: int = 0
    seed: int = 0
    episodes: int = 20
    camera_agent: str = "greedy"
    target_agent: str = "greedy"
    camera_kwargs: dict[str, Any] = field(default_factory=dict)
    target_kwargs: dict[str, Any] = field(default_factory=dict)
    camera_discrete_levels: int | None = None
    target_discrete_levels: int | None = None
    no_render: bool = False
    render_communication: int | None = None
    save_video: str | None = None
    jobs: int = 1
    json: str | None = None
    deterministic: bool | None = None

    @property
    def needs_objects(self) -> bool:
        """Whether an option requires agent objects in wrapped environments."""
        return self.camera_discrete_levels is not None or self.target_discrete_levels is not None

    def scenario(self) -> Scenario:
        """Return the scenario of the options, with what stands around it."""
        return Scenario.load(self.config, **{key: getattr(self, key) for key in VARIANT})


def read_options(arguments: Sequence[str] | None = None) -> Options:
    """Parse a command line. Exits with status 2 for unknown options; raises ``UserError`` for invalid values."""
    values = vars(_parser().parse_args(arguments))
    for team in Team:
        values[f"{team}_kwargs"] = _read_kwargs(f"--{team}-kwargs", values[f"{team}_kwargs"])
    if values["no_render"]:
        values["render_communication"] = values["save_video"] = None
    options = Options(**values)
    for option, value in (("episodes", options.episodes), ("jobs", options.jobs)):
        if value < 1:
            raise UserError(f"--{option} is {value}: give at least 1.")
    if options.seed < 0:
        raise UserError(f"--seed is {options.seed}: give 0 or more.")
    for option, levels in (("camera", options.camera_discrete_levels), ("target", options.target_discrete_levels)):
        if levels is not None and (levels < 3 or levels % 2 == 0):
            raise UserError(f"--{option}-discrete-levels is {levels}: give an odd number of at least 3.")
    if options.render_communication is not None and options.render_communication < 1:
        raise UserError(f"--render-communication is {options.render_communication}: give at least 1 step.")
    return options


def _read_kwargs(option: str, text: str) -> dict[str, Any]:
    try:
        kwargs = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(
            f"{option} is not JSON ({error}): give an object such as '{{\"noise_scale\": 0.2}}'."
        ) from error
    if not isinstance(kwargs, dict):
        raise UserError(f"{option} is {text}: give a JSON object of constructor arguments.")
    return kwargs


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mate.evaluate",
        description="Play episodes of a camera agent against a target agent and report the means.",
    )
    _add_scenario(parser.add_argument_group("scenario"))
    _add_agents(parser.add_argument_group("agents"))
    _add_playing(parser.add_argument_group("playing and showing"))
    return parser


def _add_scenario(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--config", "--cfg", metavar="PATH", help="a preset's name or a .yaml or .json file (the default preset)"
    )
    for option, effect in (
        ("enhanced-observation", "show everything to the team"),
        ("shared-field-of-view", "let the members of the team share what they see"),
        ("no-communication", "drop the team's messages"),
    ):
        group.add_argument(
            f"--{option}",
            nargs="?",
            choices=TEAMS_OF,
            const="both",
            default="none",
            help=f"{effect} (bare: both teams)",
        )
    group.add_argument(
        "--communication-range", type=float, metavar="UNITS", help="messages reach nobody who is farther away"
    )
    group.add_argument(
        "--message-dropout",
        type=float,
        default=0.0,
        metavar="P",
        help="probability that a message is lost (%(default)s)",
    )
    group.add_argument(
        "--communication-delay",
        type=int,
        default=0,
        metavar="STEPS",
        help=f"messages arrive so much later, at most {MAX_DELAY} (%(default)s)",
    )


def _add_agents(group: argparse._ArgumentGroup) -> None:
    for team in Team:
        group.add_argument(
            f"--{team}-agent",
            metavar="AGENT",
            default=f"mate:Greedy{team.capitalize()}Agent",
            help="random, naive, greedy or heuristic; module:Class; or a checkpoint: its file or its trial's folder "
            "(%(default)s)",
        )
    for team in Team:
        group.add_argument(f"--{team}-kwargs", metavar="JSON", default="{}", help="constructor arguments of the class")
        group.add_argument(f"--{team}-discrete-levels", type=int, metavar="N", help="act on a grid of N x N actions")
    choice = group.add_mutually_exclusive_group()
    choice.add_argument(
        "--deterministic", action="store_true", default=None, help="agents play their most likely action"
    )
    choice.add_argument(
        "--stochastic",
        dest="deterministic",
        action="store_false",
        default=None,
        help="agents draw from their distribution (without either option: as the agent prefers)",
    )


def _add_playing(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--seed", type=int, default=0, metavar="N", help="episode k is played from seed N + k (%(default)s)"
    )
    group.add_argument("--episodes", type=int, default=20, metavar="N", help="(%(default)s)")
    group.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="processes; results do not depend on it (%(default)s)"
    )
    group.add_argument("--no-render", action="store_true", help="neither film nor table of the first episode's steps")
    group.add_argument(
        "--render-communication",
        nargs="?",
        type=int,
        const=20,
        metavar="STEPS",
        help="draw messages for this long (bare: 20)",
    )
    group.add_argument(
        "--save-video",
        "--video",
        nargs="?",
        const="video.mp4",
        metavar="PATH",
        help="film the first episode: .mp4, .gif or .png and others (bare: %(const)s)",
    )
    group.add_argument(
        "--json",
        nargs="?",
        const="-",
        metavar="PATH",
        help="write the results as JSON instead of tables (bare: to standard output)",
    )
