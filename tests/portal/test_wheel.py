"""The distribution: an installed wheel is the whole portal, and adds no plain names that conflict with others."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

from portal.launcher import commands
from portal.launcher.installation import LocalInstallation
from tests.portal.test_supervisor import find_port
from tests.sources import FLOORS, ROOT
from tests.waiting import wait_for

SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "manage.py", "requirements.in")
EXTRAS = ("requirements-training.in", "requirements-film.in", "requirements-window.in")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    for name in (*FLOORS, "templates", "docs"):
        shutil.copytree(ROOT / name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in (*SOURCES, *EXTRAS):
        shutil.copy(ROOT / name, folder / "source" / name)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, "-w", folder, folder / "source"], check=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a virtual environment with the wheel, which takes its requirements from this environment."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "venv", symlinks=True)
    site = next((folder / "venv").glob("lib/python3*/site-packages"))
    (site / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = folder / "venv" / "bin" / "python"
    options = ["--quiet", "--no-deps", "--disable-pip-version-check", "--force-reinstall"]
    subprocess.run([sys.executable, "-m", "pip", "--python", python, "install", *options, wheel], check=True)
    return folder


def outside(folder: Path, **changes: str) -> dict[str, str]:
    """Return environment variables without any reference to the checkout."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "HOME")}
    return kept | {"ARENA_DATA": str(folder / "data")} | changes


def run(elsewhere: Path, program: str) -> str:
    command = [elsewhere / "venv" / "bin" / "python", "-c", program]
    return subprocess.run(
        command, cwd=elsewhere, env=outside(elsewhere), capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_wheel_has_two_names_at_its_top_and_all_that_the_portal_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"mate", "mate_arena"}
    inside = "mate_arena/application"
    for floor in (*FLOORS[1:-1], "templates", "docs"):
        for path in (ROOT / floor).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                assert f"{inside}/{path.relative_to(ROOT)}" in names
    assert f"{inside}/manage.py" in names
    assert "mate/assets/MATE-4v8-9.yaml" in names


@pytest.mark.parametrize("name", ["portal", "tasks", "training", "policies", "tournament"])
def test_no_plain_name_is_importable_until_the_application_is_opened(elsewhere: Path, name: str) -> None:
    program = (
        "import importlib.util as u, mate_arena\n"
        f"before = u.find_spec({name!r}); mate_arena.open_application(); after = u.find_spec({name!r})\n"
        "print(before is None, str(mate_arena.APPLICATION) in after.origin)"
    )
    assert run(elsewhere, program) == "True True"


def test_the_game_finds_the_loader_of_checkpoints_in_a_wheel(elsewhere: Path) -> None:
    program = (
        "import importlib.metadata as m\n"
        "load = next(iter(m.entry_points(group='mate.agent_loaders'))).load()\n"
        "try: load('nowhere.zip', 'camera')\n"
        "except Exception as error: print(type(error).__module__, error)"
    )
    assert "nowhere.zip cannot be read" in run(elsewhere, program)


def test_kernels_of_a_wheel_are_named_after_all_that_they_read_from(elsewhere: Path) -> None:
    program = (
        "import mate_arena; mate_arena.open_application()\n"
        "from mate import sources\n"
        "print(*(sources.file_of(f'policies.{name}') for name in ('networks', 'inference')))\n"
        "print(len(sources.sources_of(sources.file_of('policies.inference'))))"
    )
    here = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=True
    ).stdout
    told = run(elsewhere, program)
    assert "mate_arena/application/policies/networks.py" in told
    assert told.splitlines()[1] == here.splitlines()[1]


def test_an_installed_portal_runs_outside_any_checkout(elsewhere: Path) -> None:
    port = find_port()
    changes = {"ARENA_PORT": str(port), "ARENA_WORKERS": "0", "ARENA_TRAINING_SLOTS": "0"}
    program = elsewhere / "venv" / "bin" / "mate-arena"
    screen = elsewhere / "screen"
    with open(screen, "wb") as output:
        process = subprocess.Popen(
            [program, "run"], cwd=elsewhere, env=outside(elsewhere, **changes), stdout=output, stderr=output
        )
    try:
        wait_for(lambda: "Ctrl-C" in screen.read_text() or process.poll() is not None, "the portal")
        assert process.poll() is None, screen.read_text()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
            page = answer.read().decode()
        style = re.search(r'href="(/static/[^"]+\.css)"', page)
        assert style and "MATE Arena" in page
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{style[1]}", timeout=60) as answer:
            assert answer.status == 200
        token = subprocess.run(
            [program, "manage", "create_token", "admin"],
            cwd="/",
            env=outside(elsewhere),
            capture_output=True,
            text=True,
        )
        assert token.returncode == 0 and len(token.stdout.strip()) > 20, token.stderr
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    assert (elsewhere / "data" / "arena.sqlite3").exists()
    site = next((elsewhere / "venv").glob("lib/python3*/site-packages"))
    assert not list(site.rglob("*.nbi")) and not (site / "mate_arena" / "application" / "data").exists()


@pytest.mark.parametrize(
    ("environment", "data"),
    [
        ({"HOME": "/home/ada"}, "/home/ada/.local/share/mate-arena"),
        ({"HOME": "/home/ada", "XDG_DATA_HOME": "/large"}, "/large/mate-arena"),
        ({"HOME": "/home/ada", "ARENA_DATA": "/srv/arena"}, "/srv/arena"),
    ],
)
def test_an_installed_portal_keeps_its_data_with_its_users(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], data: str
) -> None:
    monkeypatch.setattr("portal.launcher.installation.IS_WHEEL", True)
    monkeypatch.setattr(commands, "IS_WHEEL", True)
    installation = LocalInstallation.from_environment(environment)
    assert installation.data == Path(data)
    assert commands.child_environment(installation, environment)["NUMBA_CACHE_DIR"] == f"{data}/kernels"
