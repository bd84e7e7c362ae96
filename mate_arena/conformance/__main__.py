"""Replay recordings: exit 0 if all agree, 1 if any differs, 2 if any cannot be read."""

import argparse
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from mate.errors import UserError
from mate_arena.conformance.recording import Recording, UnreadableRecording
from mate_arena.conformance.report import Report

Checker = Callable[[Recording, Report], None]


def find_checkers(recording: Recording) -> Iterator[Checker]:
    """The checkers for what the recording holds, told by its keys.

    Modules are looked up by name so that each subject stays in its own: ``core`` (every trace), ``resets``,
    ``wrappers``, ``agents``, ``tables``.
    """
    prefixes = {name.split("_", 1)[0] for name in recording}
    if recording.meta.get("kind") == "resets":
        yield _checker("resets")
        return
    if "meta" in recording and "sight_ptr" not in recording and "camera_action" not in recording:
        yield _checker("tables")
        return
    yield _checker("core")
    if prefixes & {"w", "discrete", "selection", "action"}:
        yield _checker("wrappers")
    if prefixes & {"ca", "ta"}:
        yield _checker("agents")


def _checker(module: str) -> Checker:
    return importlib.import_module(f"mate_arena.conformance.{module}").check


def examine(path: Path) -> Report:
    """Check one recording. Raises UnreadableRecording if it cannot be read or lacks an array."""
    recording = Recording(path)
    report = Report(str(path))
    for check in find_checkers(recording):
        try:
            check(recording, report)
        except (IndexError, KeyError, TypeError, ValueError, OverflowError, UserError) as error:
            if isinstance(error, UnreadableRecording):
                raise
            raise UnreadableRecording(f"{path} is malformed: {type(error).__name__}: {error}") from error
    unknown = sorted(set(recording) - report.covered)
    report.demand(", ".join(unknown) or "names of arrays", not unknown, "only arrays of the format are in the file")
    return report


def find_recordings(path: Path) -> list[Path]:
    """The file itself, or all recordings in a folder, however deep.

    Raises UnreadableRecording if the folder has none.
    """
    if not path.is_dir():
        return [path]
    found = sorted(path.rglob("*.npz"))
    if not found:
        raise UnreadableRecording(f"{path} is a folder that has no recording (.npz) in it.")
    return found


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m mate_arena.conformance", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="recording (.npz), or a folder of them")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="list every comparison, not the worst of each array"
    )
    options = parser.parse_args(arguments)
    return max(replay(Path(name), options.verbose) for name in options.files)


def replay(path: Path, verbose: bool) -> int:
    """Replay a recording, or those of a folder, and print what was found; the exit status."""
    try:
        recordings = find_recordings(path)
        if recordings != [path]:
            return max(replay(recording, verbose) for recording in recordings)
        report = examine(path)
    except UnreadableRecording as error:
        print(f"{path}: UNREADABLE: {error}", file=sys.stderr)
        return 2
    print("\n".join(report.lines(verbose)), flush=True)
    return 0 if report.passes else 1


if __name__ == "__main__":
    sys.exit(main())
