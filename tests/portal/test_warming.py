"""Compiling the game beside the running portal."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.test import Client

from portal.launcher import commands, preparation, warming
from portal.launcher.installation import CHECKOUT, LocalInstallation
from portal.server import compiling


@pytest.fixture
def installation(tmp_path: Path) -> LocalInstallation:
    return LocalInstallation(tmp_path / "data")


def stand_in(monkeypatch: pytest.MonkeyPatch, failing: str = "") -> None:
    """Let a group be compiled in no time, all but one that fails."""
    monkeypatch.setattr(
        commands, "warm", lambda group: [sys.executable, "-S", "-c", f"raise SystemExit({group == failing:d})"]
    )


def finish(one: warming.Warming) -> list[str]:
    lines = []
    while not one.is_done:
        lines += one.step()
        time.sleep(0.01)
    return lines


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_every_group_is_compiled_once_and_told(
    installation: LocalInstallation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    stand_in(monkeypatch)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "kernels")}
    first = warming.Warming(installation, environment)
    first.at_once = at_once
    assert first.notice.read_text().split() == ["0", str(len(warming.GROUPS))]
    lines = finish(first)
    assert [line.split(":")[0].split() for line in lines] == [
        [str(number), "of", str(len(warming.GROUPS))] for number in range(1, len(warming.GROUPS) + 1)
    ]
    assert not first.notice.exists()
    assert warming.Warming(installation, environment).is_done


@pytest.mark.parametrize("group", warming.GROUPS[:3])
def test_a_group_that_fails_stops_nobody_and_is_tried_again_at_the_next_start(
    installation: LocalInstallation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    stand_in(monkeypatch, failing=group)
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "kernels")}
    lines = finish(warming.Warming(installation, environment))
    assert [line for line in lines if "could not be compiled" in line and warming.NAMES[group] in line]
    assert not preparation.warm_stamp(environment).exists()
    assert not warming.Warming(installation, environment).is_done


def test_groups_are_all_that_is_compiled_ahead() -> None:
    from mate import warm

    assert set(warming.GROUPS) == {*warm.MODULES, *commands.WARMED} == set(warming.NAMES)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/status/", "/tournaments/"])
def test_pages_say_that_the_game_is_being_compiled(
    client: Client, tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling.settings, "DATA_DIR", tmp_path)
    assert "being compiled" not in client.get(path).content.decode()
    for content in ("", "no figures", "1"):
        (tmp_path / "compiling").write_text(content)
        assert "being compiled" not in client.get(path).content.decode()
    (tmp_path / "compiling").write_text("2 5\n")
    assert "being compiled for this machine (2 of 5 groups)" in client.get(path).content.decode()


PAGES = """
import django
django.setup()
from django.core.management import call_command
from django.test import Client
from numba.core import event
from portal import seeding
with event.install_recorder("numba:compile") as recorder:
    call_command("migrate", verbosity=0)
    seeding.seed_arena()
    seeding.make_administrator()
    client = Client(SERVER_NAME="localhost")
    for path in ("/", "/status/", "/leaderboards/mate-4v8-9/", "/tournaments/", "/agents/", "/api/v1/agents"):
        print(path, client.get(path).status_code)
print("compiled", len(recorder.buffer))
"""


def test_neither_preparing_nor_pages_compile_anything(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"NUMBA_CACHE_DIR": str(tmp_path / "kernels"), "ARENA_DATA": str(tmp_path / "data")}
    environment |= {"DJANGO_SETTINGS_MODULE": "tests.settings", "ARENA_TEST_PROCESS": "main"}
    environment.pop("PYTEST_XDIST_WORKER", None)
    told = subprocess.run(
        [sys.executable, "-c", PAGES], cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert told[-1] == "compiled 0"
    assert all(line.endswith(" 200") for line in told[:-1]), told
