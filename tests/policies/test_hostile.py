"""Every hostile file is refused with its reason, and does nothing."""

import tempfile
import time
from pathlib import Path

import pytest

from policies.importing import ImportRefused, Limits, read

FOLDER = Path(__file__).resolve().parent.parent / "data" / "hostile"
NOT_DATA = "not among the data of a genuine checkpoint; nothing was executed"
TOO_SMALL = r"announces hidden layers of \[512, 256\], and the weights have \[8\]"
UNPACKED = "nothing was unpacked"

REASONS = {
    "a1_": NOT_DATA,
    "a2": NOT_DATA,
    "a3": NOT_DATA,
    "a4": NOT_DATA,
    "a5": NOT_DATA,
    "a6": NOT_DATA,
    "a7": TOO_SMALL,
    "a8": NOT_DATA,
    "a9": NOT_DATA,
    "a10": NOT_DATA,
    "a11": "INST",
    "a12": NOT_DATA,
    "a13": NOT_DATA,
    "a14": "extension code",
    "a15": "persistent id",
    "a16": "follow the end of the pickle",
    "b1": NOT_DATA,
    "b2": NOT_DATA,
    "b3": NOT_DATA,
    "b4": TOO_SMALL,
    "b5": NOT_DATA,
    "c0": TOO_SMALL,
    "c1": "cut off",
    "c2": "cut off",
    "c3": "cut off",
    "c4": "damaged",
    "c5": "unknown opcode",
    "c6": "no 'worker'",
    "c7": "no 'worker'",
    "c8": TOO_SMALL,
    "c9": "archive is damaged",
    "d1_": "length 1099511627776",
    "d2": "length",
    "d3": "length -5",
    "d4": "takes 258048 bytes, and 16 are there",
    "d5": "data type",
    "d6": "cut off",
    "d7": "integer of 2,147,483,647 bytes",
    "d8": "frame",
    "d9": "memory cell",
    "d10": NOT_DATA,
    "d11": NOT_DATA,
    "d12": "stacks",
    "d13": "left over|stacks|instructions",
    "d14": "memory cell|instructions",
    "e1": "not unpacked further",
    "e2": "entries",
    "e3": "archives inside it are not opened",
    "e4": "table of contents is false",
    "e5": "not unpacked further",
    "f1_": UNPACKED,
    "f2": UNPACKED,
    "f3": "links were not followed",
    "f4": "under a symbolic link",
    "f5": UNPACKED,
    "f6": UNPACKED,
    "f7": "occurs twice",
    "f8": UNPACKED,
    "f9": "links were not followed",
    "f10": "under a symbolic link",
    "f11": "hard link",
    "f12": "device or pipe",
    "f13": UNPACKED,
    "g1": "not finite",
    "g2": TOO_SMALL,
    "g3": "frame_skip is 1000000000000",
    "g4": "discrete_levels is 1000001",
    "g5": "lstm_cell_size is 1000000000",
    "g6": "frame_skip is 0",
    "g7": "env is '<script>",
}


def reason_for(name: str) -> str:
    prefix = name.split("_")[0]
    return REASONS.get(prefix) or REASONS[f"{prefix}_"]


def markers() -> set[Path]:
    return {*Path(tempfile.gettempdir()).glob("*pwned*"), *Path("/tmp").glob("*pwned*")}


def check_refused(path: Path) -> None:
    before, start = markers(), time.monotonic()
    with pytest.raises(ImportRefused, match=reason_for(path.name)) as refusal:
        read(path, Limits(wall_seconds=60))
    assert refusal.value.steps[-1].status == "failed" and refusal.value.steps[-1].detail == str(refusal.value)
    assert markers() == before and time.monotonic() - start < 60


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir()))
def test_a_hostile_file_is_refused_with_its_reason(name: str) -> None:
    check_refused(FOLDER / name)


def test_the_large_hostile_files_are_refused_with_their_reasons(reference_data: Path) -> None:
    ours = {path.name for path in FOLDER.iterdir()}
    large = [path for path in sorted((reference_data / "checkpoints" / "hostile").iterdir()) if path.name not in ours]
    for path in large:
        if path.suffix in (".zip", ".gz"):
            check_refused(path)
