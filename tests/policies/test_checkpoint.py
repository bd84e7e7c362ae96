"""Native checkpoints: what is written can be read again, and anything else is refused."""

import copy
import io
import json
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from policies import Action, Architecture, Checkpoint, CheckpointError
from tests.policies.checkpoints import IQL, QMIX, make_checkpoint, make_recipe


def zip_with(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def members_of(checkpoint: Checkpoint) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(checkpoint.to_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize(
    "checkpoint",
    [
        make_checkpoint(),
        make_checkpoint(architecture=QMIX, action=Action("levels", 3, outputs="values", epsilon=0.1)),
        make_checkpoint(architecture=IQL, action=Action("select-one", outputs="values")),
    ],
)
def test_a_saved_checkpoint_is_the_same_when_loaded(checkpoint: Checkpoint, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "agent.zip")
    loaded = Checkpoint.load(tmp_path / "agent.zip")
    assert loaded == checkpoint and loaded.digest == checkpoint.digest and loaded.recipe == checkpoint.recipe
    assert all(np.array_equal(loaded.weights[name], checkpoint.weights[name]) for name in checkpoint.weights)
    assert [path.name for path in tmp_path.iterdir()] == ["agent.zip"]


def test_equal_checkpoints_are_equal_files() -> None:
    assert make_checkpoint().to_bytes() == make_checkpoint().to_bytes()


def test_the_digest_depends_on_every_part() -> None:
    digests = {
        make_checkpoint().digest,
        make_checkpoint(seed=1).digest,
        make_checkpoint(frame_skip=2).digest,
        make_checkpoint(play="deterministic").digest,
        make_checkpoint(provenance={"name": "other"}).digest,
    }
    assert len(digests) == 5 and all(len(digest) == 64 for digest in digests)


def test_the_identity_depends_on_what_plays_alone() -> None:
    identity = make_checkpoint().identity
    same = [
        make_checkpoint(provenance={"name": "other", "file": "a/b/checkpoint-1"}),
        Checkpoint.from_bytes(make_checkpoint(provenance={"steps": 5}).to_bytes()),
    ]
    assert {checkpoint.identity for checkpoint in same} == {identity}
    other = [
        make_checkpoint(seed=1),
        make_checkpoint(frame_skip=2),
        make_checkpoint(play="deterministic"),
        make_checkpoint(enhanced_observation="both"),
        make_checkpoint(action=Action("levels", 5, outputs="values", epsilon=0.1)),
    ]
    assert len({identity, *(checkpoint.identity for checkpoint in other)}) == 6


def test_weights_are_copied_and_read_only() -> None:
    recipe = make_recipe()
    weights = {name: np.zeros(shape, np.float32) for name, shape in recipe.tensor_shapes.items()}
    checkpoint = Checkpoint(recipe, weights)
    digest = checkpoint.digest
    weights["output.bias"][:] = 1
    assert Checkpoint(recipe, checkpoint.weights).digest == digest
    with pytest.raises(ValueError, match="read-only"):
        checkpoint.weights["output.bias"][0] = 1


def test_a_checkpoint_can_be_sent_to_another_process() -> None:
    checkpoint = make_checkpoint()
    assert pickle.loads(pickle.dumps(checkpoint)) == checkpoint
    assert copy.deepcopy(checkpoint) is checkpoint


def test_the_file_is_a_zip_that_the_safetensors_library_reads() -> None:
    members = members_of(make_checkpoint())
    assert sorted(members) == ["policy.json", "weights.safetensors"]
    assert json.loads(members["policy.json"])["team"] == "camera"
    assert "lstm.weight_hh_l0" in safetensors.numpy.load(members["weights.safetensors"])


def with_weights(change: Callable[[dict[str, np.ndarray]], object]) -> dict[str, np.ndarray]:
    weights = {name: array.copy() for name, array in make_checkpoint().weights.items()}
    change(weights)
    return weights


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda w: w.pop("output.bias"), "output.bias.* missing"),
        (lambda w: w.update(extra=np.zeros(1, np.float32)), "extra.* not one"),
        (lambda w: w.update({"output.bias": np.zeros(25)}), "float64.*float32"),
        (lambda w: w.update({"output.bias": np.zeros((1, 25), np.float32)}), r"shape \(1, 25\).*imply \(25,\)"),
        (lambda w: w["output.bias"].__setitem__(0, np.nan), "output.bias.*not finite"),
        (lambda w: w["lstm.weight_ih_l0"].__setitem__(0, np.inf), "not finite"),
        (lambda w: w["output.weight"].__setitem__(0, 1e35), "overflow"),
    ],
)
def test_weights_that_do_not_fit_the_recipe_are_refused(change: Callable, named: str) -> None:
    with pytest.raises(CheckpointError, match=named):
        Checkpoint(make_recipe(), with_weights(change))


def test_weights_that_only_overflow_together_are_refused() -> None:
    architecture = Architecture((4,) * 8, "relu")
    with pytest.raises(CheckpointError, match="overflow"):
        make_checkpoint(scale=1e6, architecture=architecture)


MEMBERS = members_of(make_checkpoint())
RECIPE, WEIGHTS = MEMBERS["policy.json"], MEMBERS["weights.safetensors"]


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "zip"),
        (b"PK\x03\x04" + bytes(100), "zip"),
        (make_checkpoint().to_bytes()[:-30], "zip"),
        (zip_with({"policy.json": RECIPE}), "exactly"),
        (zip_with(MEMBERS | {"more.txt": b""}), "exactly"),
        (zip_with({"x/policy.json": RECIPE, "x/weights.safetensors": WEIGHTS}), "exactly"),
        (zip_with(MEMBERS | {"policy.json": b"{"}), "JSON"),
        (zip_with(MEMBERS | {"policy.json": b"\xff\xfe"}), "JSON"),
        (zip_with(MEMBERS | {"policy.json": b"[" * 50_000}), "JSON"),
        (zip_with(MEMBERS | {"policy.json": b'{"team": 1, "team": 2}'}), "same name"),
        (zip_with(MEMBERS | {"policy.json": RECIPE + b" " * 2_000_000}), "larger"),
        (zip_with(MEMBERS | {"weights.safetensors": b""}), "header"),
        (zip_with(MEMBERS | {"weights.safetensors": struct.pack("<Q", 2**60) + WEIGHTS[8:]}), "header"),
        (zip_with(MEMBERS | {"weights.safetensors": WEIGHTS[:-4]}), "cannot be read"),
        (zip_with(MEMBERS | {"weights.safetensors": safetensors.numpy.save({"a": np.zeros(1)})}), "missing"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_refused(content: bytes, named: str) -> None:
    with pytest.raises(CheckpointError, match=named):
        Checkpoint.from_bytes(content)


def test_a_failed_save_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "folder.zip").mkdir()
    with pytest.raises(OSError):
        make_checkpoint().save(tmp_path / "folder.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.zip"]
