"""``python -m training``: run what a folder's configuration says, or evaluate a checkpoint on fresh seeds."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mate.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 done or paused, 2 for what a user can mend."""
    options = _parser().parse_args(arguments)
    try:
        return options.act(options)
    except UserError as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("run", help="train as FOLDER/configuration.json says, going on from the newest state")
    command.add_argument("folder", type=Path)
    command.set_defaults(act=_run)
    return parser


def _run(options: argparse.Namespace) -> int:
    from training.runs import run

    outcome = run(options.folder, (_print_line,))
    print(f"{outcome['state']} after {outcome.get('steps', 0):,} steps")
    return 0


def _print_line(line: dict) -> None:
    def show(name: str, form: str) -> str:
        return f"{name} -" if line[name] is None else f"{name} {line[name]:{form}}"

    figures = [show("steps", ","), show("return_mean", ".2f"), show("target_reward", ".3f"), show("coverage", ".3f")]
    print(
        "  ".join(
            [
                f"{line['iteration']:5d}",
                *figures,
                show("entropy", ".2f"),
                show("kl", ".4f"),
                show("explained_variance", ".2f"),
                show("decisions_per_second", ",.0f"),
            ]
        ),
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
