"""Measure what it costs to keep messages: ``python -m benchmarks.messages``.

The benchmark copies the game into a temporary folder and removes the messages from its kernels there: what is sent
arrives at once, and nobody records it. Both versions play the same episodes, in alternation (A B A B). The exit status
is 1 if the bare engine of this checkout runs at less than 0.98 of the other's rate, or greedy or heuristic teams at
less than 0.95 of it. The engine knows no messages, so its ratio shows the noise.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks import against, machine

SILENT = '''
@inlined
def begin_messages(messages, slot, step):
    """Do nothing."""


@inlined
def send(messages, limits, slot, key, step, sender, recipient, dx, dy, kind):
    """Let everything arrive."""
    return True


def edges_by_member(camera, target):
    """Count nothing."""
    return {}
'''


def copy_without_messages(folder: Path) -> None:
    """Write the game without messages into a folder."""
    root = Path(__file__).resolve().parent.parent
    shutil.copytree(root / "mate", folder / "mate", ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "mate" / "communication.py").open("a", encoding="utf-8") as file:
        file.write(SILENT)


def main() -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.messages", description=__doc__)
    parser.add_argument("--turns", type=int, default=40, metavar="N")
    options = parser.parse_args()
    print(machine.sentence())
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        copy_without_messages(Path(name))
        return against.compare(Path(name), options.turns)


if __name__ == "__main__":
    sys.exit(main())
