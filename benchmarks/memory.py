"""Memory of an idle portal: ``python -m benchmarks.memory``.

The benchmark starts a fresh portal as `make run` does, and waits for its first tournament. Then it prints each
process's proportional set size (PSS) and their sum. PSS divides shared memory equally among the processes that share
it, so the sum is the memory that would be free without the portal.

With ``--requests N``, ``wrk`` then requests all pages that the first page and its links lead to, N times in all, over
ten connections. A line for each tenth shows the memory of the website's processes and the number of errors. The exit
status is 1 if they grew by more than a tenth after the first tenth, or if any answer was an error.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks import machine, wrk
from benchmarks.installation import has_finished, launched_portal, wait_for


def main() -> int:
    """Run the command. Return its exit status: 1 if the sum is above ``--limit``."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("--workers", type=int, default=2, metavar="N")
    parser.add_argument(
        "--limit", type=float, default=500, metavar="MIB", help="maximum memory of all processes together"
    )
    parser.add_argument("--fresh", action="store_true", help="do not wait for the first tournament")
    parser.add_argument("--requests", type=int, default=0, metavar="N", help="also request pages, N times")
    options = parser.parse_args()
    if options.requests:
        wrk.require()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        sizes, has_grown = measure(Path(folder), options)
    for name, size in sizes:
        print(f"{size:7.1f} MiB  {name}")
    total = sum(size for _, size in sizes)
    print(f"{total:7.1f} MiB  all processes (at most {options.limit:g}); {machine.sentence()}")
    return int(total > options.limit or has_grown)


def measure(folder: Path, options: argparse.Namespace) -> tuple[list[tuple[str, float]], bool]:
    """Start a private portal. Return the name and size in MiB of each of its processes, largest first, and whether
    requests made them grow.
    """
    with launched_portal(folder, options.workers) as portal:
        if not options.fresh:
            wait_for(lambda: has_finished(portal.address) or not portal.is_running, every=5)
        if not portal.is_running:
            raise SystemExit(portal.screen.read_text())
        sizes = [(title_of(pid), proportional_mebibytes(pid)) for pid in tree(portal.launcher.pid)]
        has_grown = options.requests > 0 and grows(portal.address, portal.launcher.pid, options.requests)
        return sorted(sizes, key=lambda line: -line[1]), has_grown


def grows(address: str, launcher: int, requests: int) -> bool:
    """Request pages; return whether the website's processes grew, or an answer was an error."""
    pages, done, failed, sizes = linked_pages(address), 0, 0, list[float]()
    while done < requests:
        told = wrk.press(address, connections=10, seconds=10, paths=pages)
        done, failed = done + told["requests"], failed + told["failed"]
        if done >= requests * (len(sizes) + 1) / 10:
            website = [pid for pid in tree(launcher) if "granian" in title_of(pid)]
            sizes.append(sum(map(proportional_mebibytes, website)))
            print(f"{done:9,d} requests of {len(pages)} pages: {sizes[-1]:7.1f} MiB, {failed} errors", flush=True)
    return failed > 0 or sizes[-1] > 1.1 * sizes[0]


def linked_pages(address: str) -> list[str]:
    """Return the paths that the first page links to, and those that these link to, without files and forms."""
    first = dict.fromkeys(["/", *links_of(address, "/")])
    return list(first | dict.fromkeys(link for path in first for link in links_of(address, path)))


def links_of(address: str, path: str) -> list[str]:
    with urllib.request.urlopen(address + path, timeout=60) as answer:
        links = re.findall(r'href="(/[^"#?]*/)"', answer.read().decode())
    return [link for link in links if not link.startswith(("/static/", "/accounts/", "/exports/"))]


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
