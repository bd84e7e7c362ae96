"""The client of a live portal: all operations, its errors, and broken connections."""

import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import User

from mate_arena import ArenaClient, load
from mate_arena.client import Forbidden, NotFound, Refused, Unreachable, WaitedTooLong, credentials, uploading
from tests.client.cutting import AFTER, BEFORE, Line
from tournament import replays
from tournament.models import Agent, Episode, Scenario, Tournament, Upload

pytestmark = pytest.mark.django_db(transaction=True)

CUP = ("mate-2v4-0", ["greedy-camera"], ["greedy-target"])


def test_an_upload_gets_a_rank_is_compared_replayed_and_exported(
    arena: ArenaClient, worker: None, played: Tournament, checkpoint: Path, tmp_path: Path
) -> None:
    sent: list[int] = []
    upload = arena.uploads.send(checkpoint, name="Hawk", on_progress=lambda done, _: sent.append(done))
    assert sent[0] == 0 and sent[-1] == checkpoint.stat().st_size
    upload = arena.uploads.wait(upload.id, timeout=240)
    assert upload.state == "accepted", upload.reason
    [agent] = upload.agents

    settings = {"team": agent.team, "width": 0.5}
    cup = arena.tournaments.wait(arena.tournaments.place(agent.slug, "mate-2v4-0", settings=settings).id, timeout=240)
    assert cup.state == "finished"
    board = arena.boards.get("mate-2v4-0")
    [line] = [line for line in (*board.cameras, *board.targets) if line.agent.slug == agent.slug]
    assert line.rating is not None and line.num_episodes > 0

    found = arena.boards.compare("mate-2v4-0", agent.slug, f"random-{agent.team}")
    assert {found.first.slug, found.second.slug} == {agent.slug, f"random-{agent.team}"}
    pairing = next(arena.episodes.pairings(agent=agent.slug))
    episode = next(arena.episodes.of(pairing.id))
    assert replays.verify(arena.episodes.replay(episode.id, tmp_path / "one.replay").read_bytes()).is_same
    assert arena.boards.export(tmp_path / "all.parquet", "mate-2v4-0").read_bytes()[:4] == b"PAR1"


def test_lists_are_read_page_by_page(
    arena: ArenaClient, agents: dict[str, Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = list(arena.connection.pages("/agents", type(arena.agents.get("greedy-camera")), limit=3))
    assert {agent.slug for agent in pages} == set(agents)
    assert [agent.slug for agent in arena.agents.list(team="camera", search="greedy")] == ["greedy-camera"]


def test_a_scenario_of_ones_own_and_the_file_of_an_agent(
    arena: ArenaClient, scenario: Scenario, agents: dict[str, Agent], tmp_path: Path
) -> None:
    added = arena.scenarios.add("Lossy radio", {"message_dropout": 0.3}, start="mate-2v4-0")
    assert added.num_targets == 4 and Scenario.objects.get(slug=added.slug).config["message_dropout"] == 0.3
    path = arena.agents.download("greedy-camera", tmp_path / "agent.zip")
    assert load(path).team == "camera"


def test_refusals_are_exceptions_with_the_problems_fields(
    arena: ArenaClient, scenario: Scenario, agents: dict[str, Agent], bob: User, live_server: Any
) -> None:
    with pytest.raises(NotFound) as missing:
        arena.agents.get("nobody")
    assert (missing.value.status, missing.value.code) == (404, "not_found")
    with pytest.raises(Refused) as refused:
        arena.tournaments.create("mate-2v4-0", ["greedy-target"], ["greedy-camera"])
    assert {error["where"] for error in refused.value.errors} == {"cameras", "targets"}
    with ArenaClient(live_server.url) as visitor, pytest.raises(Forbidden):
        visitor.tournaments.create(*CUP)


@pytest.mark.parametrize("plan", [[BEFORE], [AFTER], [AFTER, BEFORE, AFTER]])
def test_a_tournament_is_started_once_where_lines_are_cut(
    line: Line, token: str, scenario: Scenario, agents: dict[str, Agent], plan: list[str]
) -> None:
    line.plan = list(plan)
    with ArenaClient(line.url, token) as arena:
        cup = arena.tournaments.create(*CUP, episodes_per_pairing=2)
    assert line.num_cut == len(plan)
    assert Tournament.objects.get().pk == cup.id


def test_an_upload_goes_on_where_lines_are_cut(
    line: Line, token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "PIECE", 1000)
    content = bytes(range(256)) * 20
    (tmp_path / "weights.bin").write_bytes(content)
    with ArenaClient(line.url, token) as arena:

        def cut(done: int, _: int) -> None:
            if done in (1000, 3000):
                arena.connection._http.close()
                arena.connection._http = type(arena.connection._http)(
                    base_url=line.url, headers=arena.connection._http.headers
                )
                line.plan = [AFTER, BEFORE] if done == 1000 else [BEFORE]

        arena.uploads.send(tmp_path / "weights.bin", on_progress=cut)
    assert line.num_cut == 3
    with Upload.objects.get().file.open() as stored:
        assert stored.read() == content


def test_a_portal_that_does_not_answer_is_told_after_the_retries() -> None:
    with ArenaClient("http://127.0.0.1:9", retries=1) as arena, pytest.raises(Unreachable, match="does not answer"):
        arena.status()


def test_waiting_listens_to_events_and_looks_at_each() -> None:
    """The portal ends a tournament between two events, and then sends nothing for longer than the test lasts."""
    states = ["playing", "playing", "finished"]
    cup = {"id": 1, "name": "Cup", "scenario": "mate-2v4-0", "owner": None, "format": "ranking", "settings": {}}
    cup |= {"num_episodes": 2, "created": "2026-01-01T00:00:00Z", "finished": None, "url": "/tournaments/1/"}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/events"):
            events = b"retry: 3000\n\n: still here\n\nevent: progress\ndata: {}\n\nevent: end\ndata: {}\n\n"
            return httpx.Response(200, content=events, headers={"Content-Type": "text/event-stream; charset=utf-8"})
        state = states.pop(0)
        return httpx.Response(200, json=cup | {"state": state, "is_over": state == "finished"})

    with ArenaClient("http://portal", transport=httpx.MockTransport(answer)) as arena:
        seen: list[str] = []
        assert arena.tournaments.wait(1, lambda now: seen.append(now.state)).is_over
    assert seen == ["playing", "playing", "finished"] and not states


def test_waiting_ends_in_time(arena: ArenaClient, tournament: Tournament) -> None:
    seen: list[str] = []
    with pytest.raises(WaitedTooLong):
        arena.tournaments.wait(tournament.pk, lambda now: seen.append(now.state), timeout=1)
    assert seen == ["playing"]


def test_tokens_schedules_trainings_and_runs_are_managed(
    arena: ArenaClient, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    made = arena.tokens.create("script", scopes=["uploads"], days=3)
    assert made.key and made.scopes == ["uploads"]
    arena.tokens.revoke(made.id)
    assert [token.name for token in arena.tokens.list()] == ["tests"]
    weekly = arena.schedules.create(name="Weekly", kind="cron", expression="0 3 * * 1", scenario="mate-2v4-0")
    assert arena.schedules.pause(weekly.id).is_paused and not arena.schedules.resume(weekly.id).is_paused
    arena.schedules.delete(weekly.id)
    assert not list(arena.schedules.list())
    wanted = {"scenario": "mate-2v4-0", "team": "camera", "algorithm": "mappo", "opponent": "greedy-target"}
    training = arena.trainings.create(**wanted, steps=10_000)
    assert arena.trainings.cancel(training.id).state == "cancelled"
    assert arena.trainings.wait(training.id, timeout=5).state == "cancelled"
    response = {"algorithm": "mappo", "steps": 10_000}
    run = arena.psro.create(name="Run", scenario="mate-2v4-0", camera_training=response, target_training=response)
    assert arena.psro.cancel(run.id).state == "cancelled"
    assert [row.id for row in arena.psro.list(state="cancelled")] == [run.id]


def test_an_episode_is_verified(arena: ArenaClient, real_episode: Episode) -> None:
    assert arena.episodes.verify(real_episode.pk).is_same


# Credentials


def test_a_stored_token_is_readable_by_its_user_alone_and_sent_to_its_portal_alone(own_settings: Path) -> None:
    place = credentials.store("http://arena.example.org/", "arena_secret")
    assert place.is_relative_to(own_settings)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert credentials.resolve() == ("http://arena.example.org", "arena_secret")
    assert credentials.resolve("http://elsewhere.example.org") == ("http://elsewhere.example.org", "")
    credentials.forget("http://arena.example.org")
    assert credentials.resolve() == ("http://arena.example.org", "")


def test_the_environment_comes_before_what_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    credentials.store("http://stored.example.org", "stored")
    monkeypatch.setenv("ARENA_URL", "http://other.example.org")
    monkeypatch.setenv("ARENA_TOKEN", "other")
    assert credentials.resolve() == ("http://other.example.org", "other")
    assert credentials.resolve("http://third.example.org", "third") == ("http://third.example.org", "third")


def test_the_client_loads_neither_django_nor_the_compiled_game() -> None:
    program = (
        "import sys, mate_arena.cli, mate_arena; mate_arena.ArenaClient\n"
        "print([name for name in ('django', 'numba', 'numpy', 'mate', 'portal') if name in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[]"
