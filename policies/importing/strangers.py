"""Recognition of files that cannot be imported: what they are, and what to upload instead."""

from __future__ import annotations

from posixpath import basename, splitext

from policies.fields import shorten
from policies.importing.names import is_clutter

_NATIVE = "write a native checkpoint of its weights (docs/checkpoint-format.md)"
_REPACK = "unpack it and archive the trial's folder as .zip or .tar.gz"
_PYTORCH = (
    "a PyTorch file, which holds weights alone (and code, which is never run), and not what they were trained for; "
    f"upload the trial's folder, or {_NATIVE}"
)
_PARAMETERS_ARE_MISSING = (
    "a checkpoint file alone, and what it was trained for is in the params.json of its trial folder; "
    "upload both together as one .zip or .tar.gz"
)

# The magic number, a pickle of protocol 2, at the start of torch.save's files before these were zip archives.
_TORCH_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."

_STARTS = (
    (_TORCH_MAGIC, _PYTORCH),
    (b"\x80", _PARAMETERS_ARE_MISSING),
    (b"7z\xbc\xaf\x27\x1c", f"a .7z archive; {_REPACK}"),
    (b"Rar!\x1a\x07", f"a .rar archive; {_REPACK}"),
    (b"\x28\xb5\x2f\xfd", f"compressed with zstd, such as .tar.zst; {_REPACK}"),
    (b"\xfd7zXZ\x00", f"compressed with xz, such as .tar.xz; {_REPACK}"),
    (b"BZh", f"compressed with bzip2, such as .tar.bz2; {_REPACK}"),
    (b"\x04\x22\x4d\x18", f"compressed with lz4, such as .tar.lz4; {_REPACK}"),
    (b"\x1f\x9d", f"compressed with compress, such as .tar.Z; {_REPACK}"),
    (b"\x89HDF\r\n\x1a\n", f"an HDF5 file; {_NATIVE}"),
    (b"\x93NUMPY", f"a NumPy array; {_NATIVE}"),
)

_WEIGHT_FILES = {
    ".pt": _PYTORCH,
    ".pth": _PYTORCH,
    ".ckpt": _PYTORCH,
    ".safetensors": "weights without the policy.json that says how to play them; put both into one folder",
    ".npz": f"NumPy arrays; {_NATIVE}",
    ".onnx": "an ONNX model without the policy.json that says how to play it; put both into one .zip (docs/onnx.md)",
    ".h5": f"an HDF5 file; {_NATIVE}",
    ".keras": f"a Keras model; {_NATIVE}",
}
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar", ".zst", ".xz", ".bz2")

# Files in the folder of an RLlib checkpoint since Ray 2.
_RAY_2 = frozenset(
    {"rllib_checkpoint.json", "algorithm_state.pkl", "policy_state.pkl", "class_and_ctor_args.pkl", "learner_group"}
)


def describe_start(start: bytes) -> str:
    """Return what a file that is no archive is, judged by its first bytes, and what to do.

    The text continues a sentence that begins *this is*.
    """
    for beginning, description in _STARTS:
        if start.startswith(beginning):
            return description
    if start[8:9] == b"{" and 0 < int.from_bytes(start[:8], "little") < 2**32:
        return "a .safetensors file alone, and how to play it is in its policy.json; upload both as one .zip"
    if start[:1] == b"\x08" and start[2:3] == b"\x12":
        return "an ONNX model alone, and how to play it is in its policy.json; upload both as one .zip (docs/onnx.md)"
    if start.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")[:1] == b"{":
        return (
            "a JSON file alone, without the weights that it describes; upload the whole folder as one .zip or .tar.gz"
        )
    return "neither a .zip nor a .tar.gz; upload the trial's folder as one of them"


def describe_members(names: list[str]) -> str:
    """Return what an archive without a readable checkpoint contains, and what to do; empty if nothing is recognised.

    The text continues a sentence that begins with *the archive*.
    """
    shown = [name for name in names if not is_clutter(name)]
    ray_2 = next((part for name in shown for part in name.split("/") if part in _RAY_2), None)
    if ray_2 is not None:
        return (
            f"has a checkpoint of Ray 2 in it ({ray_2}), and those of RLlib 1.12 are read, with which MATE's examples "
            f"train; {_NATIVE}"
        )
    if any(name.endswith("/data.pkl") or name == "data.pkl" for name in shown):
        return f"is {_PYTORCH}"
    if shown and all(name.endswith(".npy") for name in shown):
        return f"is a .npz file, NumPy arrays; {_NATIVE}"
    found = next((name for name in shown if splitext(name)[1].lower() in _WEIGHT_FILES), None)
    if found is not None:
        return f"has {shorten(basename(found), 100)} in it, {_WEIGHT_FILES[splitext(found)[1].lower()]}"
    found = next((name for name in shown if name.lower().endswith(_ARCHIVES)), None)
    if found is not None:
        return (
            f"has {shorten(basename(found), 100)} in it, and archives inside it are not opened; upload that file itself"
        )
    return ""
