"""The examples of docs/rest-api.md run unchanged in a shell, against a live portal."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User

import mate_arena
from portal import recordings
from portal.api import api
from portal.models import ApiToken
from tournament import replays
from tournament.models import (
    Agent,
    Episode,
    Scenario,
    Schedule,
    Tournament,
    TournamentState,
    TrainingRun,
    TrainingState,
    Upload,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rest-api.md"
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on this machine")
pytestmark = [needs_curl, pytest.mark.django_db(transaction=True)]


def examples(containing: str) -> list[str]:
    """The page's shell examples with this text, one command each."""
    blocks = re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.DOTALL)
    commands = [command for block in blocks for command in re.split(r"\n(?=curl|until)", block.strip())]
    found = [command for command in commands if containing in command]
    assert found, f"the page has no example with {containing}"
    return found


@pytest.fixture
def run(live_server: Any, alice: User, tmp_path: Path) -> Any:
    _, token = ApiToken.issue(alice, "examples")
    (tmp_path / "checkpoint.zip").write_bytes(b"not a checkpoint")

    def run(command: str, **names: Any) -> str:
        environment = (
            os.environ | {"ARENA": live_server.url, "TOKEN": token} | {key: str(value) for key, value in names.items()}
        )
        return subprocess.run(
            ["bash", "-ec", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    return run


def test_an_agent_is_played_again_on_fresh_seeds(run: Any, played: Tournament) -> None:
    (command,) = examples("/reevaluations")
    assert json.loads(run(command))["state"] == "playing"
    assert Tournament.objects.filter(purpose="reevaluation").count() == 1


def test_reading(run: Any, real_episode: Episode, played: Tournament, tmp_path: Path) -> None:
    names = {"TOURNAMENT": played.pk, "PAIRING": real_episode.pairing_id, "AGENT": "greedy-camera"}
    for part in ("v1/scenarios", "v1/agents", "meta-game", "TOURNAMENT/episodes", "v1/pairings"):
        for command in (found for found in examples(part) if "-X PATCH" not in found and " -d " not in found):
            answer = run(command, **names)
            assert "error" not in answer[:20], f"{command}: {answer}"
            if "format=parquet" in command:
                assert (tmp_path / "episodes.parquet").read_bytes()[:4] == b"PAR1"
            elif "agent.zip" in command:
                assert mate_arena.load(tmp_path / "agent.zip").team == "camera"
            elif "format=csv" in command:
                assert answer.splitlines()[0].count(",") >= 4
            else:
                assert json.loads(answer)


def test_adding_a_variant_of_a_scenario(run: Any, scenario: Scenario) -> None:
    [command] = examples("POST $ARENA/api/v1/scenarios")
    assert json.loads(run(command))["variant"] == {"message_dropout": 0.3}


def test_describing_an_agent(run: Any, alice: User, agents: dict[str, Agent]) -> None:
    Agent.objects.filter(slug="greedy-camera").update(owner=alice)
    [describe] = examples("agents/$AGENT -d")
    assert json.loads(run(describe, AGENT="greedy-camera"))["name"] == "Hawk"


def test_uploading_and_polling(run: Any) -> None:
    [upload] = examples("-F file=")
    [poll] = examples("uploads/$UPLOAD")
    made = json.loads(run(upload))
    assert Upload.objects.get().name == "My camera"
    assert json.loads(run(poll, UPLOAD=made["id"]))["state"] == "waiting"


def test_uploading_in_pieces(run: Any) -> None:
    [upload] = [block for block in re.findall(r"```bash\n(.*?)```", PAGE.read_text(), re.DOTALL) if "LENGTH=" in block]
    assert json.loads(run(upload))["filename"] == "checkpoint.zip"
    assert Upload.objects.get().size == len(b"not a checkpoint")


def test_repeating_a_request_and_estimating_one(run: Any, agents: dict[str, Agent], scenario: Scenario) -> None:
    [repeat] = examples("Idempotency-Key:")
    assert json.loads(run(repeat))["id"] == json.loads(run(repeat))["id"]
    [estimate] = examples("tournaments/estimate")
    assert json.loads(run(estimate))["episodes"] == 10
    assert Tournament.objects.count() == 1


def test_creating_a_token(run: Any) -> None:
    [create] = examples("v1/tokens")
    [look] = examples("v1/account")
    assert json.loads(run(create))["scopes"] == ["tournaments"]
    assert json.loads(run(look))["username"] == "alice"


def test_starting_watching_and_cancelling(run: Any, played: Tournament, agents: dict[str, Agent]) -> None:
    [start] = examples("First cup")
    made = json.loads(run(start))
    assert made["progress"]["total"] == 40
    cancel = next(command for command in examples("tournaments/$TOURNAMENT") if "cancel" in command)
    watch = next(command for command in examples("tournaments/$TOURNAMENT") if command.endswith("$TOURNAMENT"))
    assert json.loads(run(watch, TOURNAMENT=made["id"]))["name"] == "First cup"
    assert json.loads(run(cancel, TOURNAMENT=made["id"]))["state"] == TournamentState.CANCELLED


def test_testing_two_agents_and_reading_what_was_chosen(run: Any, agents: dict[str, Agent], scenario: Scenario) -> None:
    [start] = examples("Is Greedy better?")
    [formats] = examples("v1/formats")
    [choices] = examples("/choices")
    made = json.loads(run(start))
    assert (made["format"], made["settings"]["upper"], made["round"]) == ("sequential", 30, 1)
    assert "sequential" in {format["name"] for format in json.loads(run(formats))}
    assert len(run(choices, TOURNAMENT=made["id"]).splitlines()) == 3


def test_keeping_changing_and_giving_up_a_schedule(run: Any, agents: dict[str, Agent], scenario: Scenario) -> None:
    [keep] = examples("Weekly cup")
    made = json.loads(run(keep))
    assert made["in_words"] == "At 03:00 on Monday, UTC"
    for command in examples("schedules/$SCHEDULE"):
        answer = run(command, SCHEDULE=made["id"])
        assert "error" not in answer[:20], f"{command}: {answer}"
    assert Tournament.objects.get().start is None
    assert not Schedule.objects.exists()


def test_training_following_and_cancelling(run: Any, scenario: Scenario, agents: dict[str, Agent]) -> None:
    [ask] = examples("Night watch")
    made = json.loads(run(ask))
    assert made["name"] == "Night watch"
    for command in examples("trainings/$TRAINING") + examples("trainings?") + examples("trainings/hyperparameters"):
        answer = run(command, TRAINING=made["id"])
        assert "error" not in answer[:20], f"{command}: {answer}"
    assert TrainingRun.objects.get().state == TrainingState.CANCELLED


def test_downloading_a_replay(run: Any, real_episode: Episode, real_replay: bytes, tmp_path: Path) -> None:
    recordings.path_of(real_episode, "record").write_bytes(real_replay)
    [download] = examples("-o episode.replay")
    run(download, EPISODE=real_episode.pk)
    assert replays.verify((tmp_path / "episode.replay").read_bytes()).is_same


def test_verifying(run: Any, real_episode: Episode) -> None:
    [verify] = examples("/verify")
    assert json.loads(run(verify, EPISODE=real_episode.pk))["state"] == "playing"


def test_the_table_of_requests_names_those_there_are() -> None:
    described = {
        (f"{method.upper()} {path.removeprefix('/api/v1')}", "security" in request)
        for path, requests in api.get_openapi_schema()["paths"].items()
        for method, request in requests.items()
    }
    rows = re.findall(r"^\| `([A-Z]+ /\S+)` \|.*\| (token)? ?\|$", PAGE.read_text(), re.MULTILINE)
    assert {(request, bool(token)) for request, token in rows} == described


def test_the_table_of_errors_is_complete() -> None:
    """Every error code in the sources is on the page."""
    sources = [path.read_text() for path in (PAGE.parents[1] / "portal").rglob("*.py")]
    used = {
        code
        for text in sources
        for code in re.findall(r'(?:Refusal\(\d+|(?:answer|refuse)\(request, \d+|"code":), "([a-z_]+)"', text)
    }
    assert used
    assert not {code for code in used if f"`{code}`" not in PAGE.read_text()}
