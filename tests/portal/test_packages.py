"""Setting up the virtual environment and its packages, also on machines with various problems."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from portal.launcher import packages
from portal.launcher.installation import CHECKOUT, LaunchRefused
from portal.launcher.packages import GROUPS, Environment
from training import installed


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Create a checkout that requires only an empty package of its own."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    for group in GROUPS.values():
        (folder / group.file).write_text("# nothing\n")
    (folder / "pyproject.toml").write_text("")
    return folder


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Create environments quickly, without pip; return the list of what pip would have been asked to install."""
    asked: list[str] = []
    run = subprocess.run

    def without_pip(command: list[str], **options: object) -> subprocess.CompletedProcess[bytes]:
        changed = [one.replace("import pip, sys", "import sys") if isinstance(one, str) else one for one in command]
        command = [*changed, "--without-pip"] if "venv" in changed else changed
        return run(command, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(packages.subprocess, "run", without_pip)
    monkeypatch.setattr(Environment, "pip", lambda self, *options, total=0: asked.append(options[-1]))
    return asked


def test_what_is_done_is_skipped_and_a_changed_pin_is_not(checkout: Path, make: list[str]) -> None:
    packages.prepare([], checkout)
    assert len(make) == 2
    packages.prepare([], checkout)
    assert len(make) == 2
    (checkout / "requirements.txt").write_text("numpy==2.4.6\n")
    packages.prepare([], checkout)
    assert len(make) == 4


@pytest.mark.parametrize("left", ["unfinished", "nothing", "python"])
def test_an_environment_whose_making_was_killed_is_made_anew(checkout: Path, make: list[str], left: str) -> None:
    environment = Environment(checkout)
    environment.python.parent.mkdir(parents=True)
    if left == "unfinished":
        environment.python.symlink_to(sys.executable)
        (environment.folder / "pyvenv.cfg").touch()
        environment.unfinished.touch()
    if left == "python":  # whose machine has another Python since
        (environment.folder / "pyvenv.cfg").touch()
        environment.python.symlink_to("/nowhere/python3")
    packages.prepare([], checkout)
    assert subprocess.run([environment.python, "-c", ""]).returncode == 0
    assert not environment.unfinished.exists()


def test_a_checkout_that_was_moved_is_set_up_anew(
    checkout: Path, make: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    packages.prepare([], checkout)
    moved = checkout.rename(checkout.parent / "elsewhere #1 %")
    packages.prepare([], moved)
    assert "was moved" in capsys.readouterr().out
    assert str(moved / ".venv") in (moved / ".venv" / "pyvenv.cfg").read_text()
    assert len(make) == 4


@pytest.mark.parametrize("number", [2, 3])
def test_installations_at_once_take_turns(checkout: Path, make: list[str], number: int) -> None:
    threads = [threading.Thread(target=packages.prepare, args=([], checkout)) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(make) == 2


def test_an_installation_that_was_killed_holds_up_nobody(checkout: Path, make: list[str]) -> None:
    program = (
        f"import fcntl, os; fcntl.flock(os.open({str(checkout)!r}, os.O_RDONLY), fcntl.LOCK_EX); print(1, "
        f"flush=True); input()"
    )
    holder = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout is not None and holder.stdin is not None
    holder.stdout.readline()
    waiting = threading.Thread(target=packages.prepare, args=([], checkout))
    waiting.start()
    assert not make
    holder.kill()
    waiting.join(60)
    assert len(make) == 2
    holder.wait()
    holder.stdout.close()
    holder.stdin.close()


def test_packages_whose_installation_was_killed_are_installed_again(checkout: Path) -> None:
    environment = Environment(checkout)
    site = environment.folder / "lib" / "python3.13" / "site-packages"
    for name, is_whole in (("whole-1.0", True), ("half-1.0", False)):
        (site / f"{name}.dist-info").mkdir(parents=True)
        if is_whole:
            (site / f"{name}.dist-info" / "RECORD").touch()
    environment.forget_halves()
    assert [path.name for path in site.iterdir()] == ["whole-1.0.dist-info"]


def test_settings_of_pip_and_modules_of_others_do_not_lead_packages_elsewhere(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PYTHONPATH", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, "/elsewhere")
    monkeypatch.setenv("PIP_USER", "1")
    environment = Environment(checkout)
    environment.python.parent.mkdir(parents=True)
    environment.python.write_text("#!/bin/sh\nenv > variables\n")
    environment.python.chmod(0o755)
    environment.pip("-r", "requirements.txt")
    told = (checkout / "variables").read_text().splitlines()
    assert [line for line in told if "/elsewhere" in line] == ["PIP_INDEX_URL=/elsewhere"]
    assert "PIP_USER=0" in told


@pytest.mark.parametrize("name", ["two\nlines", "a:b", "tab\there"])
def test_a_path_that_environments_do_not_allow_is_refused_in_words(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with pytest.raises(LaunchRefused, match="Move it") as refusal:
        packages.prepare([], tmp_path / name)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["with spaces", 'it\'s "quoted"', "Übung #1 50%"])
def test_odd_paths_are_allowed(checkout: Path, make: list[str], name: str) -> None:
    packages.prepare([], checkout.rename(checkout.parent / name))
    assert len(make) == 2


@pytest.mark.parametrize("group", GROUPS)
def test_a_full_disk_is_told_before_anything_is_fetched(
    checkout: Path, make: list[str], monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    monkeypatch.setattr(packages.shutil, "disk_usage", lambda _: SimpleNamespace(total=10, used=10, free=0))
    with pytest.raises(LaunchRefused, match=r"too full: 0 MB are free.*Make room"):
        packages.prepare([group], checkout)
    assert not make


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root may write anywhere")
def test_a_checkout_that_may_not_be_written_to_is_told_so_and_not_that_python_lacks_something(tmp_path: Path) -> None:
    folder = tmp_path / "checkout"
    folder.mkdir(mode=0o755)
    for group in GROUPS.values():
        (folder / group.file).touch(mode=0o644)
    (folder / "pyproject.toml").touch(mode=0o644)
    folder.chmod(0o555)
    program = (
        f"from pathlib import Path; from portal.launcher import packages; packages.prepare([], Path({str(folder)!r}))"
    )
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    ended = subprocess.run([*drop, sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True)
    assert "cannot be written to" in ended.stderr
    assert "venv" not in ended.stderr.splitlines()[-1]


def test_what_pip_fetches_is_counted() -> None:
    told = [
        "Collecting numpy==2.4.6",
        "  Downloading numpy-2.4.6-cp313-cp313-manylinux_2_28_x86_64.whl (16.6 MB)",
        "Collecting django==5.2.19",
        "  Using cached django-5.2.19-py3-none-any.whl (8.3 MB)",
        "Requirement already satisfied: pip",
        "Installing collected packages: numpy, django",
    ]
    assert list(packages.report(told, 40)) == [
        "  1 of 40: numpy 2.4.6 (16.6 MB)",
        "  2 of 40: django 5.2.19 (8.3 MB)",
        "  unpacking 2 packages",
    ]


@pytest.mark.parametrize(
    ("gpu", "is_reachable", "chosen", "told"),
    [
        (False, True, ["--extra-index-url", packages.PYTORCH_CPU], ""),
        (False, False, [], "cannot be reached"),
        (True, True, [], "NVIDIA"),
    ],
)
def test_pytorch_comes_without_cuda_unless_a_gpu_is_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], gpu: bool, is_reachable: bool, chosen: list[str], told: str
) -> None:
    if gpu:
        (tmp_path / "nvidia0").touch()
    assert packages.choose_torch_index(devices=tmp_path, is_reachable=lambda _: is_reachable) == chosen
    assert told in capsys.readouterr().out


@pytest.mark.parametrize("index", ["http://127.0.0.1:1/whl/cpu", "http://[broken", "no address"])
def test_an_index_that_does_not_answer_is_not_reached(index: str) -> None:
    assert not packages.reaches(index)


@pytest.mark.parametrize("group", ["torch", "Training", ""])
def test_an_unknown_group_is_refused_with_those_there_are(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        packages.main([group])
    assert "training" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["help", "run", "prepare"])
def test_make_needs_no_other_program_and_refuses_without_a_python(tmp_path: Path, target: str) -> None:
    for name in ("bash", "grep", "sed"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    command = [str(shutil.which("make")), "--no-print-directory", target]
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    ended = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True)
    if target == "help":
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "make run " in ended.stdout
    else:
        assert ended.returncode != 0
        assert all(way in ended.stderr for way in ("apt install python3", "uv python install", "pyenv install"))


def test_what_trainings_miss_is_told_with_the_command() -> None:
    assert installed.missing(("numpy", "django")) == []
    assert installed.explain([]) == ""
    assert installed.missing(("numpy", "no-such-package", "nor-this")) == ["no-such-package", "nor-this"]
    assert "`make training`" in installed.explain(["torch"])
