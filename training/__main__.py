"""Run trainings and evaluate checkpoints without a portal: ``python -m training``."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from mate.agents.batched import BUILTIN_NAMES
from mate.errors import UserError
from training import evaluation
from training.hyperparameters import ALGORITHMS, PRESETS, TEAMS

_SHOWN = (
    ("steps", ","), ("return_mean", ".2f"), ("target_reward", ".3f"), ("coverage", ".3f"), ("entropy", ".2f"),
    ("kl", ".4f"), ("explained_variance", ".2f"), ("decisions_per_second", ",.0f"), ("remaining_seconds", ",.0f"),
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit status: 0 when finished or paused, 2 for an error that the user can correct."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["psro"]:  # This command belongs to the floor above, which this package must not import.
        return subprocess.run([sys.executable, "-m", "tournament.psro", *words[1:]], check=False).returncode
    options = _parser().parse_args(words)
    try:
        status: int = options.act(options)
        return status
    except UserError as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_new(commands.add_parser("new", help="write a configuration into a new folder"))
    _add_run(
        commands.add_parser(
            "run", help="run the training of FOLDER/configuration.json, or resume it from its newest state"
        )
    )
    commands.add_parser(
        "psro", help="run PSRO (policy-space response oracles) in a folder: two populations grow by best responses"
    )
    evaluation.add_arguments(
        commands.add_parser("evaluate", help="compare checkpoints with other agents on fresh seeds")
    )
    return parser


def _add_new(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=Path)
    command.add_argument("--scenario", default="MATE-2v4-0")
    command.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="SCENARIO",
        help="another scenario to train on; repeat the option for more",
    )
    command.add_argument(
        "--test",
        action="append",
        default=[],
        metavar="SCENARIO",
        help="a scenario that is used only for evaluation; repeat the option for more",
    )
    command.add_argument("--team", choices=TEAMS, default="camera")
    command.add_argument("--algorithm", choices=tuple(ALGORITHMS), default="mappo")
    command.add_argument("--preset", choices=tuple(PRESETS), default="quick")
    command.add_argument(
        "--opponent",
        action="append",
        help="a rule-based agent or a checkpoint; repeat the option to divide the episodes among several opponents",
    )
    command.add_argument("--start-from", help="a checkpoint whose weights initialise the actor")
    command.add_argument("--steps", type=int, help="environment steps, summed over all episodes")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--cores", type=int)
    command.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a hyperparameter, with its value as JSON; repeat the option for more",
    )
    command.set_defaults(act=_new)


def _add_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=Path)
    command.add_argument(
        "--tensorboard", action="store_true", help="also write logs for TensorBoard to FOLDER/tensorboard"
    )
    command.add_argument("--wandb", metavar="PROJECT", help="also log to this project of Weights & Biases")
    command.add_argument("--quiet", action="store_true", help="print no progress")
    command.set_defaults(act=_run)


def _new(options: argparse.Namespace) -> int:
    from training import configuration as configurations
    from training.files import replace_json

    document = {name: getattr(options, name) for name in ("scenario", "team", "algorithm", "preset", "seed")}
    document |= {"steps": options.steps, "cores": options.cores, "start_from": options.start_from}
    document |= {"more_scenarios": options.also, "test_scenarios": options.test}
    document["opponents"] = [_read_opponent(text) for text in options.opponent or ["greedy"]]
    document["hyperparameters"] = dict(_read_setting(text) for text in options.set)
    configuration = configurations.check(document)
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / configurations.FILE_NAME
    if path.exists():
        raise UserError(f"{path} exists. Choose another folder, or delete it.")
    replace_json(path, configuration.to_json())
    print(path)
    return 0


def _read_opponent(text: str) -> dict[str, str]:
    return {"name": text} if text in BUILTIN_NAMES else {"checkpoint": str(Path(text).absolute())}


def _read_setting(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _run(options: argparse.Namespace) -> int:
    from training.followers import tensorboard, weights_and_biases
    from training.runs import run

    followers = [tensorboard(options.folder / "tensorboard")] if options.tensorboard else []
    followers += [weights_and_biases(options.wandb, options.folder)] if options.wandb else []
    try:
        outcome = run(options.folder, (*followers, *([] if options.quiet else [_print_line])))
    finally:
        for follower in followers:
            follower.close()
    print(f"{outcome['state']} after {outcome.get('steps', 0):,} steps")
    return 0


def _print_line(line: dict[str, Any]) -> None:
    figures = [f"{name} {'-' if line[name] is None else format(line[name], form)}" for name, form in _SHOWN]
    print(f"{line['iteration']:5d}  {'  '.join(figures)}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
