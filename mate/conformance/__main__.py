"""Replay recordings: exit 0 if all agree, 1 if any differs, 2 if any cannot be read."""

import argparse
import importlib
import sys
from collections.abc import Callable, Iterator

from mate.conformance.recording import Recording, UnreadableRecording
from mate.conformance.report import Report
from mate.errors import UserError

Checker = Callable[[Recording, Report], None]


def find_checkers(recording: Recording) -> Iterator[Checker]:
    """The checkers for what the recording holds, told by its keys.

    Modules are looked up by name so that each subject stays in its own: ``core`` (every trace), ``resets``, ``wrappers``, ``agents``, ``tables``.
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
    return importlib.import_module(f"mate.conformance.{module}").check


def examine(path: str) -> Report:
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


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m mate.conformance", description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE", help="recording (.npz)")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="list every comparison, not the worst of each array"
    )
    options = parser.parse_args(arguments)
    status = 0
    for path in options.files:
        try:
            report = examine(path)
        except UnreadableRecording as error:
            print(f"{path}: UNREADABLE: {error}", file=sys.stderr)
            status = 2
            continue
        print("\n".join(report.lines(options.verbose)), flush=True)
        status = max(status, 0 if report.passes else 1)
    return status


if __name__ == "__main__":
    sys.exit(main())
