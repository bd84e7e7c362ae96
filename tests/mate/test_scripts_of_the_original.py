"""Scripts in the manner of the original's examples run unchanged, with a desktop and without."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.sources import ROOT

BOTH_TEAMS = """
import mate
from mate.agents import {kind}CameraAgent, {kind}TargetAgent

def main():
    env = mate.make("MultiAgentTracking-v0")
    print(env)
    cameras, targets = {kind}CameraAgent().spawn(env.num_cameras), {kind}TargetAgent().spawn(env.num_targets)
    seen, met = env.reset()
    env.render()
    mate.group_reset(cameras, seen)
    mate.group_reset(targets, met)
    infos = None, None
    for _ in range(5):
        actions = mate.group_step(env, cameras, seen, infos[0]), mate.group_step(env, targets, met, infos[1])
        (seen, met), (camera_reward, target_reward), done, infos = env.step(actions)
        env.render()
        if done:
            break
    print("reward", camera_reward + target_reward)

if __name__ == "__main__":
    main()
"""
ONE_TEAM = """
import mate
from mate.agents import {kind}CameraAgent, {kind}TargetAgent

def main():
    env = mate.Multi{team}(mate.RenderCommunication(mate.make("MultiAgentTracking-v0")), {other}_agent={opponent}())
    print(env)
    agents = {kind}{team}Agent().spawn(env.num_{own}s)
    seen = env.reset()
    env.render()
    mate.group_reset(agents, seen)
    infos = None
    for _ in range(5):
        seen, reward, done, infos = env.step(mate.group_step(env, agents, seen, infos))
        env.render()
        if done:
            break
    print("reward", reward)

if __name__ == "__main__":
    main()
"""
CAMERA = {"team": "Camera", "own": "camera", "other": "target"}
TARGET = {"team": "Target", "own": "target", "other": "camera"}
SCRIPTS = {
    "random": BOTH_TEAMS.format(kind="Random"),
    "naive": ONE_TEAM.format(kind="Naive", opponent="NaiveCameraAgent", **TARGET),
    "greedy": ONE_TEAM.format(kind="Greedy", opponent="GreedyTargetAgent", **CAMERA),
    "heuristic": ONE_TEAM.format(kind="Heuristic", opponent="HeuristicTargetAgent", **CAMERA),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_in_the_manner_of_the_examples_plays_without_a_display(name: str, tmp_path: Path) -> None:
    """As ``python -P examples/NAME.py`` from a folder of the user's own; ``random.py`` must not hide Python's own."""
    (tmp_path / "examples").mkdir()
    for one, text in SCRIPTS.items():
        (tmp_path / "examples" / f"{one}.py").write_text(text)
    ended = subprocess.run(
        [sys.executable, "-P", f"examples/{name}.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert "4 cameras, 8 targets, 9 obstacles" in ended.stdout and "reward" in ended.stdout
    assert ended.stderr.count("there is no display") == 1
