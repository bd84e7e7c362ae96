"""Agents leave as files, and play in other programs as they do here."""

import io
import json
import zipfile
from functools import partial
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import mate
import mate_arena
from mate import episodes
from mate.agents.batched import make
from mate.interfaces.pettingzoo import ParallelEnvironment
from mate.scenario import Scenario
from policies import Dimensions
from policies.errors import CheckpointError
from tests.policies.checkpoints import make_checkpoint
from tournament import archives, matches
from tournament.agents import AgentError, Builtin, LearnedAgent, Mixture

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebooks" / "agents.ipynb"
SCENARIO = "MATE-4v2-0"
CHECKPOINT = make_checkpoint(scenario=Dimensions(4, 2, 0))
LEARNED = LearnedAgent("camera", CHECKPOINT.digest)
MIXED = Mixture("camera", ((0.5, Builtin("camera", "greedy")), (0.5, LEARNED)))


def store(digest):
    assert digest == CHECKPOINT.digest
    return CHECKPOINT.to_bytes()


@pytest.fixture
def native(tmp_path):
    path = tmp_path / "agent.zip"
    CHECKPOINT.save(path)
    return path


@pytest.fixture
def mixed(tmp_path):
    path = tmp_path / "mixed.zip"
    with path.open("wb") as file:
        archives.write(file, {"Mixed": MIXED, "Best": LEARNED, "Fixed": Builtin("target", "heuristic")}, store)
    return path


def play(camera):
    target = partial(make, "greedy", "target")
    return episodes.play(Scenario.load(SCENARIO), camera, target, range(4), max_steps=30)


@pytest.mark.parametrize("name", ["Mixed", "Best"])
def test_a_file_plays_the_episodes_of_its_agent(mixed, name):
    spec = {"Mixed": MIXED, "Best": LEARNED}[name]
    expected = matches.play(
        Scenario.load(SCENARIO), spec, Builtin("target", "greedy"), range(4), lambda digest: CHECKPOINT, max_steps=30
    )
    assert play(mate_arena.load(mixed, name)) == expected


def test_a_native_checkpoint_is_an_agent_too(native):
    agent = mate_arena.load(native)
    assert (agent.team, agent.spec) == ("camera", LEARNED)
    assert mate_arena.load(native, deterministic=True).spec.deterministic


def test_an_agent_is_an_opponent_in_three_lines(native):
    agent = mate_arena.load(native)
    env = mate.MultiTarget(mate.make("MATE-4v2-0-v0"), camera_agent=agent.member(seed=1))
    observation = env.reset(seed=0)
    assert len(observation) == 2
    _, reward, _, _ = env.step(np.zeros((2, 2)))
    assert np.isfinite(reward)


def test_it_is_gymnasiums_opponent(native):
    env = gymnasium.make("MATE-4v2-0-v0", team="target", opponent=mate_arena.load(native).member(seed=1))
    env.reset(seed=0)
    assert np.isfinite(env.step(env.action_space.sample())[1])


def test_it_plays_its_team_in_pettingzoo(mixed):
    env = ParallelEnvironment(mate.make("MATE-4v2-0-v0"))
    observations, _ = env.reset(seed=0)
    seats = [mate_arena.load(mixed, name).seat(env, seed=2) for name in ("Mixed", "Fixed")]
    for _ in range(3):
        actions = {}
        for seat in seats:
            actions |= seat.act(observations)
        observations, rewards, *_ = env.step(actions)
    assert set(actions) == set(env.possible_agents) and np.isfinite(rewards["camera_0"])


def test_a_seated_team_makes_the_same_moves_in_every_interface(native):
    base = mate.make("MATE-4v2-0-v0")
    camera, _ = base.reset(seed=3)
    agent = mate_arena.load(native)
    as_array = agent.seat(base, seed=7).act(camera)
    by_name = agent.seat(ParallelEnvironment(base), seed=7).act(
        {f"camera_{index}": row for index, row in enumerate(camera)}
    )
    assert (np.array(list(by_name.values())) == as_array).all()


def test_of_several_agents_one_is_named(mixed):
    with pytest.raises(AgentError, match=r"3 agents\. Give the name of one of them: Mixed, Best, Fixed"):
        mate_arena.load(mixed)
    with pytest.raises(AgentError, match="no agent 'Worst'"):
        mate_arena.load(mixed, "Worst")
    with pytest.raises(AgentError, match="no single checkpoint"):
        mate_arena.load(mixed, "Mixed", deterministic=True)


def test_equal_agents_are_equal_files():
    files = [io.BytesIO(), io.BytesIO()]
    for file in files:
        archives.write(file, {"Mixed": MIXED}, store, {"portal": "here"})
    assert files[0].getvalue() == files[1].getvalue()


def rewrite(path, change):
    """The file with some entries changed."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


CHANGES = {
    "no list": lambda entries: entries.pop("agents.json"),
    "no checkpoint": lambda entries: entries.pop(f"checkpoints/{CHECKPOINT.digest}.zip"),
    "other weights": lambda entries: entries.update(
        {f"checkpoints/{CHECKPOINT.digest}.zip": make_checkpoint(scenario=Dimensions(4, 2, 0), frame_skip=7).to_bytes()}
    ),
    "no zip inside": lambda entries: entries.update({f"checkpoints/{CHECKPOINT.digest}.zip": b"PK"}),
    "another version": lambda entries: entries.update(
        {"agents.json": b'{"format": "mate-arena-agents", "version": 2}'}
    ),
    "no JSON": lambda entries: entries.update({"agents.json": b"{"}),
    "an unknown kind": lambda entries: entries.update(
        {
            "agents.json": json.dumps(
                {
                    "format": "mate-arena-agents",
                    "version": 1,
                    "facts": {},
                    "agents": [{"name": "x", "spec": {"kind": "code"}}],
                }
            ).encode()
        }
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_altered_file_is_refused(mixed, change):
    rewrite(mixed, change)
    with pytest.raises((AgentError, CheckpointError)):
        mate_arena.load(mixed, "Mixed")


def test_what_is_no_zip_is_refused(tmp_path):
    path = tmp_path / "agent.zip"
    path.write_bytes(b"\x80\x04 a pickle")
    with pytest.raises(AgentError, match="no file of agents"):
        mate_arena.load(path)


def test_the_notebook_plays_an_agent_in_every_interface(tmp_path, monkeypatch, capsys):
    path = tmp_path / "agent.zip"
    make_checkpoint(scenario=Dimensions(4, 8, 9)).save(path)
    monkeypatch.setenv("ARENA_AGENT", str(path))
    document = json.loads(NOTEBOOK.read_text())
    names = {"__name__": "__main__"}
    for number, cell in enumerate(document["cells"]):
        if cell["cell_type"] == "code":
            assert not cell["outputs"]
            exec(compile("".join(cell["source"]), f"{NOTEBOOK.name}, cell {number}", "exec"), names)
    assert len(names["results"]) == 4 and set(names["cameras"]) == {f"camera_{index}" for index in range(4)}
    assert "a camera agent" in capsys.readouterr().out
