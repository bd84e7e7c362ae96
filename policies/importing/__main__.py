"""Importing from the command line: ``python -m policies.importing PATH [--output FOLDER]``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from policies.importing import ImportRefused, Step, read


def _show(step: Step) -> None:
    print(f"{step.status:<8}{step.name}{f': {step.detail}' if step.detail else ''}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command. Return its exit status: 0 if the file could be imported, 1 if not."""
    parser = argparse.ArgumentParser(
        prog="python -m policies.importing",
        description="Check a checkpoint with the same checks as an upload, and write its agents as native checkpoints.",
    )
    parser.add_argument(
        "file",
        type=Path,
        metavar="PATH",
        help="a native checkpoint, a folder or archive of RLlib trials or of a PSRO result, "
        "or the checkpoint-N file of a trial or a link to it",
    )
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="folder to write the native checkpoints to")
    options = parser.parse_args(arguments)
    try:
        report = read(options.file, watch=_show)
    except ImportRefused as error:
        print(f"refused: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or options.file} cannot be read: {error.strerror}.", file=sys.stderr)
        return 1
    for agent in report.agents:
        print(f"{agent.name}: {agent.checkpoint.recipe.team}, digest {agent.checkpoint.digest}")
        for note in agent.notes:
            print(f"  {note}")
        if options.output is not None:
            options.output.mkdir(parents=True, exist_ok=True)
            path = options.output / f"{agent.checkpoint.digest[:16]}.zip"
            agent.checkpoint.save(path)
            print(f"  written to {path}")
    for mixture in report.mixtures:
        members = ", ".join(f"{member.label} {member.weight:.3g}" for member in mixture.members if member.weight > 0)
        print(f"{mixture.name}: {members}{'' if mixture.is_playable else ' (members are missing)'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
