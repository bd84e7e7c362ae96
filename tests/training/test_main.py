"""``python -m training`` as a user types it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from policies import Dimensions
from tests.policies.checkpoints import make_checkpoint
from tests.training.runs import write
from tests.waiting import wait_for
from training import files
from training.__main__ import main

LONG = 10**9


def start(folder: Path) -> subprocess.Popen:
    environment = os.environ | {"HOME": str(folder / "home"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "training", "run", str(folder)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for_iterations(folder: Path, count: int, process: subprocess.Popen) -> None:
    wait_for(lambda: len(files.read_progress(folder)) >= count or process.poll() is not None)
    assert process.poll() is None, process.communicate()


def test_a_run_is_paused_killed_and_gone_on_with(tmp_path) -> None:
    folder = write(tmp_path / "run", steps=LONG, hyperparameters={"milestones": 1})
    process = start(folder)
    wait_for_iterations(folder, 3, process)
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    outcome = json.loads((folder / files.OUTCOME).read_text())
    assert outcome["state"] == "paused" and f"{outcome['steps']:,}" in output
    assert not list((folder / "home").rglob("*")), "something was written outside the run's folder"

    process = start(folder)
    wait_for_iterations(folder, outcome["iteration"] + 3, process)
    process.kill()
    process.communicate()
    assert not (folder / files.OUTCOME).exists()
    iterations = [line["iteration"] for line in files.read_progress(folder)]
    assert iterations == list(range(1, len(iterations) + 1)) and len(iterations) > outcome["iteration"]


def test_a_new_configuration_is_written_once(tmp_path, capsys) -> None:
    arguments = ["new", str(tmp_path / "run"), "--algorithm", "hrl-mappo", "--opponent", "naive", "--set", "gamma=0.9"]
    assert main([*arguments, "--set", "activation=relu", "--steps", "1000"]) == 0
    written = json.loads((tmp_path / "run" / "configuration.json").read_text())
    assert written["hyperparameters"]["gamma"] == 0.9 and written["hyperparameters"]["activation"] == "relu"
    assert written["opponents"] == [{"name": "naive", "weight": 1.0}] and written["steps"] == 1000
    assert written["scenario"]["name"] == "MATE-2v4-0", "a preset's name, not the one that its environment has"
    assert main(arguments) == 2 and "exists" in capsys.readouterr().err


def test_a_wrong_option_is_told_and_nothing_is_written(tmp_path, capsys) -> None:
    assert main(["new", str(tmp_path / "run"), "--set", "gamma=7"]) == 2
    assert "gamma" in capsys.readouterr().err and not (tmp_path / "run").exists()


def test_a_run_without_a_configuration_says_how_to_write_one(tmp_path, capsys) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        assert main(["run", str(folder)]) == 2
        assert "python -m training new" in capsys.readouterr().err


def test_an_evaluation_prints_payoffs_and_gains(tmp_path, capsys) -> None:
    path = tmp_path / "agent.zip"
    make_checkpoint(scenario=Dimensions(2, 4, 0)).save(path)
    assert main(["evaluate", str(path), "--against", "random", "--episodes", "4"]) == 0
    output = capsys.readouterr().out
    assert "random" in output and "gain" in output and "[" in output
    assert main(["evaluate", str(path), "--opponent", "nobody"]) == 2
    assert "nobody" in capsys.readouterr().err


def test_checkpoints_are_evaluated_in_scenarios_against_opponents_as_json(tmp_path, capsys) -> None:
    paths = [str(tmp_path / f"{number}.zip") for number in range(2)]
    for number, path in enumerate(paths):
        make_checkpoint(seed=number, scenario=Dimensions(2, 4, 0)).save(Path(path))
    wanted = ["--opponent", "greedy", "--opponent", "random", "--against", "naive", "--episodes", "2", "--json"]
    assert main(["evaluate", *paths, *wanted]) == 0
    found = json.loads(capsys.readouterr().out)["evaluations"]
    assert [(one["opponent"], one["agent"]) for one in found] == [
        (opponent, agent) for opponent in ("greedy", "random") for agent in (*paths, "naive")
    ]
    one = found[0]
    assert one["payoff"]["low"] <= one["payoff"]["mean"] <= one["payoff"]["high"]
    assert one["gains"]["naive"]["mean"] == pytest.approx(one["payoff"]["mean"] - found[2]["payoff"]["mean"])


def test_runs_of_several_seeds_are_evaluated_together(tmp_path, capsys) -> None:
    paths = [str(tmp_path / f"{number}.zip") for number in range(5)]
    for number, path in enumerate(paths):
        make_checkpoint(seed=number, scenario=Dimensions(2, 4, 0)).save(Path(path))
    wanted = ["--against", "greedy", "--against", "naive", "--episodes", "2", "--over-seeds"]
    assert main(["evaluate", *paths, *wanted, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    for joined in found["over_seeds"]:
        gains = [one["gains"][joined["over"]]["mean"] for one in found["evaluations"] if one["agent"] in paths]
        mean, interquartile = joined["mean"], joined["interquartile_mean"]
        half = 2.7764 * np.std(gains, ddof=1) / np.sqrt(5)  # Student's t of four degrees of freedom
        assert mean["value"] == pytest.approx(np.mean(gains)) and joined["runs"] == 5
        assert mean["high"] - mean["value"] == pytest.approx(half, rel=1e-3)
        assert interquartile["value"] == pytest.approx(np.mean(sorted(gains)[1:4]))
        assert interquartile["low"] <= interquartile["value"] <= interquartile["high"]
    assert [one["over"] for one in found["over_seeds"]] == ["greedy", "naive"]
    assert main(["evaluate", *paths, *wanted]) == 0
    assert "gain of 5 runs over naive: mean -" in capsys.readouterr().out.replace("mean +", "mean -")


@pytest.mark.parametrize("episodes", ["0", "1"])
def test_an_interval_needs_episodes(tmp_path, capsys, episodes) -> None:
    assert main(["evaluate", "agent.zip", "--episodes", episodes]) == 2
    assert "--episodes" in capsys.readouterr().err
