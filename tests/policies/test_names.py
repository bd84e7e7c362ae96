"""Names in archives: harmless ones are listed; deceptive or escaping ones are refused, and the refusal says why."""

import io
import json
import zipfile
from collections.abc import Callable

import pytest

from policies.importing import ImportRefused
from policies.importing.names import is_clutter, last_part, member_name, split_path
from policies.importing.reading import read_file
from tests.policies.test_psro import ROOT, result
from tests.policies.trials import Trial, files_of, tar_of, zip_of

FILES = files_of(Trial())
EITHER = pytest.mark.parametrize("make", [zip_of, tar_of], ids=["zip", "tar"])

Make = Callable[[dict[str, bytes]], bytes]


def zip_with_names(names: dict[str, bytes]) -> bytes:
    """Return a zip with exactly these names, also with backslashes, as .NET Framework 4.5 and PowerShell 5 write it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in names.items():
            entry = zipfile.ZipInfo(name)
            entry.filename = entry.orig_filename = name
            entry.create_system = 0
            archive.writestr(entry, content)
    return buffer.getvalue()


def read_digest(content: bytes) -> str:
    (agent,) = read_file(io.BytesIO(content)).agents
    return agent.checkpoint.digest


@pytest.mark.parametrize(
    "name",
    [
        "Screenshot 2026-05-01 at 10.00.00\u202fAM.png",
        "essai\u00a01.txt",
        "\u8bad\u7ec3\u3000\u7b2c\u4e00\u6b21.txt",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.txt",
        "\U0001f468\u200d\U0001f469.png",
        "Icon\r",
        "soft\u00adhyphen",
        "\ufeffmarked",
        "e\u0301te\u0301 decomposed",
        "\u00e9t\u00e9 composed",
        "\uf022 private",
        "line\u2028separator",
        "CON",
        "trailing dot. ",
        "n" * 900,
    ],
)
@EITHER
def test_a_harmless_name_of_a_file_that_is_never_opened_is_accepted(make: Make, name: str) -> None:
    assert read_digest(make(FILES | {f"PPO_trial/{name}": b"x"})) == read_digest(make(FILES))


@pytest.mark.parametrize(
    "folder", ["\u8bad\u7ec3\u3000\u7b2c\u4e00\u6b21", "essai\u00a01", "run at 10:32\u202fAM", "a\u200db"]
)
@EITHER
def test_a_trial_folder_may_have_a_harmless_name(make: Make, folder: str) -> None:
    (agent,) = read_file(io.BytesIO(make(files_of(Trial(), f"{folder}/")))).agents
    assert agent.source == f"{folder}/checkpoint_000001/checkpoint-1"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a/photo\u202egnp.exe", r"U\+202E \(RIGHT-TO-LEFT OVERRIDE\).*order in which a name is shown; rename it"),
        ("a/\u2067x", r"U\+2067 \(RIGHT-TO-LEFT ISOLATE\)"),
        ("a/x\u202a", r"U\+202A \(LEFT-TO-RIGHT EMBEDDING\)"),
        ("a/b\x1b[2K", r"U\+001B in its name, which is a control character; rename it"),
        ("a/b\nc", r"U\+000A"),
        ("a/Icon\rx", r"U\+000D"),
        ("n" * 1001, "1,001 characters; at most 1,000"),
        ("../x", "leads out of the archive"),
        ("a\\..\\..\\x", "leads out of the archive"),
        ("C:\\x", "leads out of the archive"),
        ("\\\\server\\share\\x", "leads out of the archive"),
    ],
)
@EITHER
def test_a_name_that_deceives_or_escapes_is_refused_with_the_reason(make: Make, name: str, reason: str) -> None:
    with pytest.raises(ImportRefused, match=f"{reason}.*nothing was unpacked"):
        read_digest(make(FILES | {name: b"x"}))


def test_a_results_name_with_bytes_that_are_no_text_can_be_stored() -> None:
    files = {name.replace(ROOT, "NE-caf\udce9"): content for name, content in result().items()}
    report = read_file(io.BytesIO(tar_of(files)))
    assert report.results[0].name == "NE-caf\ufffd"
    json.dumps(report.to_json(), ensure_ascii=False).encode()


def test_bytes_of_a_tar_that_are_no_text_do_no_harm() -> None:
    named = tar_of(files_of(Trial(), "run-\udce9t\udce9/"))  # Latin-1, as an old system wrote it
    (agent,) = read_file(io.BytesIO(named)).agents
    assert agent.source.startswith("run-\ufffdt\ufffd/")


@pytest.mark.parametrize("prefix", ["", "C\u00e1mara\\", "runs\\May 2026\\"])
def test_a_zip_with_backslashes_between_its_folders_is_read(prefix: str) -> None:
    files = {prefix + name.replace("/", "\\"): content for name, content in FILES.items()}
    folders = {f"{prefix}PPO_trial\\": b"", f"{prefix}PPO_trial\\checkpoint_000001\\": b""}
    assert read_digest(zip_with_names(folders | files)) == read_digest(zip_of(FILES))


def test_a_psro_result_made_and_zipped_on_windows_is_read() -> None:
    files = {name.replace("/", "\\"): content for name, content in result().items()}
    here = read_file(io.BytesIO(zip_of(result())))
    there = read_file(io.BytesIO(zip_with_names(files)))
    assert (there.agents, there.mixtures, there.results) == (here.agents, here.mixtures, here.results)


def test_one_file_named_with_either_separator_occurs_twice() -> None:
    with pytest.raises(ImportRefused, match="occurs twice"):
        read_digest(zip_with_names(FILES | {"PPO_trial\\params.json": b"{}"}))


@pytest.mark.parametrize(
    "clutter",
    [
        {"__MACOSX/PPO_trial/._params.json": b"x", "__MACOSX/PPO_trial/checkpoint_000001/._checkpoint-1": b"x"},
        {"PPO_trial/._params.json": b"x", "PPO_trial/checkpoint_000001/._checkpoint-1": b"x", "._PPO_trial": b"x"},
        {"PPO_trial/Thumbs.db": b"x", "PPO_trial/desktop.ini": b"x", ".DS_Store": b"x"},
    ],
)
@EITHER
def test_what_file_managers_leave_is_passed_over(make: Make, clutter: dict[str, bytes]) -> None:
    assert read_digest(make(clutter | FILES)) == read_digest(make(FILES))
    assert all(map(is_clutter, clutter))


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/home/u/runs/checkpoint-1", ["home", "u", "runs", "checkpoint-1"]),
        ("C:\\Users\\u\\checkpoint-1\r\n", ["Users", "u", "checkpoint-1"]),
        ("\\\\server\\share\\runs/checkpoint-1", ["server", "share", "runs", "checkpoint-1"]),
        ("C:\\\\Users\\\\u\\\\checkpoint-1", ["Users", "u", "checkpoint-1"]),
        ('"D:runs\\checkpoint-1"', ["runs", "checkpoint-1"]),
        ("\\\\?\\C:\\runs\\checkpoint-1", ["?", "C:", "runs", "checkpoint-1"]),
        ("", []),
    ],
)
def test_a_path_of_any_system_is_divided_into_its_parts(path: str, parts: list[str]) -> None:
    assert split_path(path) == parts


@pytest.mark.parametrize("path", ["C:MATE.yaml", "/a/MATE.yaml", "..\\MATE.yaml", "\\\\server\\MATE.yaml", "MATE.yaml"])
def test_the_last_part_is_the_files_name(path: str) -> None:
    assert last_part(path) == "MATE.yaml"


def test_a_members_name_has_no_empty_parts() -> None:
    names = ["./a//b/", "a\\b\\", "a/./b", "/", ".", "", "/a"]
    assert [member_name(name) for name in names] == ["a/b", "a/b", "a/b", "/", ".", ".", "/a"]
