"""Record, verify, regenerate and describe replay files: `python -m tournament.replays`."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from mate.errors import UserError
from mate.scenario import Scenario
from tournament import agents, replays


def main(arguments: list[str] | None = None) -> int:
    options = make_parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        return status
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename} cannot be read or written: {error.strerror}.", file=sys.stderr)
        return 1


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tournament.replays", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser(
        "verify", help="run the stored actions again and compare the results; the exit status is 1 if anything differs"
    )
    command.add_argument("files", nargs="+", type=Path)
    command.set_defaults(run=verify)
    command = commands.add_parser("regenerate", help="play the episode again from its seed and agents")
    command.add_argument("file", type=Path)
    command.add_argument("--out", type=Path, required=True)
    command.add_argument("--checkpoints", type=Path, help="folder of native checkpoints named DIGEST.zip")
    command.set_defaults(run=regenerate)
    command = commands.add_parser("record", help="play an episode of two built-in agents")
    command.add_argument("--scenario", default="MATE-4v8-9")
    command.add_argument("--camera", default="greedy")
    command.add_argument("--target", default="greedy")
    command.add_argument("--seed", type=int, default=0)
    command.add_argument("--max-steps", type=int)
    command.add_argument("--out", type=Path, required=True)
    command.set_defaults(run=record)
    command = commands.add_parser("show", help="print the header as JSON, without the table of columns")
    command.add_argument("file", type=Path)
    command.set_defaults(run=show)
    return parser


def verify(options: argparse.Namespace) -> int:
    verdicts = []
    for path in options.files:
        verdict = replays.verify(path.read_bytes())
        print(f"{path}: {verdict}")
        verdicts.append(verdict.is_same)
    return 0 if all(verdicts) else 1


def regenerate(options: argparse.Namespace) -> int:
    def open_checkpoint(digest: str) -> Any:
        from policies import Checkpoint

        if options.checkpoints is None:
            raise agents.AgentError(f"The episode needs checkpoint {digest}. Name its folder with --checkpoints.")
        return Checkpoint.load(options.checkpoints / f"{digest}.zip")

    options.out.write_bytes(replays.regenerate(options.file.read_bytes(), open_checkpoint))
    print(f"{options.out}: the same trajectory")
    return 0


def record(options: argparse.Namespace) -> int:
    scenario = Scenario.load(options.scenario)
    camera, target = agents.Builtin("camera", options.camera), agents.Builtin("target", options.target)
    data = replays.record(scenario, camera, target, options.seed, max_steps=options.max_steps)
    options.out.write_bytes(data)
    steps = replays.read(data).num_steps
    print(f"{options.out}: {steps} steps, {len(data)} bytes, {len(data) / steps:.1f} bytes a step")
    return 0


def show(options: argparse.Namespace) -> int:
    header, _ = replays.read_header(options.file.read_bytes())
    print(json.dumps({key: value for key, value in header.items() if key != "columns"}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
