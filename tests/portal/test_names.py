"""Names given by users: in forms, through the API, on the command line, on the admin's pages."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from portal import seeding
from portal.models import ApiToken
from tournament.models import Agent, PsroRun, Scenario, Schedule, Tournament, TrainingRun, Upload

Visit = Callable[..., Client]
Call = Callable[..., Client]
V1 = "/api/v1"
UNSEEN = ("\u200b", "\u3164", "\u202e")  # Tests of tournament.names try more characters.
BUILTIN = ("Greedy", "gr\u0435\u0435dy")  # The second with Cyrillic letters.


@pytest.fixture
def mine(alice: User, agents: dict[str, Agent], scenario: Scenario) -> Agent:
    return Agent.objects.create(
        digest="d" * 64, team="camera", kind="checkpoint", name="Mine", slug="mine", owner=alice,
        spec={"kind": "checkpoint", "team": "camera", "checkpoint": "c" * 64, "deterministic": False},
    )  # fmt: skip


TRAINING = {"algorithm": "mappo", "steps": 1000}


@pytest.mark.parametrize("name", UNSEEN)
def test_a_program_cannot_give_a_name_that_nobody_sees(call: Call, alice: User, mine: Agent, name: str) -> None:
    caller = call(alice)
    field = {"cameras": ["greedy-camera"], "targets": ["greedy-target"], "scenario": "mate-2v4-0"}
    sent = {
        "tournaments": field,
        "trainings": {"scenario": "mate-2v4-0", "team": "camera", "opponent": "greedy-target", **TRAINING},
        "psro": {"scenario": "mate-2v4-0", "camera_training": TRAINING, "target_training": TRAINING},
        "schedules": {**field, "kind": "cron", "expression": "0 3 * * 1"},
    }
    for kind, body in sent.items():
        answer = caller.post(f"{V1}/{kind}", {"name": name, **body}, content_type="application/json")
        assert (answer.status_code, answer.json()["error"]["where"]) == (409, "name"), kind
    assert caller.patch(f"{V1}/agents/mine", {"name": name}, content_type="application/json").status_code == 422
    file = SimpleUploadedFile("a.zip", b"content")
    assert caller.post(f"{V1}/uploads", {"file": file, "name": name}).status_code == 409
    for model in (Tournament, TrainingRun, PsroRun, Schedule, Upload):
        assert not model.objects.exists()


@pytest.mark.parametrize("name", [*UNSEEN, *BUILTIN])
def test_a_form_tells_beside_the_name_what_is_wrong_with_it(visit: Visit, alice: User, mine: Agent, name: str) -> None:
    browser = visit(alice)
    sent = {
        "agent_edit": {"name": name},
        "upload_create": {"name": name, "file": SimpleUploadedFile("a.zip", b"content")},
    }
    for page, fields in sent.items():
        answer = browser.post(reverse(page, args=["mine"] if page == "agent_edit" else []), fields)
        assert answer.status_code == 400, page
        assert list(answer.context["form"].errors) == ["name"], page
    assert not Upload.objects.exists()
    assert Agent.objects.get(pk=mine.pk).name == "Mine"


@pytest.mark.parametrize("name", UNSEEN)
def test_a_token_and_a_user_have_names_that_are_seen(visit: Visit, alice: User, admin: User, name: str) -> None:
    answer = visit(alice).post(reverse("token_create"), {"name": name, "days": 30})
    assert list(answer.context["form"].errors) == ["name"]
    user = {"username": name, "password1": "a long pass phrase", "password2": "a long pass phrase"}
    assert "username" in visit(None).post(reverse("sign_up"), user).context["form"].errors
    answer = visit(admin).post(reverse("admin:auth_user_add"), user)
    assert "username" in answer.context["adminform"].form.errors
    assert (ApiToken.objects.count(), User.objects.count()) == (0, 2)


@pytest.mark.parametrize("name", BUILTIN)
def test_nobody_passes_for_a_built_in_agent(
    call: Call, alice: User, admin: User, visit: Visit, mine: Agent, name: str
) -> None:
    caller = call(alice)
    answer = caller.patch(f"{V1}/agents/mine", {"name": name}, content_type="application/json")
    assert "It reads like Greedy, a built-in agent." in answer.json()["error"]["message"]
    body = {"name": name, "scenario": "mate-2v4-0", "team": "camera", "opponent": "greedy-target", **TRAINING}
    answer = caller.post(f"{V1}/trainings", body, content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["where"]) == (409, "name")
    visit(admin).post(reverse("admin:tournament_agent_change", args=[mine.pk]), {"name": name, "description": ""})
    assert Agent.objects.get(pk=mine.pk).name == "Mine"


def test_a_built_in_agent_keeps_its_name_when_an_administrator_describes_it(
    visit: Visit, admin: User, agents: dict[str, Agent]
) -> None:
    agent = agents["greedy-camera"]
    sent = {"name": agent.name, "description": "The anchor."}
    visit(admin).post(reverse("admin:tournament_agent_change", args=[agent.pk]), sent)
    assert Agent.objects.get(pk=agent.pk).description == "The anchor."


@pytest.mark.parametrize("name", UNSEEN)
def test_commands_refuse_such_names_too(alice: User, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with pytest.raises(CommandError, match="--name: It has"):
        call_command("create_token", "alice", "--name", name)
    monkeypatch.setenv("ARENA_ADMIN", name)
    with pytest.raises(SystemExit, match="ARENA_ADMIN is"):
        seeding.make_administrator()
    with pytest.raises(CommandError, match="It has"):
        call_command("invite", name)


@pytest.mark.parametrize("name", ["\u3164", "\u0430lice", "аlice-\u3164"])
def test_a_superuser_and_the_admins_users_are_named_like_all_others(
    visit: Visit, admin: User, alice: User, name: str
) -> None:
    with pytest.raises(CommandError, match=r"It has|looks like|look alike"):
        call_command("createsuperuser", username=name, email="", interactive=False)
    user = {"username": name, "password1": "a long pass phrase", "password2": "a long pass phrase"}
    assert "username" in visit(admin).post(reverse("admin:auth_user_add"), user).context["adminform"].form.errors
    changed = visit(admin).post(reverse("admin:auth_user_change", args=[alice.pk]), {"username": name})
    assert "username" in changed.context["adminform"].form.errors
    assert set(User.objects.values_list("username", flat=True)) == {"root", "alice"}


def test_a_user_with_a_name_from_before_can_be_changed_by_the_admin(visit: Visit, admin: User) -> None:
    user = User.objects.create_user("сосо")
    User.objects.create_user("coco")
    page = reverse("admin:auth_user_change", args=[user.pk])
    fields = visit(admin).get(page).context["adminform"].form.initial
    sent = {"username": "сосо", "first_name": "Co", "date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
    assert fields["username"] == "сосо"
    assert visit(admin).post(page, sent).status_code == 302
    assert User.objects.get(pk=user.pk).first_name == "Co"


def test_ordinary_names_of_all_languages_are_taken(call: Call, alice: User, mine: Agent, tmp_path: Any) -> None:
    for name in ("王", "Mañana", "می‌خواهم", "🎲", "Greedy 2", "#1"):
        answer = call(alice).patch(f"{V1}/agents/mine", {"name": name}, content_type="application/json")
        assert (answer.status_code, answer.json()["name"]) == (200, name)
