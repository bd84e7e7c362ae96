"""Damaged checkpoints are refused or sound; ``python -m benchmarks.fuzz_importer`` tries more of them."""

import io
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.fuzz_importer import HOSTILE, Unsound, Watch, marker_files, try_file
from policies.importing.reading import read_file
from tests.policies.mutations import Mutations, seed_corpus

COUNT = 1500


@pytest.mark.parametrize("part", range(3))
def test_damaged_checkpoints_cause_nothing_but_refusals_or_sound_agents(part: int) -> None:
    before = marker_files()
    mutations = Mutations(2024, sorted(HOSTILE.iterdir()), [])
    outcomes = [try_file(mutations.make(index)) for index in range(part * COUNT // 3, (part + 1) * COUNT // 3)]
    assert 0.02 < outcomes.count("sound") / len(outcomes) < 0.6
    assert len(set(outcomes)) >= 5 and marker_files() == before


def test_a_mutation_is_made_again_from_its_number() -> None:
    first, second = (Mutations(5, sorted(HOSTILE.iterdir()), []) for _ in range(2))
    first.make(3)
    assert [first.make(index) for index in (30, 7)] == [second.make(index) for index in (30, 7)]


def test_the_undamaged_files_are_sound() -> None:
    assert all(read_file(io.BytesIO(content)).agents for content in seed_corpus())


@pytest.mark.parametrize(
    "act", [lambda at: at.write_text("x"), lambda at: os.mkdir(at), lambda at: socket.socket().close(),
    lambda at: subprocess.run(["true"], check=True)],
)  # fmt: skip
def test_whoever_reads_and_writes_connects_or_starts_something_is_unsound(
    tmp_path: Path, act: Callable[[Path], Any]
) -> None:
    watch = Watch()
    sys.addaudithook(watch)  # It stays until the process ends, and is off from here on.
    act(tmp_path / "allowed")
    watch.check()
    watch.is_on = True
    try:
        (tmp_path / "read").exists()
        act(tmp_path / "seen")
    finally:
        watch.is_on = False
    with pytest.raises(Unsound, match="more than read"):
        watch.check()
