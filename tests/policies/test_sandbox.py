"""Uploaded files are read in a child process that can do no harm."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from policies.importing import ImportRefused, Limits, Step, read
from policies.importing.reading import read_file
from policies.importing.sandbox import _CHILD
from tests.policies.trials import HIERARCHICAL, Trial, files_of, tar_of, zip_of

ROOT = Path(__file__).resolve().parent.parent.parent


def saved(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "upload"
    path.write_bytes(content)
    return path


def test_the_child_finds_what_this_process_finds(tmp_path: Path) -> None:
    path = saved(tmp_path, zip_of(files_of(Trial(), "one/") | files_of(HIERARCHICAL, "two/")))
    report = read(path)
    with open(path, "rb") as file:
        here = read_file(file)
    assert report.agents == here.agents and report.steps[1:] == here.steps
    assert [path.name for path in tmp_path.iterdir()] == ["upload"]


def test_the_first_step_says_what_the_child_gave_up(tmp_path: Path) -> None:
    seen: list[Step] = []
    report = read(saved(tmp_path, zip_of(files_of(Trial()))), watch=seen.append)
    assert tuple(seen) == report.steps
    assert seen[0].name == "Start the reader" and "256 MiB of memory, 10 s" in seen[0].detail


def test_a_refusal_comes_back_with_its_steps(tmp_path: Path) -> None:
    seen: list[Step] = []
    with pytest.raises(ImportRefused, match="frame_skip is 0") as refusal:
        read(saved(tmp_path, tar_of(files_of(Trial(frame_skip=0)))), watch=seen.append)
    assert refusal.value.steps == tuple(seen) and seen[-1].status == "failed"


def test_the_child_loads_no_compiler_and_no_engine() -> None:
    program = (
        "import runpy, sys\n"
        f"runpy.run_path({str(_CHILD)!r})['_find_floors']()\n"
        "import policies.importing.reading\n"
        "print([name for name in ('numba', 'scipy', 'gymnasium', 'mate.engine') if name in sys.modules])"
    )
    ended = subprocess.run([sys.executable, "-I", "-B", "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"


def test_a_file_that_is_not_there_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "missing")


def large_archive() -> bytes:
    """A trial whose checkpoint takes more memory than the test allows."""
    files = files_of(Trial())
    path = next(name for name in files if name.endswith("checkpoint-1"))
    files[path] = bytes(range(256)) * 400_000
    return zip_of(files)


def test_too_much_memory_ends_the_child_and_nothing_else(tmp_path: Path) -> None:
    path = saved(tmp_path, large_archive())
    with pytest.raises(ImportRefused, match="memory"):
        read(path, Limits(memory=60 * 2**20, max_ratio=100_000))


def test_too_much_time_ends_the_child_and_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="longer than 0 s"):
        read(saved(tmp_path, zip_of(files_of(Trial()))), Limits(wall_seconds=0))


def run_confined(program: str) -> subprocess.CompletedProcess[str]:
    """Run a program after the child's confinement."""
    prelude = (
        "import runpy, sys\n"
        f"child = runpy.run_path({str(_CHILD)!r})\n"
        "child['_find_floors']()\n"
        "from policies.importing import confinement\n"
        "from policies.importing.limits import Limits\n"
        "import socket\n"
        "state = confinement.confine(Limits(cpu_seconds=1), confinement.leave_network())\n"
    )
    return subprocess.run(
        [sys.executable, "-B", "-c", prelude + program], capture_output=True, text=True, cwd=ROOT, timeout=60
    )


def test_the_confined_process_cannot_grow_a_file(tmp_path: Path) -> None:
    ended = run_confined(f"open({str(tmp_path / 'x')!r}, 'w').write('a' * 100)")
    assert ended.returncode != 0
    assert not (tmp_path / "x").exists() or (tmp_path / "x").stat().st_size == 0


def test_the_confined_process_opens_no_file_where_the_kernel_can_close_them() -> None:
    ended = run_confined("print(state.files_closed); open('/etc/passwd')")
    assert "False" in ended.stdout or "PermissionError" in ended.stderr


def test_the_confined_process_has_no_network_where_the_kernel_can_close_it() -> None:
    ended = run_confined("print(state.network_closed); socket.create_connection(('127.0.0.1', 9), 2)")
    assert "False" in ended.stdout or any(word in ended.stderr for word in ("Permission", "unreachable"))


def test_the_confined_process_has_bounded_memory_and_time() -> None:
    assert "MemoryError" in run_confined("bytearray(2 * 2**30)").stderr
    assert run_confined("while True: pass").returncode < 0


def test_limits_can_be_changed() -> None:
    assert dataclasses.replace(Limits(), max_file=1).max_file == 1


def test_what_broke_the_reader_is_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The confined reader cannot write a file, so its traceback comes through a pipe."""
    broken = dataclasses.replace(Limits(), max_entries="many")  # type: ignore[arg-type]
    with pytest.raises(ImportRefused, match="the server's log says why"):
        read(saved(tmp_path, zip_of(files_of(Trial()))), broken)
    assert "Traceback" in caplog.text and "TypeError" in caplog.text
