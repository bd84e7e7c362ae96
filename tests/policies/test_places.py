"""A checkpoint can be read from a trial's folder, one of its files, a link or an archive."""

import io
import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from mate.configuration import read_config
from mate.evaluate import main as evaluate
from policies import Checkpoint, CheckpointError, Dimensions
from policies.agents import load_agent, open_checkpoint
from policies.importing import DEFAULT_LIMITS, ImportRefused, ImportReport
from policies.importing.__main__ import main
from policies.importing.places import opened
from policies.importing.reading import read_file
from policies.verify import load_any
from tests.policies.checkpoints import make_checkpoint
from tests.policies.test_psro import ROOT, result
from tests.policies.trials import Trial, files_of, tar_of, zip_of

NAME = "PPO_mate-mappo.camera_6bcd3_00000_0_seed=1"
TRIAL = files_of(Trial(), f"{NAME}/", 1) | files_of(Trial(seed=2), f"{NAME}/", 2)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def report_on(path: Path) -> ImportReport:
    with opened(path, DEFAULT_LIMITS) as (file, limits):
        return read_file(file, limits)


def checkpoint_of(trial: Trial) -> Checkpoint:
    return read_file(io.BytesIO(zip_of(files_of(trial)))).agents[0].checkpoint


@pytest.fixture(scope="module")
def first() -> Checkpoint:
    return checkpoint_of(Trial())


@pytest.fixture(scope="module")
def second() -> Checkpoint:
    return checkpoint_of(Trial(seed=2))


@pytest.fixture
def experiment(tmp_path: Path) -> Path:
    """An experiment's folder with one trial of two checkpoints, and the links of RLlib."""
    folder = write(tmp_path / "MAPPO", TRIAL)
    newest = folder / NAME / "checkpoint_000002" / "checkpoint-2"
    for place in (folder, folder / NAME):
        (place / "latest-checkpoint").symlink_to(newest)
    return folder


PLACES = {
    "experiment": "",
    "trial": NAME,
    "parameters": f"{NAME}/params.json",
    "checkpoint's folder": f"{NAME}/checkpoint_000002",
    "checkpoint": f"{NAME}/checkpoint_000002/checkpoint-2",
    "trial's link": f"{NAME}/latest-checkpoint",
    "experiment's link": "latest-checkpoint",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_trial_is_read_from_any_of_its_places(experiment: Path, second: Checkpoint, place: str) -> None:
    (agent,) = report_on(experiment / PLACES[place]).agents
    assert agent.checkpoint == second and agent.source.endswith("checkpoint_000002/checkpoint-2")


def test_an_older_checkpoint_is_read_where_it_is_named(experiment: Path, first: Checkpoint) -> None:
    assert report_on(experiment / NAME / "checkpoint_000001" / "checkpoint-1").agents[0].checkpoint == first
    assert report_on(experiment / NAME / "checkpoint_000001").agents[0].checkpoint == first


@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_an_archive_is_read_as_before(tmp_path: Path, second: Checkpoint, make) -> None:
    (tmp_path / "trial").write_bytes(make(TRIAL))
    assert report_on(tmp_path / "trial").agents[0].checkpoint == second


@pytest.mark.parametrize("name", ["checkpoint-7", "checkpoint", "latest-checkpoint", "best-checkpoint"])
def test_a_bare_file_is_read_beside_its_parameters(tmp_path: Path, first: Checkpoint, name: str) -> None:
    files = files_of(Trial(), "")
    write(tmp_path, {"params.json": files["params.json"], name: files["checkpoint_000001/checkpoint-1"]})
    assert report_on(tmp_path / name).agents[0].checkpoint == first
    assert report_on(tmp_path).agents[0].checkpoint == first


@pytest.mark.parametrize("target", ["/home/u/mate/{}", "C:\\Users\\u\\mate\\{}", "\\\\server\\share\\{}"])
@pytest.mark.parametrize("is_text", [False, True], ids=["link", "text in place of a link"])
@pytest.mark.parametrize("where", ["", NAME])
def test_a_link_of_another_machine_leads_to_what_lies_beside_it(
    experiment: Path, first: Checkpoint, target: str, is_text: bool, where: str
) -> None:
    link = experiment / where / "latest-checkpoint"
    link.unlink()
    told = target.format(f"MAPPO/{NAME}/checkpoint_000001/checkpoint-1")
    told = told.replace("/", "\\") if "\\" in target else told
    if is_text:
        link.write_text(f"{told}\n")
    else:
        link.symlink_to(told)
    assert report_on(link).agents[0].checkpoint == first


def test_a_link_that_leads_nowhere_says_where_and_what_to_give(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "latest-checkpoint").symlink_to("/gone/checkpoint_000001/checkpoint-1")
    with pytest.raises(
        ImportRefused, match="leads to /gone/checkpoint_000001/checkpoint-1, which is not here; give the folder"
    ):
        report_on(tmp_path / "latest-checkpoint")
    assert main([str(tmp_path / "latest-checkpoint")]) == 1
    assert "give the folder of the trial itself" in capsys.readouterr().err


def test_a_native_checkpoint_is_read_from_its_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(make_checkpoint().to_bytes())) as archive:
        archive.extractall(tmp_path / "mine")
    for place in ("mine", "mine/policy.json", "mine/weights.safetensors", ""):
        assert report_on(tmp_path / place).agents[0].checkpoint == make_checkpoint()


def test_a_psro_result_is_read_from_its_folder_and_from_an_iterations(tmp_path: Path) -> None:
    write(tmp_path, result())
    whole = report_on(tmp_path / ROOT)
    assert whole.agents == read_file(io.BytesIO(tar_of(result()))).agents
    (agent,) = report_on(tmp_path / ROOT / "camera" / "00002").agents
    assert agent.checkpoint == whole.agents[1].checkpoint and agent.name == "HRL-MAPPO camera/00002 MATE-2v4-0"
    told = tmp_path / ROOT / "camera" / "00002" / "checkpoint_path.txt"
    assert report_on(told).agents[0].checkpoint == agent.checkpoint


def test_only_what_is_read_of_a_folder_is_packed(experiment: Path) -> None:
    for number in range(3, 30):
        write(experiment, files_of(Trial(seed=2), f"{NAME}/", number))
    with opened(experiment, DEFAULT_LIMITS) as (file, _), zipfile.ZipFile(file) as packed:
        names = packed.namelist()
    assert len(names) == 5 and names[-1].endswith("checkpoint-29") and not any("pkl" in name for name in names)


def test_a_checkpoint_that_is_cut_off_is_passed_over_in_a_folder(experiment: Path, first: Checkpoint) -> None:
    path = experiment / NAME / "checkpoint_000002" / "checkpoint-2"
    path.write_bytes(path.read_bytes()[:-200])
    assert report_on(experiment).agents[0].checkpoint == first


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"notes.txt": b"x"}, "no checkpoint is in the folder.*trial's folder, with params.json"),
        ({"a/algorithm_state.pkl": b"x"}, "the folder has a checkpoint of Ray 2 in it"),
        ({"best.pt": b"x"}, "the folder has 'best.pt' in it, a PyTorch file"),
    ],
)
def test_a_folder_without_a_checkpoint_is_refused_for_what_it_has(tmp_path: Path, files: dict, reason: str) -> None:
    with pytest.raises(ImportRefused, match=reason):
        report_on(write(tmp_path / "run", files))


def test_nothing_beside_an_uploaded_file_is_looked_at(experiment: Path) -> None:
    from policies.importing import read

    path = experiment / NAME / "checkpoint_000002" / "checkpoint-2"
    with pytest.raises(ImportRefused, match="checkpoint file alone"):
        read(path, is_alone=True)
    assert len(read(path).agents) == 1


def test_the_commands_take_a_trials_folder(experiment: Path, second: Checkpoint, capsys: pytest.CaptureFixture) -> None:
    assert main([str(experiment / NAME), "--output", str(experiment / "out")]) == 0
    assert f"digest {second.digest}" in capsys.readouterr().out
    assert load_any(experiment / NAME / "latest-checkpoint") == second


def test_the_agents_of_a_folder_with_several_are_named(experiment: Path) -> None:
    shutil.copytree(experiment / NAME, experiment / "other", symlinks=True)
    with pytest.raises(
        CheckpointError, match=rf"2 camera agents \(MAPPO/{NAME}/.*, MAPPO/other/.*give the path of one"
    ):
        open_checkpoint(experiment, "camera")


def test_a_scenario_that_does_not_fit_names_the_option_that_mends_it(tmp_path: Path) -> None:
    import mate

    large = mate.Scenario.load("MATE-4v8-9")
    for number, (recipe, option) in enumerate(
        (
            ({"scenario": Dimensions(2, 4, 0)}, "--config MATE-2v4-0"),
            ({"scenario": Dimensions(2, 4, 0), "team": "target"}, "--config MATE-2v4-0"),
            ({"scenario": Dimensions(8, 8, 9)}, "--config MATE-8v8-9"),
            ({"scenario": Dimensions(3, 5, 2)}, "with --config a scenario of 3 cameras, 5 targets and 2 obstacles"),
        )
    ):
        path = tmp_path / f"{number}.zip"
        make_checkpoint(**recipe).save(path)
        with pytest.raises(CheckpointError, match=f"cannot play .*the scenario has .*Give {option}"):
            load_agent(str(path), recipe.get("team", "camera"))(large, 1)


def test_an_evaluation_takes_a_trials_folder_and_names_the_scenario_it_needs(
    experiment: Path, capsys: pytest.CaptureFixture
) -> None:
    short = experiment.parent / "short.json"
    short.write_text(json.dumps(read_config("MATE-2v4-0") | {"name": "short", "max_episode_steps": 6}))
    common = ["--episodes", "1", "--no-render", "--camera-agent"]
    for place in ("trial", "checkpoint", "experiment's link"):
        assert evaluate(["--config", str(short), *common, str(experiment / PLACES[place])]) == 0
    capsys.readouterr()
    assert evaluate([*common, str(experiment / NAME)]) == 2
    told = capsys.readouterr().err
    assert told.count("Give --config MATE-2v4-0.") == 1 and "trained for 2 cameras, and the scenario has 4" in told


def test_a_file_that_may_not_be_read_is_told_without_a_trace(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"gone\.zip cannot be read"):
        load_agent(str(tmp_path / "gone.zip"), "camera")
    if os.geteuid():
        (tmp_path / "closed.zip").touch(0)
        with pytest.raises(CheckpointError, match="cannot be read"):
            load_agent(str(tmp_path / "closed.zip"), "camera")
