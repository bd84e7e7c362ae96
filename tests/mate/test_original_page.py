"""docs/original.md: each option runs, each agent plays and each wrapper steps as the tables say."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from gymnasium import spaces

import mate
from mate.configuration import read_config
from mate.evaluate import main

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "original.md").read_text()


def first_cells(title: str) -> list[str]:
    """The names in backticks of a table's first column."""
    section = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert section is not None
    rows = [line.split("|")[1] for line in section[1].splitlines() if line.startswith("| ")]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


@pytest.fixture
def short(tmp_path: Path) -> str:
    path = tmp_path / "short.json"
    path.write_text(json.dumps(read_config("MATE-4v2-9") | {"name": "short", "max_episode_steps": 4}))
    return str(path)


# Options of mate.evaluate

GRID = """
import mate
class Camera(mate.CameraAgentBase):
    def act(self, observation, info=None, deterministic=None):
        return 7
class Target(mate.TargetAgentBase):
    def act(self, observation, info=None, deterministic=None):
        return 7
"""
VALUES = {
    "--config": ["MATE-2v4-0"],
    "--enhanced-observation": ["both"],
    "--shared-field-of-view": ["camera"],
    "--no-communication": ["target"],
    "--seed": ["3"],
    "--episodes": ["2"],
    "--camera-agent": ["heuristic"],
    "--target-agent": ["mate:NaiveTargetAgent"],
    "--camera-kwargs": ['{"memory_period": 10}'],
    "--target-kwargs": ['{"noise_scale": 0.2}'],
    "--camera-discrete-levels": ["5", "--camera-agent", "grid_agents:Camera"],
    "--target-discrete-levels": ["5", "--target-agent", "grid_agents:Target"],
    "--no-render": [],
    "--render-communication": [],
    "--save-video": ["film.png"],
}
EPISODES = {"--episodes": 2}


@pytest.mark.parametrize("option", first_cells("Options of `mate.evaluate`"))
def test_an_option_of_the_page_is_played(
    option: str, short: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "grid_agents.py").write_text(GRID)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    around = [] if option == "--config" else ["--config", short]
    episodes = [] if option == "--episodes" else ["--episodes", "1"]
    assert main([*around, *episodes, option, *VALUES[option], "--json", "found.json"]) == 0
    found = json.loads((tmp_path / "found.json").read_text())
    assert len(found["episodes"]) == EPISODES.get(option, 1)
    assert len(list(tmp_path.glob("film-*.png"))) == (4 if option == "--save-video" else 0)


# Agents


@pytest.mark.parametrize("name", [name for name in first_cells("Agents") if name.endswith("Agent")])
def test_an_agent_of_the_page_plays(name: str, short: str, capsys: pytest.CaptureFixture[str]) -> None:
    team = "camera" if "Camera" in name else "target"
    kind = getattr(mate, name)
    if not name.startswith("Mixture"):
        short_name = name.removesuffix(f"{team.capitalize()}Agent").lower()
        for given in (short_name, f"mate:{name}"):
            arguments = ["--config", short, "--episodes", "1", f"--{team}-agent", given, "--no-render", "--json"]
            assert main(arguments) == 0
            assert json.loads(capsys.readouterr().out)["episodes"][0]["steps"] == 4
        return
    members = [getattr(mate, f"{member}{team.capitalize()}Agent")(seed=1) for member in ("Random", "Greedy")]
    env = mate.make_environment(short)
    seen = dict(zip(("camera", "target"), env.reset(), strict=True))[team]
    agents = kind(candidates=members, seed=2).spawn(len(seen))
    mate.group_reset(agents, seen)
    assert np.isfinite(np.asarray(mate.group_step(env, agents, seen), float)).all()


# Wrappers


def cameras(env: mate.Wrapper) -> mate.Wrapper:
    return mate.MultiCamera(env, target_agent=mate.GreedyTargetAgent(seed=1))


def repeated(env: mate.Wrapper) -> mate.Wrapper:
    return mate.RepeatedRewardIndividualDone(env)


WRAPPED = {
    "RestrictedCommunicationRange": lambda env: mate.RestrictedCommunicationRange(env, 500.0),
    "RandomMessageDropout": lambda env: mate.RandomMessageDropout(env, 0.5),
    "MessageFilter": lambda env: mate.MessageFilter(env, lambda env, message: True),
    "HierarchicalCamera": lambda env: mate.HierarchicalCamera(cameras(env)),
    "DiscreteMultiSelection": lambda env: mate.DiscreteMultiSelection(mate.HierarchicalCamera(cameras(env))),
    "FrameSkip": lambda env: mate.FrameSkip(cameras(env), frame_skip=2),
    "AuxiliaryCameraRewards": lambda env: mate.AuxiliaryCameraRewards(repeated(env), {"coverage_rate": 1.0}),
    "AuxiliaryTargetRewards": lambda env: mate.AuxiliaryTargetRewards(repeated(env), {"raw_reward": 1.0}),
    "RLlibMultiAgentAPI": lambda env: mate.RLlibMultiAgentAPI(repeated(cameras(env))),
    "RLlibMultiAgentCentralizedTraining": lambda env: mate.RLlibMultiAgentCentralizedTraining(
        mate.RLlibMultiAgentAPI(repeated(cameras(env)))
    ),
    "MultiCamera": cameras,
    "MultiTarget": lambda env: mate.MultiTarget(env, camera_agent=mate.GreedyCameraAgent(seed=1)),
    "SingleCamera": lambda env: mate.SingleCamera(
        env, other_camera_agent=mate.GreedyCameraAgent(seed=1), target_agent=mate.GreedyTargetAgent(seed=1)
    ),
    "SingleTarget": lambda env: mate.SingleTarget(
        env, other_target_agent=mate.GreedyTargetAgent(seed=1), camera_agent=mate.GreedyCameraAgent(seed=1)
    ),
}
NO_ENVIRONMENTS = {"MultiDiscrete2DiscreteActionMapper", "MetricCollector"}


@pytest.mark.parametrize("name", [name for name in first_cells("Wrappers") if name not in NO_ENVIRONMENTS])
def test_a_wrapper_of_the_page_steps(name: str) -> None:
    env = WRAPPED.get(name, getattr(mate, name))(mate.make("MATE-4v2-9-v0"))
    assert isinstance(env, mate.Wrapper)
    env.seed(3)
    env.reset()
    for _ in range(3):
        is_keyed = name.startswith("RLlib")
        draw = env.action_space.sample
        given = env.step({agent: draw() for agent in env.agent_ids} if is_keyed else draw())
    assert len(given) == 4
    env.close()


def test_the_two_helpers_of_the_page_do_their_work() -> None:
    mapper = mate.MultiDiscrete2DiscreteActionMapper(spaces.MultiDiscrete([3, 2]))
    assert mapper.to_discrete(mapper.to_multi_discrete(4)) == 4
    collector = mate.MetricCollector({"a": "sum"})
    for value in (1.0, 2.0):
        collector.add([{"a": value}])
    assert collector.collect() == {"a": 3.0}
