"""The examples of docs/client.md run unchanged against a live portal with a worker."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

from policies import Dimensions
from portal import recordings
from tests.policies.checkpoints import make_checkpoint
from tournament import labs, studies
from tournament.models import Agent, Episode, Scenario, Study

PAGE = Path(__file__).resolve().parents[2] / "docs" / "client.md"
ROOT = PAGE.parents[1]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def study(alice: User, scenario: Scenario, agents: dict[str, Agent]) -> Study:
    one = studies.StudyConfiguration("plain", "mappo")
    return studies.create_study(
        studies.StudyRequest("Plain", [scenario], "camera", agents["greedy-target"], [one], num_seeds=1, owner=alice)
    )


def test_the_commands(
    live_server: Any,
    token: str,
    alice: User,
    bob: User,
    worker: None,
    study: Study,
    real_episode: Episode,
    real_replay: bytes,
    checkpoint: Path,
    tmp_path: Path,
) -> None:
    secret = make_checkpoint(seed=1, scenario=Dimensions(2, 4, 0))
    (tmp_path / "secret.zip").write_bytes(secret.to_bytes())
    labs.create(alice, "Owls")
    recordings.path_of(real_episode, "record").write_bytes(real_replay)
    names = {"ARENA_URL": live_server.url, "ARENA_TOKEN": token, "EPISODE": str(real_episode.pk)}
    names["STUDY"] = str(study.pk)
    shim = f'mate-arena() {{ "{sys.executable}" -m mate_arena.commands "$@"; }}\n'
    done = subprocess.run(
        ["bash", "-ec", shim + "".join(blocks("bash"))],
        cwd=tmp_path, env=os.environ | names | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "greedy-camera\n" in done.stdout
    assert (tmp_path / "ratings.csv").read_text().count("\n") >= 4
    assert (tmp_path / "episode.replay").read_bytes() == real_replay


def test_the_programs(
    live_server: Any, token: str, worker: None, scenario: Scenario, agents: dict[str, Agent], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("ARENA_URL", live_server.url)
    monkeypatch.setenv("ARENA_TOKEN", token)
    monkeypatch.chdir(tmp_path)
    first, second = blocks("python")
    names: dict[str, Any] = {}
    exec(compile(first, str(PAGE), "exec"), names)
    assert (tmp_path / "first.replay").exists() and (tmp_path / "episodes.parquet").exists()
    with names["ArenaClient"]() as arena:
        exec(compile(second, str(PAGE), "exec"), {"arena": arena})
    assert capsys.readouterr().out.splitlines()[-1].startswith("invalid episodes_per_pairing")
