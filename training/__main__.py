"""``python -m training``: run the training that a folder's configuration describes, or evaluate a checkpoint."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from mate.agents.batched import BUILTIN_NAMES
from mate.errors import UserError
from mate.messages import TEAMS_OF, Team
from training import configuration as configurations

_SHOWN = (
    ("steps", ","), ("return_mean", ".2f"), ("target_reward", ".3f"), ("coverage", ".3f"), ("entropy", ".2f"),
    ("kl", ".4f"), ("explained_variance", ".2f"), ("decisions_per_second", ",.0f"), ("remaining_seconds", ",.0f"),
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit status: 0 when finished or paused, 2 for an error that the user can correct."""
    options = _parser().parse_args(arguments)
    try:
        return options.act(options)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_new(commands.add_parser("new", help="write a configuration into a new folder"))
    _add_run(commands.add_parser("run", help="run FOLDER/configuration.json, resuming from the newest state"))
    _add_evaluate(commands.add_parser("evaluate", help="compare a checkpoint with other agents on fresh seeds"))
    return parser


def _add_new(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=Path)
    command.add_argument("--scenario", default="MATE-2v4-0")
    command.add_argument(
        "--also", action="append", default=[], metavar="SCENARIO", help="another scenario to train on; repeatable"
    )
    command.add_argument(
        "--test", action="append", default=[], metavar="SCENARIO", help="a scenario to evaluate on only; repeatable"
    )
    command.add_argument("--team", choices=configurations.TEAMS, default="camera")
    command.add_argument("--algorithm", choices=tuple(configurations.ALGORITHMS), default="mappo")
    command.add_argument("--preset", choices=tuple(configurations.PRESETS), default="quick")
    command.add_argument(
        "--opponent",
        action="append",
        help="a rule-based agent or a checkpoint; repeat it to share the episodes among several",
    )
    command.add_argument("--start-from", help="a checkpoint whose weights initialise the actor")
    command.add_argument("--steps", type=int, help="environment steps, summed over all episodes")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--cores", type=int)
    command.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a hyperparameter, as JSON")
    command.set_defaults(act=_new)


def _add_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("folder", type=Path)
    command.add_argument("--tensorboard", action="store_true", help="write FOLDER/tensorboard as well")
    command.add_argument("--wandb", metavar="PROJECT", help="log to Weights & Biases as well")
    command.add_argument("--quiet", action="store_true", help="print no progress")
    command.set_defaults(act=_run)


def _add_evaluate(command: argparse.ArgumentParser) -> None:
    command.add_argument("checkpoint")
    command.add_argument("--team", choices=configurations.TEAMS, help="default: the checkpoint's")
    command.add_argument("--scenario", default="MATE-2v4-0")
    command.add_argument("--opponent", default="greedy", help="the other team: a rule-based agent or a checkpoint")
    command.add_argument(
        "--against", action="append", help="an agent of the same team to compare with (default greedy); repeatable"
    )
    command.add_argument(
        "--no-communication", choices=tuple(TEAMS_OF), default=None, help="cut the messages of these teams off"
    )
    command.add_argument("--episodes", type=int, default=200)
    command.add_argument("--seed", type=int, default=1)
    play = command.add_mutually_exclusive_group()
    play.add_argument("--deterministic", dest="deterministic", action="store_true", default=None)
    play.add_argument("--stochastic", dest="deterministic", action="store_false")
    command.set_defaults(act=_evaluate)


def _new(options: argparse.Namespace) -> int:
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


def _evaluate(options: argparse.Namespace) -> int:
    from mate.scenario import Scenario
    from policies import Checkpoint
    from training.evaluation import compare, find_agent, table

    if options.episodes < 2:
        raise UserError(
            f"--episodes is {options.episodes}: a confidence interval needs at least 2. Give a larger number."
        )
    try:
        team = options.team or Checkpoint.load(options.checkpoint).recipe.team
    except OSError as error:
        raise UserError(f"{options.checkpoint} cannot be read ({error.strerror}); name a native checkpoint.") from None
    limits = {} if options.no_communication is None else {"no_communication": options.no_communication}
    scenario = Scenario.load(options.scenario, **limits)
    opponent = find_agent(options.opponent, Team(team).opponent, scenario)
    agents = [(options.checkpoint, find_agent(options.checkpoint, team, scenario, options.deterministic))]
    agents += [(name, find_agent(name, team, scenario)) for name in options.against or ["greedy"]]
    print(
        f"{scenario.name}, {team} team against {options.opponent}, {options.episodes} episodes of seed {options.seed}"
    )
    print(table(compare(scenario, team, agents, opponent, options.episodes, options.seed)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
