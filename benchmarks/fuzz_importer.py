"""Fuzz the importer with damaged checkpoints: ``python -m benchmarks.fuzz_importer --mutations 100000 --seed 1``.

The importer must either refuse a damaged file (ImportRefused) or return sound agents. Sound agents can be saved and
loaded again, and they play with finite outputs and actions. Anything else is a failure: another exception, a crash,
more memory or time than allowed, a file that is written, a connection, or a started process. A worker process with
limits reads the files; an audit hook (PEP 578) tells what it opens, connects to and starts. If the worker dies, the
benchmark names the file that killed it and continues with another worker. The exit status is 0 if nothing failed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from policies import Checkpoint, CheckpointError, Dimensions
from policies.graphs.graph import Graph
from policies.importing import ImportRefused
from policies.importing.reading import read_file
from policies.inference import BatchedPolicy
from policies.warm import warm
from tests.policies.mutations import Mutations

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = ROOT / "tests" / "data" / "hostile"
MEMORY = 1536 * 2**20
SECONDS_PER_FILE = 10
REPORT_EVERY = 2000
ACTS = ("socket.", "subprocess.", "shutil.", "os.exec", "os.fork", "os.link", "os.mkdir", "os.posix_spawn", "os.remove",
"os.rename", "os.rmdir", "os.symlink", "os.system", "os.truncate")  # fmt: skip
"""Beginnings of the audit events that reading a checkpoint never causes."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Unsound(Exception):
    """A damaged file gave an agent that is not sound."""


@dataclass(frozen=True)
class Sizes:
    """The dimensions of a scenario in which every message arrives."""

    num_cameras: int
    num_targets: int
    num_obstacles: int
    enhanced_observation: str = "none"
    communication_range: float | None = None
    message_dropout: float = 0.0
    communication_delay: int = 0

    def is_silent(self, team: str) -> bool:
        """Return whether no message of the team arrives."""
        return False


def check_sound(checkpoint: Checkpoint) -> None:
    """Raise Unsound unless a checkpoint survives saving and loading, and plays with finite numbers."""
    if Checkpoint.from_bytes(checkpoint.to_bytes()).digest != checkpoint.digest:
        raise Unsound("a saved and loaded checkpoint has another digest")
    recipe = checkpoint.recipe
    dimensions = recipe.scenario or Dimensions(4, 8, 9)
    sizes = Sizes(dimensions.cameras, dimensions.targets, dimensions.obstacles)
    width = dimensions.observation_size(recipe.team)
    try:
        policy = BatchedPolicy(checkpoint, sizes, 1)
        observations = np.random.default_rng(0).uniform(-2000, 2000, (1, policy.num_agents, width))
        policy.reset(np.array([0]), np.array([1], np.uint64), observations)
        outputs = policy.infer(np.array([0]), observations)
        actions = np.full((1, policy.num_agents, 2), np.nan)
        for _ in range(2):
            policy.act(observations, actions, np.array([True]))
    except CheckpointError:
        if isinstance(recipe.architecture, Graph):
            return  # Only the rehearsal finds out whether a graph can be computed.
        raise
    if not np.isfinite(outputs).all():
        raise Unsound("an output of the network is not finite")
    if not np.isfinite(actions).all():
        raise Unsound("an action is not finite")


class Watch:
    """An audit hook that records what a process does to files, networks and other processes while it is on."""

    def __init__(self) -> None:
        self.is_on = False
        self.acts: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.is_on and (event.startswith(ACTS) or (event == "open" and (arguments[2] or 0) & WRITING)):
            self.acts.append(f"{event} {arguments!r}"[:200])

    def check(self) -> None:
        """Raise Unsound if something was recorded; forget it."""
        acts, self.acts = self.acts, []
        if acts:
            raise Unsound(f"the importer did more than read: {'; '.join(acts)}")


def try_file(content: bytes, watch: Watch | None = None) -> str:
    """Read one damaged file; return the step at which it was refused, or ``sound``.

    Raises Unsound, or any exception of the importer.
    """
    watch = watch or Watch()
    with tempfile.TemporaryFile() as file:  # like uploads: files refuse some seeks that buffers accept
        file.write(content)
        watch.is_on = True
        try:
            return _read(file)
        finally:
            watch.is_on = False
            watch.check()


def _read(file: BinaryIO) -> str:
    try:
        report = read_file(file)
    except ImportRefused as refusal:
        return refusal.steps[-1].name.split(" of ")[0] if refusal.steps else "refused without steps"
    for agent in report.agents:
        check_sound(agent.checkpoint)
    json.dumps(report.to_json(), allow_nan=False)
    return "sound"


def marker_files() -> set[str]:
    """Return the files that executed code of a hostile checkpoint would have created."""
    return {str(path) for path in Path(tempfile.gettempdir()).glob("*pwned*")}


def genuine_files() -> list[Path]:
    """Return the zips of genuine checkpoints; empty without the reference data."""
    folder = Path(os.environ.get("ARENA_REFERENCE_DATA") or ROOT.parent / "shared") / "checkpoints" / "public"
    return sorted(folder.glob("*.zip")) if folder.is_dir() else []


def _raise_timeout(*_: Any) -> None:
    raise TimeoutError(f"a file took more than {SECONDS_PER_FILE} s of processor time")


def work(seed: int, first: int, last: int, is_small: bool, only_models: bool) -> None:
    """In the worker process: read mutations ``first`` to ``last`` and print a line of JSON for each."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _raise_timeout)
    warm()
    watch = Watch()
    sys.addaudithook(watch)
    mutations = Mutations(seed, sorted(HOSTILE.iterdir()), [] if is_small else genuine_files(), only_models)
    for index in range(first, last):
        print(json.dumps({"began": index}), flush=True)
        content = mutations.make(index)
        signal.setitimer(signal.ITIMER_PROF, SECONDS_PER_FILE)
        start = time.process_time()
        try:
            outcome, failure = try_file(content, watch), ""
        except Exception as error:
            outcome, failure = "failed", f"{type(error).__name__}: {error}"[:300]
        signal.setitimer(signal.ITIMER_PROF, 0)
        answer = {"outcome": outcome, "failure": failure, "seconds": time.process_time() - start}
        print(json.dumps(answer | {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)


@dataclass
class Tally:
    """The results so far."""

    outcomes: Counter[str]
    failures: list[str]
    slowest: float = 0.0
    memory: int = 0


def follow(options: argparse.Namespace, first: int, tally: Tally) -> int:
    """Run a worker from mutation ``first`` on; return the number after the last one that it finished or died of."""
    command = [sys.executable, "-m", "benchmarks.fuzz_importer", "--worker", str(first)]
    command += ["--mutations", str(options.mutations), "--seed", str(options.seed)]
    command += ["--small"] if options.small else []
    command += ["--onnx"] if options.onnx else []
    worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert worker.stdout is not None
    began = first - 1
    is_open = False
    for line in worker.stdout:
        answer = json.loads(line)
        is_open = "began" in answer
        if is_open:
            began = answer["began"]
            continue
        tally.outcomes[answer["outcome"]] += 1
        tally.slowest, tally.memory = max(tally.slowest, answer["seconds"]), max(tally.memory, answer["memory"])
        if answer["failure"]:
            tally.failures.append(f"mutation {began}: {answer['failure']}")
            print(tally.failures[-1], flush=True)
        if (began + 1) % REPORT_EVERY == 0:
            print(f"{began + 1:,} read, {len(tally.failures)} failures", flush=True)
    status = worker.wait()
    if is_open or status != 0:
        tally.failures.append(f"mutation {began}: the worker died with status {status}")
        print(tally.failures[-1], flush=True)
    return max(began, first) + 1


def main() -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fuzz_importer",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--mutations", type=int, default=1000, help="number of damaged files")
    parser.add_argument("--seed", type=int, default=0, help="random seed of the mutations")
    parser.add_argument("--small", action="store_true", help="leave out the large genuine checkpoints")
    parser.add_argument("--onnx", action="store_true", help="damage only models in the ONNX format")
    parser.add_argument("--worker", type=int, metavar="FIRST", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        work(options.seed, options.worker, options.mutations, options.small, options.onnx)
        return 0
    start, before = time.monotonic(), marker_files()
    tally, following = Tally(Counter(), []), 0
    while following < options.mutations:
        following = follow(options, following, tally)
    if marker_files() != before:
        tally.failures.append(f"files were created: {sorted(marker_files() - before)}")
    print(f"{sum(tally.outcomes.values()):,} files in {time.monotonic() - start:.0f} s: ", end="")
    print(", ".join(f"{count:,} {outcome}" for outcome, count in tally.outcomes.most_common()))
    print(
        f"slowest {tally.slowest:.2f} s, greatest memory {tally.memory / 2**20:.0f} MiB, {len(tally.failures)} failures"
    )
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
