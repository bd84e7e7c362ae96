"""Recorded outputs of genuine policies are reproduced, and wrong ones are detected."""

from pathlib import Path

import numpy as np
import pytest

from policies import Action, Architecture, Checkpoint, Dimensions, decoding
from policies.inference import BatchedPolicy
from policies.preprocessing import preprocess
from policies.verify import compare, load_any, main
from tests.policies.checkpoints import IPPO, IQL, MAPPO, QMIX, Sizes, make_checkpoint, make_observations
from tests.policies.trials import HIERARCHICAL, Trial, files_of, zip_of

GENUINE = {
    "hrl_mappo_camera_s0.slim.zip": "hrl_mappo_camera_s0",
    "ippo_camera_s0.tar.gz": "ippo_camera_s0",
    "mappo_camera_long_s0.slim.zip": "mappo_camera_long_s0",
    "mappo_target_s0.slim.tar.gz": "mappo_target_s0",
    "psro_ne_tree_camera00002.tar.gz": "psro_ne_camera_00002",
    "qmix_camera_s0.zip": "qmix_camera_s0",
}


@pytest.mark.parametrize("name", GENUINE)
def test_a_genuine_policy_does_what_was_recorded(
    name: str, reference_data: Path, capsys: pytest.CaptureFixture
) -> None:
    folder = reference_data / "checkpoints"
    recordings = sorted((folder / "expected").glob(f"{GENUINE[name]}__*.npz"))
    assert recordings
    assert main([str(folder / "public" / name), *map(str, recordings)]) == 0
    assert "FAIL" not in capsys.readouterr().out


@pytest.fixture
def recording(reference_data: Path) -> tuple[Path, dict[str, np.ndarray]]:
    folder = reference_data / "checkpoints"
    with np.load(folder / "expected" / "mappo_target_s0__2v4-0.npz") as file:
        return folder / "public" / "mappo_target_s0.slim.tar.gz", {name: file[name] for name in file.files}


@pytest.mark.parametrize(
    ("array", "compared"),
    [
        ("net_input", "network inputs"),
        ("extra_action_dist_inputs", "network outputs"),
        ("state_out_0", "recurrent state"),
        ("state_out_1", "recurrent state"),
        ("policy_action", "greedy decisions"),
        ("actions", "actions, free running"),
    ],
)
def test_an_altered_recording_is_noticed(
    recording: tuple[Path, dict[str, np.ndarray]], tmp_path: Path, array: str, compared: str
) -> None:
    path, arrays = recording
    altered = {name: values.copy() for name, values in arrays.items()}
    altered[array][3, 1, ...] += 1
    np.savez(tmp_path / "altered.npz", **altered)  # type: ignore[arg-type]
    assert main([str(path), str(tmp_path / "altered.npz")]) == 1
    failed = {comparison.name for comparison in compare(load_any(path), altered) if not comparison.is_met}
    assert compared in failed


def test_a_refused_checkpoint_ends_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "trial.zip").write_bytes(zip_of(files_of(Trial(algorithm="sac"))))
    assert main([str(tmp_path / "trial.zip"), str(tmp_path / "none.npz")]) == 2
    assert "one of the algorithms mappo" in capsys.readouterr().err


def test_a_recording_of_the_other_team_is_refused(
    recording: tuple[Path, dict[str, np.ndarray]], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_checkpoint().save(tmp_path / "camera.zip")
    np.savez(tmp_path / "target.npz", **recording[1])  # type: ignore[arg-type]
    assert main([str(tmp_path / "camera.zip"), str(tmp_path / "target.npz")]) == 2
    assert "not of the camera team" in capsys.readouterr().err


def record(checkpoint: Checkpoint, frames: int = 7) -> dict[str, np.ndarray]:
    """A recording of what a checkpoint does by itself, in the arrays that upstream's recordings have."""
    recipe = checkpoint.recipe
    counts = recipe.scenario.cameras, recipe.scenario.targets, recipe.scenario.obstacles
    policy = BatchedPolicy(checkpoint, Sizes(*counts), 1, deterministic=True)
    observations = make_observations(recipe, frames)
    policy.reset(np.array([0]), np.array([0], np.uint64), observations[:1])
    steps: dict[str, list[np.ndarray]] = {}
    actions, taken = np.zeros((1, policy.num_agents, 2)), []
    for frame, observation in enumerate(observations):
        if frame % recipe.frame_skip == 0:
            memory = policy.memory[0].copy()
            inputs = preprocess(observation, recipe.team, recipe.scenario, recipe.preprocessing)
            after = memory.copy()
            outputs = policy.network.forward(inputs, after)
            step = {"infer_step": np.array(frame), "net_input": inputs, "extra_action_dist_inputs": outputs}
            parts = {"none": 0, "gru": 1, "lstm": 2}[recipe.architecture.memory]
            for when, state in (("in", memory), ("out", after)):
                cut = np.split(state, parts, axis=-1) if parts else []
                step |= {f"state_{when}_{part}": values for part, values in enumerate(cut)}
            if recipe.action.decoding != "box":
                width = 2 if recipe.action.decoding == "select-many" else outputs.shape[1]
                choices = np.empty((len(outputs), outputs.shape[1] // width), np.int64)
                decoding.choose_best(outputs, width, choices)
                step["policy_action"] = choices
            for name, values in step.items():
                steps.setdefault(name, []).append(values)
        policy.act(observation[np.newaxis], actions, np.array([True]))
        taken.append(actions[0].copy())
    arrays = {name: np.array(values) for name, values in steps.items()}
    return arrays | {"raw_obs": observations, "actions": np.array(taken)}


PLAIN = Architecture((9, 7))
VALUES = {"outputs": "values", "epsilon": 0.1}


@pytest.mark.parametrize(
    "architecture", [MAPPO, IPPO, QMIX, IQL, PLAIN], ids=["mappo", "ippo", "gru", "dueling", "plain"]
)
@pytest.mark.parametrize(
    "changes",
    [
        {"frame_skip": 2},
        {"action": Action("levels", 3, **VALUES)},
        {"action": Action("box")},
        {"action": Action("select-many")},
        {"action": Action("select-one")},
        {"action": Action("select-subset", **VALUES)},
        {"team": "target"},
    ],
    ids=["levels", "values", "box", "many", "one", "subset", "target"],
)
def test_every_architecture_with_and_without_memory_is_verified(
    architecture: Architecture, changes: dict, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    checkpoint = make_checkpoint(architecture=architecture, **changes)
    checkpoint.save(tmp_path / "agent.zip")
    arrays = record(checkpoint)
    np.savez(tmp_path / "recording.npz", **arrays)  # type: ignore[arg-type]
    assert main([str(tmp_path / "agent.zip"), str(tmp_path / "recording.npz")]) == 0
    told = capsys.readouterr().out
    assert ("recurrent state" in told) is (architecture.memory != "none") and "network outputs" in told
    arrays["extra_action_dist_inputs"][1] += 1.0
    assert not all(comparison.is_met for comparison in compare(checkpoint, arrays))


@pytest.mark.parametrize(
    "trial",
    [
        Trial(algorithm="ippo", is_recurrent=False),
        Trial(algorithm="ippo", is_recurrent=False, team="target"),
        HIERARCHICAL.changed(algorithm="ippo", is_recurrent=False),
        Trial(algorithm="iql"),
        HIERARCHICAL.changed(algorithm="iql"),
        Trial(algorithm="qmix"),
        Trial(algorithm="ippo"),
        Trial(),
    ],
)
def test_a_trial_of_every_algorithm_is_verified(trial: Trial, tmp_path: Path) -> None:
    (tmp_path / "trial.zip").write_bytes(zip_of(files_of(trial)))
    arrays = record(load_any(tmp_path / "trial.zip"))
    np.savez(tmp_path / "recording.npz", **arrays)  # type: ignore[arg-type]
    assert main([str(tmp_path / "trial.zip"), str(tmp_path / "recording.npz")]) == 0


@pytest.mark.parametrize(
    ("kept", "reason"),
    [
        (["raw_obs", "infer_step"], "no array that could be compared"),
        (["raw_obs", "infer_step", "state_in_0"], "it has no array state_"),
    ],
)
def test_a_recording_with_too_little_in_it_is_no_success(
    kept: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    checkpoint = make_checkpoint(architecture=MAPPO if len(kept) > 2 else PLAIN, scenario=Dimensions(2, 4, 0))
    checkpoint.save(tmp_path / "agent.zip")
    arrays = record(checkpoint)
    np.savez(tmp_path / "recording.npz", **{name: arrays[name] for name in kept})  # type: ignore[arg-type]
    assert main([str(tmp_path / "agent.zip"), str(tmp_path / "recording.npz")]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"text", b"\x93NUMPY"])
def test_a_file_that_is_no_recording_is_told_so(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    make_checkpoint().save(tmp_path / "agent.zip")
    (tmp_path / "recording.npz").write_bytes(content)
    assert main([str(tmp_path / "agent.zip"), str(tmp_path / "recording.npz")]) == 2
    assert "is no recording; give a .npz file" in capsys.readouterr().err


def test_a_recording_of_another_network_is_told_so(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    make_checkpoint(architecture=PLAIN).save(tmp_path / "agent.zip")
    arrays = record(make_checkpoint(action=Action("levels", 3)))
    np.savez(tmp_path / "recording.npz", **arrays)  # type: ignore[arg-type]
    assert main([str(tmp_path / "agent.zip"), str(tmp_path / "recording.npz")]) == 2
    assert "does not fit the checkpoint's network" in capsys.readouterr().err


@pytest.mark.parametrize("array", ["raw_obs", "infer_step"])
def test_a_recording_that_lacks_an_array_is_told_which(
    array: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    checkpoint = make_checkpoint()
    checkpoint.save(tmp_path / "agent.zip")
    arrays = record(checkpoint)
    del arrays[array]
    np.savez(tmp_path / "recording.npz", **arrays)  # type: ignore[arg-type]
    assert main([str(tmp_path / "agent.zip"), str(tmp_path / "recording.npz")]) == 2
    assert f"the recording has no array {array}" in capsys.readouterr().err
