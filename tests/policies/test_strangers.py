"""Refusals of other files say what the file is and what to do; files that only look strange are read."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable

import numpy as np
import pytest

from policies.importing import ImportRefused, ImportReport, read
from policies.importing.joint import JOINT_LAYOUTS
from policies.importing.reading import read_file
from policies.importing.translation import LAYOUTS
from tests.policies.checkpoints import make_checkpoint
from tests.policies.pickling import Call, Name, dump
from tests.policies.trials import HIERARCHICAL, Trial, files_of, tar_of, worker_of, zip_of

EITHER = pytest.mark.parametrize("make", [zip_of, tar_of], ids=["zip", "tar"])
TRIAL = files_of(Trial())
CHECKPOINT = "PPO_trial/checkpoint_000001/checkpoint-1"

Make = Callable[[dict[str, bytes]], bytes]


def report_on(content: bytes) -> ImportReport:
    return read_file(io.BytesIO(content))


def native(seed: int = 0) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(make_checkpoint(seed).to_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def safetensors_of(kind: str, size: int) -> bytes:
    """The file of one empty-looking tensor of four numbers of a type."""
    header = json.dumps({"output.bias": {"dtype": kind, "shape": [4], "data_offsets": [0, 4 * size]}}).encode()
    return len(header).to_bytes(8, "little") + header + bytes(4 * size)


RAY_2 = {
    "algorithm_state.pkl": b"x",
    "policies/shared_policy/policy_state.pkl": b"x",
    "rllib_checkpoint.json": b"{}",
}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (RAY_2, r"checkpoint of Ray 2 in it \(algorithm_state.pkl\).*native checkpoint"),
        ({"learner_group/learner/rl_module/module_state.pkl": b"x"}, r"Ray 2 in it \(learner_group\)"),
        ({"policies/shared_policy/policy_state.pkl": b"x"}, "Ray 2 in it"),
        (
            {"archive/data.pkl": b"x", "archive/version": b"3", "archive/data/0": b"x"},
            "is a PyTorch file.*weights alone",
        ),
        ({"model.pt": b"x"}, "has 'model.pt' in it, a PyTorch file"),
        ({"best.PTH": b"x"}, "has 'best.PTH' in it, a PyTorch file"),
        ({"w.npy": b"x", "b.npy": b"x"}, "is a .npz file"),
        ({"weights.safetensors": b"x"}, "without the policy.json"),
        (
            {"my_camera.zip": b"x"},
            "'my_camera.zip' in it, and archives inside it are not opened; upload that file itself",
        ),
        ({"run.tar.zst": b"x"}, "archives inside it are not opened"),
    ],
)
@pytest.mark.parametrize("folder", ["", "PPO_trial/checkpoint_000010/"])
def test_an_archive_of_something_else_is_named(folder: str, files: dict[str, bytes], reason: str) -> None:
    with pytest.raises(ImportRefused, match=reason):
        report_on(zip_of({folder + name: content for name, content in files.items()} | {"__MACOSX/._x.zip": b""}))


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M", "PyTorch file"),
        (b"\x80\x04\x95", "checkpoint file alone.*params.json"),
        (b"7z\xbc\xaf\x27\x1c\0\4", ".7z archive; unpack it.*as .zip or .tar.gz"),
        (b"Rar!\x1a\x07\x01\0", ".rar archive"),
        (b"\x28\xb5\x2f\xfd\x04", "zstd"),
        (b"\xfd7zXZ\0", "xz"),
        (b"BZh91AY", "bzip2"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (safetensors_of("F32", 4), ".safetensors file alone.*policy.json"),
        (b'\xef\xbb\xbf{"env": 1}', "JSON file alone"),
    ],
)
def test_a_file_that_is_no_archive_is_named(start: bytes, reason: str) -> None:
    with pytest.raises(ImportRefused, match=f"this is .*{reason}"):
        report_on(start + bytes(600))


def test_a_checkpoint_file_of_ray_2_is_named() -> None:
    content = dump({"worker": dump({"policy_states": {}}), "train_exec_impl": {}})
    with pytest.raises(ImportRefused, match=r"written by Ray 2.*native checkpoint"):
        report_on(zip_of(TRIAL | {CHECKPOINT: content}))


@pytest.mark.parametrize("name", [Name("gymnasium.spaces.box", "Box"), Name("ray.air.checkpoint", "Checkpoint")])
def test_names_that_later_versions_of_ray_write_are_explained(name: Name) -> None:
    content = dump({"worker": dump({"state": Call(name, (1,))}), "train_exec_impl": {}})
    with pytest.raises(ImportRefused, match=r"nothing was executed; it was written by another Ray than 1\.12"):
        report_on(zip_of(TRIAL | {CHECKPOINT: content}))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (Name("torch._utils", "_rebuild_tensor_v2"), "PyTorch's tensors"),
        (Name("ml_dtypes", "bfloat16"), "bfloat16"),
        (Name("jaxlib.xla_extension", "ArrayImpl"), "JAX's arrays"),
    ],
)
def test_weights_that_are_no_arrays_of_numpy_are_named(name: Name, shown: str) -> None:
    worker = worker_of(Trial())
    worker["state"]["shared_policy"]["weights"]["actor.output._model.0.bias"] = Call(name, (1,))
    content = dump({"worker": dump(worker), "train_exec_impl": {}})
    with pytest.raises(ImportRefused, match=f"nothing was executed; its weights are {shown}, expected NumPy's float32"):
        report_on(zip_of(TRIAL | {CHECKPOINT: content}))


@pytest.mark.parametrize(
    ("kind", "size", "shown"),
    [("BF16", 2, "type bfloat16"), ("F8_E4M3", 1, "type float8_e4m3fn"), ("F16", 2, "float16"), ("F64", 8, "float64")],
)
def test_weights_of_another_precision_are_named(kind: str, size: int, shown: str) -> None:
    files = native()
    recipe = json.loads(files["policy.json"])
    whole = make_checkpoint().weights
    header, offset = {}, 0
    for name, array in whole.items():
        end = offset + size * array.size
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    files = {"policy.json": json.dumps(recipe).encode()}
    files["weights.safetensors"] = len(text).to_bytes(8, "little") + text + bytes(offset)
    with pytest.raises(ImportRefused, match=rf"{shown}, expected float32; convert .*tensor.float\(\)"):
        report_on(zip_of(files))


@pytest.mark.parametrize("team", ["camera", "target"])
def test_an_algorithm_that_is_unknown_is_answered_with_those_that_are_read(team: str) -> None:
    known = ", ".join((*LAYOUTS, *JOINT_LAYOUTS))
    with pytest.raises(ImportRefused, match=f"one of the algorithms {known}$"):
        report_on(zip_of(files_of(Trial(algorithm="sac", team=team))))


@pytest.mark.parametrize("folder", ["my camera/", "a/b/", "\u8bad\u7ec3/"])
@EITHER
def test_a_native_checkpoint_in_a_folder_is_read(make: Make, folder: str) -> None:
    files = {folder + name: content for name, content in native().items()}
    (agent,) = report_on(make(files)).agents
    assert agent.checkpoint == make_checkpoint() and agent.source == f"{folder}weights.safetensors"


@pytest.mark.parametrize(
    "clutter",
    [
        {"__MACOSX/._policy.json": b"x"},
        {".DS_Store": b"x", "._policy.json": b"x"},
        {"Thumbs.db": b"x"},
        {"README.md": b"x"},
    ],
)
@pytest.mark.parametrize("folder", ["", "mine/"])
def test_files_beside_a_native_checkpoint_are_not_opened(folder: str, clutter: dict[str, bytes]) -> None:
    files = {folder + name: content for name, content in (native() | clutter).items()}
    assert report_on(zip_of(files)).agents[0].checkpoint == make_checkpoint()


def test_each_of_several_native_checkpoints_is_an_agent() -> None:
    files = {f"{seed}/{name}": content for seed in (1, 2) for name, content in native(seed).items()}
    assert [agent.checkpoint for agent in report_on(zip_of(files)).agents] == [make_checkpoint(1), make_checkpoint(2)]


def test_half_a_native_checkpoint_says_what_is_missing() -> None:
    with pytest.raises(ImportRefused, match=r"'mine/weights.safetensors' is missing.*beside each other"):
        report_on(zip_of({"mine/policy.json": native()["policy.json"]}))


ENCODINGS = ["utf-8-sig", "utf-16", "utf-32"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_recipe_that_an_editor_saved_with_a_byte_order_mark_is_read(encoding: str, tmp_path) -> None:
    files = native()
    files["policy.json"] = files["policy.json"].decode().encode(encoding)
    (tmp_path / "native.zip").write_bytes(zip_of(files))
    assert read(tmp_path / "native.zip").agents[0].checkpoint == make_checkpoint()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_parameters_that_an_editor_saved_with_a_byte_order_mark_are_read(encoding: str) -> None:
    files = TRIAL | {"PPO_trial/params.json": TRIAL["PPO_trial/params.json"].decode().encode(encoding)}
    assert report_on(zip_of(files)).agents[0].checkpoint == report_on(zip_of(TRIAL)).agents[0].checkpoint


def v7_tar_of(files: dict[str, bytes]) -> bytes:
    """An archive in the format of Unix version 7, as ``tar --format=v7`` writes it: without a magic word."""
    out = bytearray()
    for name, content in files.items():
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        header = bytearray(entry.tobuf(tarfile.USTAR_FORMAT))
        header[156:157] = b"\0"
        header[257:500] = bytes(243)
        header[148:156] = b" " * 8
        header[148:156] = f"{sum(header):06o}\0 ".encode()
        out += header + content + bytes(-len(content) % 512)
    return bytes(out) + bytes(1024)


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, None])
def test_a_tar_of_every_format_is_read(format: int | None) -> None:
    content = v7_tar_of(TRIAL)
    if format is not None:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
            for name, member in TRIAL.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(member)
                archive.addfile(entry, io.BytesIO(member))
        content = buffer.getvalue()
    assert report_on(content).agents[0].checkpoint == report_on(zip_of(TRIAL)).agents[0].checkpoint


SOUND = TRIAL[CHECKPOINT]
LATER = "PPO_trial/checkpoint_000007/checkpoint-7"


@pytest.mark.parametrize("cut", [SOUND[:-500], SOUND[:1], b"", bytes(5000)], ids=["half", "a byte", "nothing", "zeros"])
@EITHER
def test_in_place_of_a_newest_checkpoint_that_is_cut_off_the_older_one_is_read(make: Make, cut: bytes) -> None:
    report = report_on(make({LATER: cut} | TRIAL))
    (agent,) = report.agents
    assert agent.source == CHECKPOINT and {step.status for step in report.steps} == {"ok"}
    assert any("checkpoint-7 is cut off" in note and "checkpoint-1 was taken instead" in note for note in agent.notes)


def test_the_other_trials_are_read_beside_one_that_is_cut_off() -> None:
    files = files_of(Trial(seed=1), "a/") | {"PPO_trial/checkpoint_000009/checkpoint-9": b""} | {LATER: b""} | TRIAL
    sources = {agent.source for agent in report_on(tar_of(files | files_of(HIERARCHICAL, "z/"))).agents}
    assert sources == {"a/checkpoint_000001/checkpoint-1", CHECKPOINT, "z/checkpoint_000001/checkpoint-1"}


def test_a_checkpoint_that_is_cut_off_and_has_no_older_one_is_refused() -> None:
    with pytest.raises(ImportRefused, match=r"checkpoint-1, byte .*cut off"):
        report_on(zip_of(TRIAL | {CHECKPOINT: SOUND[:-500]}))


def test_a_hostile_newest_checkpoint_is_refused_whatever_is_beside_it() -> None:
    with pytest.raises(ImportRefused, match=r"names 'posix\.system'"):
        report_on(zip_of(TRIAL | {LATER: dump(Call(Name("posix", "system"), ("true",)))}))


def test_a_number_that_is_not_finite_is_no_cut() -> None:
    diverged = Trial(extra_weights={"actor.output._model.0.bias": np.full(25, np.nan, np.float32)})
    with pytest.raises(ImportRefused, match="take an earlier checkpoint"):
        report_on(zip_of(files_of(diverged, number=7) | TRIAL))
