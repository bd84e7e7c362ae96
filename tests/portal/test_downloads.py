"""Agents leave the portal: to their owners, and to everyone where the owner allows it."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

import mate_arena
from policies import Checkpoint, Dimensions, importing
from tests.policies.checkpoints import make_checkpoint
from tests.portal import test_psro
from tournament import entries
from tournament.agents import AgentError, Builtin, LearnedAgent, Mixture
from tournament.models import Agent, AgentKind, PsroRun

pytestmark = pytest.mark.django_db
Call = Callable[..., Client]
grown, scenario = test_psro.run, test_psro.scenario  # fixtures


@pytest.fixture
def checkpoint() -> Checkpoint:
    return make_checkpoint(scenario=Dimensions(2, 4, 0))


@pytest.fixture
def learned(checkpoint: Checkpoint, alice: User) -> Agent:
    entries.register_builtin_agents()
    return entries.register_checkpoint(checkpoint, "Sharp eye", alice)


@pytest.fixture
def mixture(learned: Agent, alice: User) -> Agent:
    spec = Mixture("camera", ((1.0, entries.load_spec(learned)), (3.0, Builtin("camera", "greedy"))))
    return Agent.objects.create(
        digest=spec.digest,
        team="camera",
        kind=AgentKind.MIXTURE,
        name="Both",
        slug="both",
        spec=spec.to_json(),
        owner=alice,
    )


def content(answer: Any) -> bytes:
    assert answer.status_code == 200 and answer["Content-Type"] == "application/zip"
    assert "attachment" in answer["Content-Disposition"]
    return b"".join(answer.streaming_content)


def download(client: Client, agent: Agent) -> Any:
    return client.get(reverse("agent_download", args=[agent.slug]))


def test_owners_download_the_checkpoint_that_they_uploaded(
    learned: Agent, checkpoint: Checkpoint, visit: Call, call: Call, alice: User
) -> None:
    assert content(download(visit(alice), learned)) == checkpoint.to_bytes()
    assert content(call(alice).get(f"/api/v1/agents/{learned.slug}/file")) == checkpoint.to_bytes()
    assert "Download agent" in visit(alice).get(reverse("agent", args=[learned.slug])).content.decode()


def test_others_do_where_the_owner_allows_it(learned: Agent, visit: Call, call: Call, alice: User, bob: User) -> None:
    for client in (visit(), visit(bob)):
        assert download(client, learned).status_code == 403
    assert call(bob).get(f"/api/v1/agents/{learned.slug}/file").status_code == 403
    assert "Download agent" not in visit(bob).get(reverse("agent", args=[learned.slug])).content.decode()
    changed = call(alice).patch(f"/api/v1/agents/{learned.slug}", {"is_downloadable": True}, "application/json")
    assert changed.json()["is_downloadable"] is True
    assert content(download(visit(), learned))
    fields = {"name": learned.name, "description": ""}  # a box that is not ticked is not sent
    assert visit(alice).post(reverse("agent_edit", args=[learned.slug]), fields).status_code == 302
    assert download(visit(bob), learned).status_code == 403


def test_a_mixture_leaves_with_all_that_it_needs(mixture: Agent, visit: Call, alice: User, tmp_path: Path) -> None:
    path = tmp_path / "agent.zip"
    path.write_bytes(content(download(visit(alice), mixture)))
    agent = mate_arena.load(path)
    assert agent.name == "Both" and agent.spec.digest == mixture.digest
    assert agent(entries.load_scenario(entries.register_scenario("MATE-2v4-0")), 2) is not None


def test_the_agents_of_the_game_are_everybodys(learned: Agent, visit: Call, tmp_path: Path) -> None:
    path = tmp_path / "agent.zip"
    path.write_bytes(content(download(visit(), Agent.objects.get(slug="heuristic-target"))))
    assert mate_arena.load(path).spec == Builtin("target", "heuristic")


def test_populations_leave_with_their_strategies(
    grown: PsroRun,
    visit: Call,
    call: Call,
    alice: User,
    tmp_path: Path,
) -> None:
    path = tmp_path / "agents.zip"
    path.write_bytes(content(visit().get(reverse("psro_agents", args=[grown.pk]))))
    assert mate_arena.load(path, "camera").spec.team == "camera"
    assert mate_arena.load(path, "target/2 Greedy").spec == Builtin("target", "greedy")
    assert content(call(alice).get(f"/api/v1/psro/{grown.pk}/agents")) == path.read_bytes()


def test_populations_leave_without_agents_that_the_visitor_may_not_have(
    grown: PsroRun,
    checkpoint: Checkpoint,
    visit: Call,
    alice: User,
    bob: User,
) -> None:
    learned = entries.register_checkpoint(checkpoint, "Sharp eye", alice)
    grown.iterations.filter(number=2).update(camera=learned)
    for client, has_it in ((visit(bob), False), (visit(alice), True)):
        with zipfile.ZipFile(io.BytesIO(content(client.get(reverse("psro_agents", args=[grown.pk]))))) as archive:
            document = json.loads(archive.read("agents.json"))
            names = {one["name"] for one in document["agents"]}
            assert (f"checkpoints/{checkpoint.digest}.zip" in archive.namelist()) == has_it
        assert ("camera/2 Sharp eye" in names) == ("camera" in names) == has_it
        assert document["facts"]["missing"] == ([] if has_it else ["camera/2 Sharp eye"])
        assert "target" in names


def test_an_administrator_writes_agents_by_a_command(
    mixture: Agent, learned: Agent, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    path = tmp_path / "agent.zip"
    call_command("download_agent", learned.slug, str(path))
    assert path.read_bytes() == checkpoint.to_bytes()
    call_command("download_agent", "both", str(path))
    assert mate_arena.load(path).team == "camera"
    assert LearnedAgent("camera", checkpoint.digest) in [agent for _, agent in mate_arena.load(path).spec.members]
    with pytest.raises(CommandError, match="no agent 'nobody'"):
        call_command("download_agent", "nobody", str(path))
    with pytest.raises(CommandError, match="no PSRO run 7"):
        call_command("download_agent", "7", str(path), psro=True)


def test_a_network_leaves_in_onnx_and_can_be_uploaded_again(
    learned: Agent, mixture: Agent, checkpoint: Checkpoint, visit: Call, call: Call, alice: User, tmp_path: Path
) -> None:
    files = [
        content(visit(alice).get(reverse("agent_download", args=[learned.slug]), {"format": "onnx"})),
        content(call(alice).get(f"/api/v1/agents/{learned.slug}/file?format=onnx")),
    ]
    assert files[0] == files[1]
    (tmp_path / "agent.zip").write_bytes(files[0])
    back = importing.read(tmp_path / "agent.zip").agents[0].checkpoint
    assert back.recipe.team == "camera" and back.recipe.scenario == checkpoint.recipe.scenario
    both = content(call(alice).get(f"/api/v1/agents/{mixture.slug}/file?format=onnx"))
    (tmp_path / "both.zip").write_bytes(both)
    with zipfile.ZipFile(io.BytesIO(both)) as archive:
        assert archive.namelist() == ["agents.json", f"checkpoints/{checkpoint.digest}.zip"]
        assert archive.read(f"checkpoints/{checkpoint.digest}.zip") == files[0]
    with pytest.raises(AgentError, match="native format"):
        mate_arena.load(tmp_path / "both.zip")


def test_what_has_no_network_and_other_formats_are_refused(
    learned: Agent, visit: Call, call: Call, alice: User
) -> None:
    slug = Agent.objects.get(team="camera", spec__name="greedy").slug
    assert call(alice).get(f"/api/v1/agents/{slug}/file?format=onnx").status_code == 409
    page = visit(alice).get(reverse("agent_download", args=[slug]), {"format": "onnx"}, follow=True)
    assert "has no network" in page.content.decode()
    assert visit(alice).get(reverse("agent_download", args=[slug]), {"format": "pickle"}).status_code == 404
    assert call(alice).get(f"/api/v1/agents/{slug}/file?format=pickle").status_code == 422
