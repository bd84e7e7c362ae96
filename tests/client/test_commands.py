"""The command line: its output, its exit codes, and the launcher's actions in it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mate.agents.batched import BUILTIN_NAMES
from mate_arena.cli import run
from mate_arena.client import credentials
from mate_arena.launching import LAUNCHER
from portal.launcher.__main__ import ACTIONS
from tests.client.conftest import Command
from tournament.models import Agent, Pairing, Scenario, Tournament, Upload

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]


def test_an_upload_is_checked_placed_and_ranked(
    command: Command, worker: None, scenario: Scenario, agents: dict[str, Agent], checkpoint: Path
) -> None:
    code, printed, said = command("upload", str(checkpoint), "--name", "Hawk", "--place", "mate-2v4-0")
    assert code == 0, said
    assert "accepted" in printed and "Hawk: rank" in printed


def test_an_upload_that_is_refused_fails_and_says_why(command: Command, worker: None, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear portal")
    code, _, said = command("upload", str(tmp_path / "letter.txt"))
    assert code == 1
    assert "was not accepted" in said and Upload.objects.get().state == "refused"


def test_json_is_all_that_a_program_reads(command: Command, played: Tournament) -> None:
    code, printed, _ = command("--json", "leaderboard", "mate-2v4-0")
    assert code == 0
    assert json.loads(printed)["cameras"][0]["agent"]["slug"] == "greedy-camera"
    assert len(json.loads(command("--json", "agents", "--team", "target")[1])) == len(BUILTIN_NAMES)
    assert json.loads(command("--json", "whoami")[1])["username"] == "alice"


def test_tables_are_for_people(command: Command, played: Tournament, pairing: Pairing) -> None:
    for arguments, words in (
        (("leaderboard", "mate-2v4-0"), ("Greedy", "1000")),
        (("leaderboard", "--tournament", str(played.pk), "--team", "target"), ("Random",)),
        (("compare", "mate-2v4-0", "greedy-camera", "random-camera"), ("P(first is better)",)),
        (("agents", "greedy-camera"), ("mate-2v4-0",)),
        (("scenario",), ("mate-2v4-0",)),
        (("status",), ("episodes to play",)),
        (("replay", "list", str(pairing.pk)), ("coverage",)),
        (("tournament", "show", str(played.pk)), ("Alice's cup", "finished")),
        (("tournament", "list", "--agent", "greedy-camera"), ("Alice's cup",)),
    ):
        code, printed, said = command(*arguments)
        assert code == 0, said
        assert all(word in printed for word in words), printed


def test_exit_codes_tell_what_happened(
    command: Command, scenario: Scenario, agents: dict[str, Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    create = ("tournament", "create", "mate-2v4-0", "--camera", "greedy-camera", "--target")
    assert command(*create, "greedy-target", "--estimate")[0] == 0
    assert command("nonsense")[0] == command("leaderboard")[0] == 2
    assert command(*create, "random-camera")[0] == 3
    assert command("agents", "nobody")[0] == 4
    monkeypatch.setenv("ARENA_TOKEN", "arena_wrong")
    assert command(*create, "greedy-target")[0] == 6
    assert not Tournament.objects.exists()


def test_a_portal_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mate_arena.client.connection._pause", lambda attempt: 0)
    assert run(["--url", "http://127.0.0.1:9", "status"]) == 5
    assert "does not answer" in capsys.readouterr().err


def test_logging_in_checks_and_stores_the_token(
    live_server: Any, token: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("typer.prompt", lambda *_, **__: token)
    assert run(["login", live_server.url]) == 0
    assert credentials.resolve() == (live_server.url, token)
    assert token not in capsys.readouterr().out
    assert run(["whoami"]) == 0
    assert run(["logout"]) == 0
    assert run(["whoami"]) == 6


def test_a_wrong_token_is_not_stored(live_server: Any, db: None, own_settings: Path) -> None:
    assert run(["--token", "arena_wrong", "login", live_server.url]) == 6
    assert not credentials.path().exists()


def test_a_refusal_names_every_reason_with_its_field(
    command: Command, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    create = ("tournament", "create", "mate-2v4-0", "--camera", "greedy-target", "--target", "greedy-camera")
    said = command(*create)[2]
    assert "cameras:" in said and "targets:" in said
    assert {error["where"] for error in json.loads(command("--json", *create)[2])["errors"]} == {"cameras", "targets"}


def test_the_help_lists_all_that_the_launcher_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert set(LAUNCHER) == set(ACTIONS)
    assert run(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(f" {name} " in printed for name in (*LAUNCHER, "evaluate", "upload", "psro"))


def test_completion_is_offered_for_shells() -> None:
    in_bash = f'"{sys.executable}" -m mate_arena.commands --show-completion; true'  # The parent process is the shell.
    told = subprocess.run(["bash", "-c", in_bash], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
    assert "complete" in told.stdout
