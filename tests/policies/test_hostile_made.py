"""Costly or misleading files stay within the limits, and each refusal names its cause."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from policies.importing.limits import DEFAULT_LIMITS
from tests.policies.hostile_archives import Case, archive_cases
from tests.policies.hostile_contents import content_cases

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 10.0
MEMORY = 256 * 2**20


def read_measured(cases: list[Case], folder: Path) -> Iterator[tuple[str, str, dict]]:
    """Yield the name and expected words of each case, and the result and cost of reading its file."""
    paths = []
    for name, make, _ in cases:
        paths.append(folder / name)
        paths[-1].write_bytes(make())
    command = [sys.executable, "-m", "tests.policies.measured_reading", *map(str, paths)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    for (name, _, words), line in zip(cases, ended.stdout.splitlines(), strict=True):
        yield name, words, json.loads(line)


def faults_of(cases: list[Case], folder: Path) -> list[str]:
    faults = []
    for name, words, found in read_measured(cases, folder):
        is_named = found["outcome"] == "sound" if not words else re.search(words, found["words"]) is not None
        if found["outcome"] == "ended" or not is_named:
            faults.append(f"{name}: {found['outcome']}, {found['words'][:200]!r}, expected {words!r}")
        if found["seconds"] > SECONDS or found["memory"] > MEMORY:
            faults.append(f"{name}: {found['seconds']:.1f} s, {found['memory'] >> 20} MiB")
    return faults


def test_at_least_a_hundred_kinds_are_made() -> None:
    names = [name for name, _, _ in archive_cases() + content_cases()]
    assert len(set(names)) == len(names) >= 100


@pytest.mark.parametrize("cases", [archive_cases, content_cases])
def test_no_hostile_file_costs_more_than_its_limits_and_each_is_named(cases, tmp_path: Path) -> None:
    assert faults_of(cases(), tmp_path) == []


def test_the_limits_are_those_that_are_promised() -> None:
    assert DEFAULT_LIMITS.cpu_seconds <= SECONDS and DEFAULT_LIMITS.memory <= MEMORY
