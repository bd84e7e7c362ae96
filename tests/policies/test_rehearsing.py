"""Uploaded agents play their first steps in a confined process, with the exact kernels, and are measured there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policies import Action, Checkpoint, Dimensions
from policies.importing.limits import MEGABYTE, Limits
from policies.rehearsing import RehearsalFailed, asking, rehearse
from tests.policies.checkpoints import IPPO, IQL, MAPPO, QMIX, make_checkpoint
from tests.policies.hostile_contents import large_network

ROOT = Path(__file__).resolve().parents[2]

# A program like the real one, whose agents of certain names misbehave.
PROGRAM = """
import os, runpy, sys
sys.path.insert(0, {root!r})
from policies import inference

def misbehave(self, observations, actions, active):
    name = self.recipe.provenance.get("name")
    if name == "loops":
        while True:
            pass
    if name == "hoards":
        self.hoard = bytearray(400 * 2**20)
    if name == "reads":
        open("/etc/passwd")
    if name == "dies":
        os._exit(3)
    act(self, observations, actions, active)
    if name == "gives nothing":
        actions[:] = float("nan")

act, inference.BatchedPolicy.act = inference.BatchedPolicy.act, misbehave
runpy.run_path({program!r}, run_name="__main__")
"""


@pytest.fixture(scope="module", autouse=True)
def ended() -> Iterator[None]:
    yield
    asking.end_all()


@pytest.fixture
def misbehaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(root=str(ROOT), program=str(asking.PROGRAM)))
    monkeypatch.setattr(asking, "PROGRAM", program)
    monkeypatch.setattr(asking, "_stages", [])
    yield
    asking.end_all()


def named(name: str) -> Checkpoint:
    return make_checkpoint(provenance={"name": name})


KINDS: list[dict[str, Any]] = [
    {"architecture": MAPPO, "action": Action("levels", 5)},
    {"architecture": IPPO, "action": Action("box"), "team": "target"},
    {"architecture": QMIX, "action": Action("levels", 5, outputs="values", epsilon=0.1), "team": "target"},
    {"architecture": IQL, "action": Action("select-subset", outputs="values")},
    {"architecture": IPPO, "action": Action("select-many")},
    {"architecture": MAPPO, "action": Action("select-one"), "enhanced_observation": "both"},
    {"architecture": MAPPO, "action": Action("levels", 3), "scenario": Dimensions(3, 5, 2)},
    {"architecture": QMIX, "action": Action("box"), "team": "target", "scenario": Dimensions(0, 8, 32)},
]


def test_every_kind_of_network_and_action_is_played_with_nothing_to_compile() -> None:
    for kind in KINDS:
        for is_deterministic in (False, True):
            found = rehearse(make_checkpoint(**kind), is_deterministic)
            assert found.steps == 60 and found.seconds < 1.0, (kind, found)


def test_a_large_network_is_stopped_after_its_time_and_measured() -> None:
    found = rehearse(Checkpoint.from_bytes(large_network()), False, seconds=0.1)
    assert 1 <= found.steps < 60
    assert found.rate == pytest.approx(found.steps / found.seconds)


def test_a_network_that_does_not_fit_into_the_memory_is_refused() -> None:
    with pytest.raises(RehearsalFailed, match="needs more than 50 MiB of memory"):
        rehearse(Checkpoint.from_bytes(large_network()), False, limits=Limits(memory=50 * MEGABYTE))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("loops", "did not play its first step in 2 s"),
        ("hoards", "more than 256 MiB of memory"),
        ("reads", "failed while acting: PermissionError"),
        ("gives nothing", "not a finite number"),
    ],
)
def test_an_agent_that_misbehaves_harms_nobody_and_is_told_why(misbehaving: None, name: str, words: str) -> None:
    with pytest.raises(RehearsalFailed, match=words):
        rehearse(named(name), False, seconds=0.5)
    assert rehearse(named("plays"), False).steps == 60


def test_a_process_that_dies_is_our_fault_and_the_next_agent_is_played(misbehaving: None) -> None:
    with pytest.raises(RuntimeError, match="ended with status 3"):
        rehearse(named("dies"), False)
    assert rehearse(named("plays"), False).steps == 60


def test_a_program_that_ended_while_it_waited_is_started_again() -> None:
    rehearse(make_checkpoint(), False)
    waiting = asking._stages[-1]
    waiting.process.kill()
    waiting.process.wait()
    assert rehearse(make_checkpoint(), False).steps == 60
