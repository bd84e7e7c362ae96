"""Archives are read without being unpacked to disk."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from policies.importing import ImportRefused, Limits
from policies.importing.archives import open_archive
from tests.policies.trials import tar_of, zip_of

LIMITS = Limits(max_file=200_000, max_entries=20, max_unpacked=40_000_000, max_ratio=10)


def open_bytes(content: bytes, limits: Limits = LIMITS) -> dict[str, bytes]:
    archive = open_archive(io.BytesIO(content), limits)
    return dict(archive.read(dict.fromkeys(archive.members, 50_000_000)))


FILES = {"a/params.json": b"{}", "a/checkpoint_000001/checkpoint-1": b"x" * 1000, "a/.is_checkpoint": b""}


@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_files_are_read_from_either_kind(make: Callable[[dict[str, bytes]], bytes]) -> None:
    assert open_bytes(make(FILES)) == FILES


def test_a_plain_tar_is_read_too() -> None:
    assert open_bytes(gzip.decompress(tar_of(FILES))) == FILES


def test_names_of_the_current_folder_are_taken_off() -> None:
    assert open_bytes(tar_of({f"./{name}": content for name, content in FILES.items()})) == FILES


def test_symbolic_links_are_counted_and_ignored() -> None:
    archive = open_archive(io.BytesIO(tar_of(FILES, {"a/latest-checkpoint": "/etc/passwd"})), LIMITS)
    assert archive.num_links == 1 and "a/latest-checkpoint" not in archive.members


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/x", "..\\x", "C:/x", "a/b\x01c", "a/\u202egnp", "a/..", "x" * 2000]
)
@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_a_name_that_could_lead_astray_is_refused(make: Callable[[dict[str, bytes]], bytes], name: str) -> None:
    with pytest.raises(ImportRefused, match="nothing was unpacked"):
        open_bytes(make(FILES | {name: b"x"}))


def test_a_name_cut_by_a_nul_is_refused() -> None:
    content = zip_of({"params.json.evil": b"x"}).replace(b"params.json.evil", b"params.json\x00evil")
    with pytest.raises(ImportRefused):
        open_bytes(content)


def test_a_file_under_a_link_is_refused() -> None:
    with pytest.raises(ImportRefused, match="under a symbolic link"):
        open_bytes(tar_of({"a/link/x": b"x"}, {"a/link": "/tmp"}))


@pytest.mark.parametrize(
    "kind", [tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.CONTTYPE]
)
def test_strange_entries_of_a_tar_are_refused(kind: bytes) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo("a/x")
        entry.type = kind
        archive.addfile(entry)
    with pytest.raises(ImportRefused, match="which no trial folder has"):
        open_bytes(buffer.getvalue())


def test_a_name_that_occurs_twice_is_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, pytest.warns(UserWarning):
        archive.writestr("x", b"1")
        archive.writestr("x", b"2")
    with pytest.raises(ImportRefused, match="occurs twice"):
        open_bytes(buffer.getvalue())


def test_too_many_entries_are_refused() -> None:
    with pytest.raises(ImportRefused, match="more than 20 entries"):
        open_bytes(zip_of({f"f{number}": b"" for number in range(21)}))


@pytest.mark.parametrize("make", [zip_of, tar_of])
def test_a_bomb_is_refused_before_it_is_unpacked(make: Callable[[dict[str, bytes]], bytes]) -> None:
    with pytest.raises(ImportRefused, match="not unpacked further"):
        open_bytes(make({"x": bytes(30_000_000)}))


def test_a_file_above_the_limit_is_refused() -> None:
    with pytest.raises(ImportRefused, match="at most 200,000"):
        open_bytes(b"PK" + bytes(200_001))


def test_a_member_above_its_own_limit_is_refused() -> None:
    archive = open_archive(io.BytesIO(zip_of(FILES)), LIMITS)
    with pytest.raises(ImportRefused, match="more than 999 bytes"):
        list(archive.read({"a/checkpoint_000001/checkpoint-1": 999}))


def test_an_announced_size_that_is_false_is_refused() -> None:
    content = bytearray(zip_of({"x": bytes(range(256)) * 100}))
    central = content.rindex(b"PK\x01\x02")
    content[central + 24 : central + 28] = (10).to_bytes(4, "little")
    with pytest.raises(ImportRefused):
        open_bytes(bytes(content))


@pytest.mark.parametrize("field", [12, 16], ids=["size of the table", "place of the table"])
def test_a_zip_that_refers_to_before_its_start_is_refused(tmp_path: Path, field: int) -> None:
    content = bytearray(zip_of(FILES))
    end = content.rindex(b"PK\x05\x06")
    content[end + field : end + field + 4] = (1_000_000).to_bytes(4, "little")
    (tmp_path / "x.zip").write_bytes(content)
    with (tmp_path / "x.zip").open("rb") as file, pytest.raises(ImportRefused, match="damaged"):
        archive = open_archive(file, LIMITS)
        list(archive.read(dict.fromkeys(archive.members, 50_000_000)))


def test_an_encrypted_archive_is_refused() -> None:
    content = bytearray(zip_of({"x": b"abc"}))
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(ImportRefused, match="encrypted"):
        open_bytes(bytes(content))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "neither"),
        (b"hello", "neither"),
        (b"\x80\x04N.", "params.json"),
        (b"PK\x03\x04" + bytes(50), "damaged"),
        (zip_of(FILES)[:-10], "damaged"),
        (tar_of(FILES)[:-20], "damaged"),
        (b"\x1f\x8b" + bytes(50), "damaged"),
        (gzip.compress(b"no tar" * 500, mtime=0), "damaged"),
    ],
    ids=["nothing", "text", "pickle", "zip's head", "cut zip", "cut tar", "gzip's head", "gzip of text"],
)
def test_what_is_no_archive_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ImportRefused, match=reason):
        open_bytes(content)
