"""Memory of an idle portal: ``python -m benchmarks.memory``.

The benchmark starts a fresh portal as `make run` does, and waits for its first tournament. Then it prints each
process's proportional set size (PSS) and their sum. PSS divides shared memory equally among the processes that share
it, so the sum is the memory that would be free without the portal.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import machine
from benchmarks.installation import has_finished, launched_portal, wait_for


def main() -> int:
    """Run the command. Return its exit status: 1 if the sum is above ``--limit``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--workers", type=int, default=2, metavar="N")
    parser.add_argument(
        "--limit", type=float, default=500, metavar="MIB", help="maximum memory of all processes together"
    )
    parser.add_argument("--fresh", action="store_true", help="do not wait for the first tournament")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        sizes = measure(Path(folder), options.workers, options.fresh)
    for name, size in sizes:
        print(f"{size:7.1f} MiB  {name}")
    total = sum(size for _, size in sizes)
    print(f"{total:7.1f} MiB  all processes (at most {options.limit:g}); {machine.sentence()}")
    return int(total > options.limit)


def measure(folder: Path, workers: int, is_fresh: bool) -> list[tuple[str, float]]:
    """Start a private portal; return the name and size in MiB of each of its processes, largest first."""
    with launched_portal(folder, workers) as portal:
        if not is_fresh:
            wait_for(lambda: has_finished(portal.address) or not portal.is_running, every=5)
        if not portal.is_running:
            raise SystemExit(portal.screen.read_text())
        sizes = [(title_of(pid), proportional_mebibytes(pid)) for pid in tree(portal.launcher.pid)]
        return sorted(sizes, key=lambda line: -line[1])


def tree(root: int) -> Iterator[int]:
    """Yield the ids of a process and of all its descendants."""
    yield root
    for path in Path(f"/proc/{root}/task").glob("*/children"):
        for child in path.read_text().split():
            yield from tree(int(child))


def title_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").replace(f"{sys.executable} ", "").strip()[:80]


def proportional_mebibytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


if __name__ == "__main__":
    sys.exit(main())
