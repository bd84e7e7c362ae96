"""Users: their public page, withdrawal of agents, export of data, deletion of accounts, and administrators' pages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.models import Announcement, ApiToken, AuditEntry
from tasks import publishing
from tests.portal.conftest import PASSWORD, make_up
from tournament import entries, leaderboards, organising, queries, trainings
from tournament.models import Agent, Pairing, Schedule, Tournament, TrainingRun, Upload
from tournament.refusals import RequestRefused

Visit = Callable[..., Client]
Call = Callable[..., Client]
V1 = "/api/v1"


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def hawk(alice: User, played: Tournament) -> Agent:
    """Create alice's mixture, which has played and is on the board."""
    parts = [(0.5, Agent.objects.get(slug=f"{name}-camera")) for name in ("greedy", "random")]
    agent = entries.register_mixture(parts, "Hawk", alice)
    pairing, _ = Pairing.objects.get_or_create(
        scenario=played.scenario, camera=agent, target=Agent.objects.get(slug="greedy-target")
    )
    for seed in range(3):
        episode = make_up(Pairing.objects.get(camera__slug="greedy-camera", target__slug="greedy-target"), seed)
        episode.pairing = pairing
        episode.save()
    leaderboards.refit(played.scenario)
    return agent


def on_board(agent: Agent) -> bool:
    newest = leaderboards.latest(Tournament.objects.get().scenario)
    assert newest is not None
    return agent.digest in {line["digest"] for line in newest.table["cameras"]}


# Profiles


def test_a_profile_shows_what_a_user_has_made(client: Client, hawk: Agent) -> None:
    shown = text_of(client.get(reverse("user", args=["alice"])))
    assert "Hawk" in shown and "cup" in shown
    assert client.get(f"{V1}/users/alice").json()["num_agents"] == 1
    assert reverse("user", args=["alice"]) in text_of(client.get(reverse("agent", args=[hawk.slug])))
    assert client.get(reverse("user", args=["nobody"])).status_code == 404


# Withdrawing agents


@pytest.mark.parametrize("how", ["unlisted", "retired"])
def test_boards_and_lists_pass_over_a_withdrawn_agent_and_its_facts_stay(
    visit: Visit, alice: User, hawk: Agent, how: str
) -> None:
    assert on_board(hawk)
    before = leaderboards.latest(Tournament.objects.get().scenario)
    visit(alice).post(reverse("agent_edit", args=[hawk.slug]), {"name": "Hawk", "description": "", "withdrawn": how})
    assert publishing.leave_out() == 1
    assert not on_board(hawk)
    assert publishing.leave_out() == 0
    assert hawk not in queries.find_agents()
    assert Client().get(reverse("agent", args=[hawk.slug])).status_code == 200
    assert Pairing.objects.get(camera=hawk).episodes.count() == 3
    assert before is not None and before.table["cameras"] and hawk.digest in str(before.table)


def test_a_withdrawn_agent_is_listed_again(call: Call, alice: User, hawk: Agent) -> None:
    program = call(alice)
    for how, expected in (("unlisted", False), ("", True)):
        answer = program.patch(f"{V1}/agents/{hawk.slug}", {"withdrawn": how}, content_type="application/json")
        assert answer.json()["withdrawn"] == how
        publishing.leave_out()
        assert on_board(hawk) == expected


def test_a_retired_agent_plays_in_nothing_new(alice: User, hawk: Agent, agents: dict[str, Agent]) -> None:
    Agent.objects.filter(pk=hawk.pk).update(withdrawn="retired", is_listed=False)
    hawk.refresh_from_db()
    scenario = Tournament.objects.get().scenario
    with pytest.raises(RequestRefused, match="Hawk is retired"):
        organising.create_tournament(
            organising.TournamentRequest("Cup", scenario, [hawk], [agents["greedy-target"]], 2)
        )
    with pytest.raises(RequestRefused, match="Hawk is retired"):
        trainings.create_training(trainings.TrainingRequest("Run", scenario, "target", "mappo", hawk, steps=1000))


def test_built_in_agents_and_milestones_cannot_be_withdrawn(
    call: Call, admin: User, hawk: Agent, agents: dict[str, Agent]
) -> None:
    program = call(admin)
    Agent.objects.filter(pk=hawk.pk).update(is_listed=False)
    for slug in ("greedy-camera", hawk.slug):
        answer = program.patch(f"{V1}/agents/{slug}", {"withdrawn": "retired"}, content_type="application/json")
        assert (answer.status_code, answer.json()["where"]) == (409, "withdrawn")


def test_administrators_withdraw_agents_of_others_too(visit: Visit, admin: User, bob: User, hawk: Agent) -> None:
    address = reverse("agent_edit", args=[hawk.slug])
    wanted = {"name": "Hawk", "description": "", "withdrawn": "retired"}
    assert visit(bob).post(address, wanted).status_code == 403
    visit(admin).post(address, wanted)
    assert Agent.objects.get(pk=hawk.pk).withdrawn == "retired"


# Leaving


def test_ones_data_has_all_that_one_owns_and_no_secrets(
    visit: Visit, call: Call, alice: User, world: dict[str, Any]
) -> None:
    answer = visit(alice).get(reverse("account_data"))
    assert "attachment" in answer["Content-Disposition"]
    found = answer.json()
    assert found["account"]["username"] == "alice"
    for name in ("agents", "uploads", "tournaments", "schedules", "trainings", "psro_runs", "tokens", "webhooks"):
        assert found[name], name
    token = ApiToken.objects.get(user=alice, name="laptop")
    assert token.digest not in answer.content.decode() and alice.password not in answer.content.decode()
    assert call(alice).get(f"{V1}/account/data").json()["agents"] == found["agents"]


def test_a_deleted_account_leaves_facts_without_a_name(visit: Visit, alice: User, world: dict[str, Any]) -> None:
    browser = visit(alice)
    Tournament.objects.update(name="Evening cup")
    browser.post(reverse("account_delete"), {"password": "wrong"})
    assert User.objects.filter(username="alice").exists()
    assert browser.post(reverse("account_delete"), {"password": PASSWORD}).status_code == 302
    left = User.objects.get(pk=alice.pk)
    assert left.username.startswith("deleted-") and not left.is_active and not left.has_usable_password()
    assert not ApiToken.objects.filter(user=left).exists()
    assert browser.get(reverse("account")).status_code == 302
    assert browser.post(reverse("sign_in"), {"username": "alice", "password": PASSWORD}).status_code == 200
    assert Agent.objects.filter(owner=left).exists() and Tournament.objects.filter(owner=left).exists()
    assert TrainingRun.objects.get(pk=world["training"]).state == "cancelled"
    assert Schedule.objects.get(pk=world["schedule_id"]).is_paused
    assert Upload.objects.get(pk=world["upload_id"]).name == ""
    for address in (reverse("agent", args=[world["slug"]]), reverse("tournament", args=[world["tournament_id"]])):
        shown = text_of(Client().get(address))
        place = shown.find("alice")
        assert place < 0, shown[place - 80 : place + 40]
    assert Client().get(reverse("user", args=[left.username])).status_code == 404


def test_the_last_administrator_stays(visit: Visit, admin: User) -> None:
    answer = visit(admin).post(reverse("account_delete"), {"password": PASSWORD})
    assert answer.status_code == 400 and "only administrator" in text_of(answer)
    assert User.objects.filter(username="root").exists()


# What administrators see and say


def test_the_audit_log_has_who_did_what_by_page_and_by_token(
    visit: Visit, call: Call, alice: User, bob: User, admin: User, hawk: Agent
) -> None:
    visit(alice).post(reverse("agent_edit", args=[hawk.slug]), {"name": "Eagle", "description": ""})
    call(alice).patch(f"{V1}/agents/{hawk.slug}", {"name": "Falcon"}, content_type="application/json")
    visit(alice).get(reverse("account"))
    visit(bob).post(reverse("agent_edit", args=[hawk.slug]), {"name": "Mine", "description": ""})
    by_token, by_page = AuditEntry.objects.all()
    assert (by_page.username, by_page.token, by_page.action) == ("alice", "", "POST agent_edit")
    assert (by_token.token, by_token.path) == ("tests", f"{V1}/agents/{hawk.slug}")
    assert "agent_edit" in text_of(visit(admin).get(reverse("admin:portal_auditentry_changelist")))


def test_an_announcement_stands_above_every_page_while_it_lasts(client: Client, db: None) -> None:
    Announcement.objects.create(text="Maintenance on Friday", level="warning")
    assert "Maintenance on Friday" in text_of(client.get(reverse("about")))
    Announcement.objects.update(ends=timezone.now())
    assert "Maintenance on Friday" not in text_of(client.get(reverse("status")))
