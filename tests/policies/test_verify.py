"""Recorded outputs of genuine policies are met, and wrong ones are noticed."""

from pathlib import Path

import numpy as np
import pytest

from policies.verify import compare, load_any, main
from tests.policies.checkpoints import make_checkpoint
from tests.policies.trials import Trial, files_of, zip_of

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
    (tmp_path / "trial.zip").write_bytes(zip_of(files_of(Trial(algorithm="tarmac"))))
    assert main([str(tmp_path / "trial.zip"), str(tmp_path / "none.npz")]) == 2
    assert "TARMAC policy, which cannot be played here" in capsys.readouterr().err


def test_a_recording_of_the_other_team_is_refused(
    recording: tuple[Path, dict[str, np.ndarray]], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    make_checkpoint().save(tmp_path / "camera.zip")
    np.savez(tmp_path / "target.npz", **recording[1])  # type: ignore[arg-type]
    assert main([str(tmp_path / "camera.zip"), str(tmp_path / "target.npz")]) == 2
    assert "not of the camera team" in capsys.readouterr().err
