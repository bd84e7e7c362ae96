"""PSRO from the command line: trained, continued, and read back from the original's layout."""

import json
from pathlib import Path

import numpy as np
import pytest

from policies import Dimensions
from tests.policies.checkpoints import make_checkpoint
from tournament.psro import command, layout


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Instead of trainings' processes: a checkpoint with random weights is there at once; returns their folders."""
    folders: list[Path] = []

    def run(arguments: list[str], check: bool) -> None:
        folder = Path(arguments[-1])
        folders.append(folder)
        orders = json.loads((folder / "configuration.json").read_text())
        (folder / "milestones").mkdir()
        made = make_checkpoint(seed=len(folders), team=orders["team"], scenario=Dimensions(2, 4, 0))
        made.save(folder / "milestones" / "000007.zip")
        (folder / "outcome.json").write_text(json.dumps({"state": "finished"}))

    monkeypatch.setattr(command.subprocess, "run", run)
    return folders


ARGUMENTS = ["--iterations", "1", "--episodes", "2", "--steps", "100"]


def test_a_run_grows_both_populations_and_is_read_in_the_layout_of_the_original(
    tmp_path: Path, stand_in: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main([str(tmp_path), *ARGUMENTS]) == 0
    assert [folder.name for folder in stand_in] == ["camera-00001", "target-00001"]
    printed = capsys.readouterr().out
    assert "iteration 1: value" in printed and "gains camera" in printed
    files = {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*.txt")}
    (result,) = layout.read_results(files)
    assert result.name == "NE-camera.HRL-MAPPO-vs.-target.MAPPO"
    payoff = result.camera[1].payoff
    assert payoff is not None and payoff.shape == (2, 2) and np.isfinite(payoff).all()
    assert result.camera[1].sigma is not None and result.camera[1].sigma.sum() == pytest.approx(1.0)
    assert result.camera[0].exploitability is not None and result.camera[1].exploitability is None


def test_the_same_command_continues_a_run_and_repeats_nothing(
    tmp_path: Path, stand_in: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command.main([str(tmp_path), *ARGUMENTS]) == 0
    monkeypatch.setattr(command, "play", lambda *unused: pytest.fail("was played again"))
    assert command.main([str(tmp_path), *ARGUMENTS]) == 0
    assert len(stand_in) == 2


def test_anytime_psro_trains_each_response_on_while_the_strategy_changes(tmp_path: Path, stand_in: list[Path]) -> None:
    arguments = ["--iterations", "1", "--episodes", "2", "--steps", "90", "--meta-solver", "anytime", "--rounds", "2"]
    assert command.main([str(tmp_path), *arguments]) == 0
    first, second = ["target-00001-00", "camera-00001-00"], [f"target-00002-{number:02d}" for number in range(3)]
    names = [*first, *second, *(name.replace("target", "camera") for name in second)]
    assert [folder.name for folder in stand_in] == names
    orders = [json.loads((folder / "configuration.json").read_text()) for folder in stand_in]
    assert [one["steps"] for one in orders] == [90, 90, *[30] * 6], "the steps are shared between the rounds"
    begun = [one["start_from"] and Path(one["start_from"]).parents[1].name for one in orders]
    assert begun == [None, None, None, *second[:2], None, *names[5:7]]
    assert (tmp_path / "anytime-camera.HRL-MAPPO-vs.-target.MAPPO" / "camera" / "00001" / "sigma.txt").exists()


def test_a_training_that_did_not_finish_ends_the_run_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command.subprocess, "run", lambda *unused, **more: None)
    assert command.main([str(tmp_path), *ARGUMENTS]) == 2
    assert "Run the command again" in capsys.readouterr().err


def test_settings_that_cannot_be_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([str(tmp_path), "--iterations", "1", "--episodes", "2", "--set", "gamma=2"]) == 2
    assert "gamma" in capsys.readouterr().err
