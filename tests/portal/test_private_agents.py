"""Private agents: only their owner, the members of their lab and administrators can see them anywhere."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.portal.access import OPERATIONS, PAGES, find_arguments, find_pages
from tournament import labs, leaderboards, organising, withdrawal
from tournament.models import (
    Agent,
    Episode,
    PsroRun,
    Scenario,
    Schedule,
    Tournament,
    TrainingRun,
    Upload,
    Withdrawal,
)
from tournament.refusals import RequestRefused

Visit = Callable[..., Client]
Call = Callable[..., Client]
World = dict[str, Any]
SECRET = "Nightjar"
"""A part of the name of everything private here."""


@pytest.fixture
def secret(world: World, alice: User) -> Agent:
    """A private camera of alice's lab with an upload, a tournament and episodes."""
    greedy, opponent = Agent.objects.get(slug="greedy-camera"), Agent.objects.get(slug="greedy-target")
    lab = labs.create(alice, "Night birds")
    agent = Agent.objects.create(
        digest="5" * 64, team="camera", kind="checkpoint", name=f"{SECRET} camera", slug="nightjar-camera", owner=alice,
        spec=greedy.spec, withdrawn=Withdrawal.PRIVATE, is_listed=False, lab=lab,
    )  # fmt: skip
    upload = Upload.objects.create(
        owner=alice, filename=f"{SECRET}.zip", size=1, sha256="1" * 64, is_private=True, lab=lab, state="accepted"
    )
    upload.agents.set([agent])
    scenario = Scenario.objects.get(slug="mate-2v4-0")
    cup = organising.create_tournament(
        organising.TournamentRequest(f"{SECRET} cup", scenario, [agent, greedy], [opponent], 2, owner=alice)
    )
    assert cup.is_private
    for number, pairing in enumerate(cup.pairings.all()):
        like = Episode.objects.first()
        assert like is not None
        Episode.objects.create(**{
            field.name: getattr(like, field.name) for field in Episode._meta.fields if field.name not in ("id", "seed")
        } | {"pairing": pairing, "seed": 1000 + number})  # fmt: skip
    leaderboards.refit(scenario)
    leaderboards.refit_tournament(cup)
    return agent


def addresses_of(world: World) -> Iterator[str]:
    """Yield public addresses: pages and API operations of public objects."""
    patterns = {pattern.name: (address, pattern) for address, pattern in find_pages()}
    for name, rule in PAGES.items():
        rules = rule if isinstance(rule, tuple) else (rule,)
        template, pattern = patterns[name]
        names = set(pattern.pattern.converters) | set(pattern.pattern.regex.groupindex)
        for one in rules:
            if "GET" in one.methods and not one.is_costly:
                for more in one.arguments:
                    yield reverse(name, kwargs=find_arguments(world, template, names) | more)
    for name, rule in OPERATIONS.items():
        method, template = name.split(" ")
        if method == "GET" and not rule.is_costly and not template.endswith("/events"):
            names = set(re.findall(r"{(\w+)}", template))
            yield f"/api/v1{template.format(**find_arguments(world, template, names))}"
    yield from ("/search/?q=Nightj", "/agents/?search=Nightj", "/agents/pick/?search=Nightj")
    yield from ("/tournaments/new/?scenario=mate-2v4-0", "/api/v1/scenarios/mate-2v4-0/episodes?format=csv")
    yield from ("/users/alice/", "/labs/night-birds/", "/api/v1/labs/night-birds", "/agents/greedy-target/")


def test_no_page_and_no_operation_tells_others_of_a_private_agent(
    world: World, secret: Agent, visit: Visit, call: Call, bob: User
) -> None:
    user, program = visit(bob), call(bob)
    for address in addresses_of(world):
        answer = (program if address.startswith("/api/") else user).get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        for word in (SECRET, secret.slug, secret.digest):
            assert word.encode() not in body, f"{word} can be read at {address}"
    for name in ("home", "agents", "tournaments", "uploads", "status", "agent_feed", "tournament_feed", "sitemap"):
        assert SECRET.encode() not in visit().get(reverse(name)).content


def own_addresses(secret: Agent) -> list[str]:
    cup = Tournament.objects.get(is_private=True)
    pairing = cup.pairings.get(camera=secret)
    episode = pairing.episodes.first()
    upload = Upload.objects.get(is_private=True)
    assert episode is not None
    pages = [
        reverse("agent", args=[secret.slug]), reverse("tournament", args=[cup.pk]), reverse("choices", args=[cup.pk]),
        reverse("tournament_snapshot", args=[cup.pk, 1]), reverse("tournament_payoffs", args=[cup.pk, 1]),
        reverse("pairing", args=[pairing.pk]), reverse("replay", args=[episode.pk]),
        reverse("upload", args=[upload.pk]),
    ]  # fmt: skip
    api = [
        f"agents/{secret.slug}", f"agents/{secret.digest}", f"tournaments/{cup.pk}", f"tournaments/{cup.pk}/episodes",
        f"pairings/{pairing.pk}", f"pairings/{pairing.pk}/episodes", f"episodes/{episode.pk}", f"uploads/{upload.pk}",
        f"tournaments/{cup.pk}/leaderboard", f"tournaments/{cup.pk}/meta-game",
    ]  # fmt: skip
    return pages + [f"/api/v1/{path}" for path in api]


def test_its_addresses_answer_others_as_if_nothing_were_there(
    secret: Agent, visit: Visit, call: Call, bob: User
) -> None:
    for client in (visit(), visit(bob), call(bob), call()):
        assert {client.get(address).status_code for address in own_addresses(secret)} == {404}
        assert client.get("/api/v1/tournaments/999999").status_code == 404


@pytest.mark.parametrize("key", ["null,null", "x", "-1", "1.5", "9" * 30])
@pytest.mark.parametrize(
    "place",
    ["tournaments/{}", "tournaments/{}/events", "pairings/{}", "episodes/{}", "uploads/{}", "uploads/{}/events"],
)
def test_what_is_no_key_is_refused_beside_a_private_agent(secret: Agent, call: Call, place: str, key: str) -> None:
    answer = call().get(f"/api/v1/{place.format(key)}")
    assert answer.status_code in (404, 422), answer.content


def test_the_owner_a_member_of_the_lab_and_administrators_see_all_of_it(
    secret: Agent, visit: Visit, call: Call, alice: User, bob: User, admin: User
) -> None:
    labs.invite(secret.lab, "bob")
    assert visit(bob).get(reverse("agent", args=[secret.slug])).status_code == 404
    labs.accept(secret.lab, bob)
    for user in (alice, bob, admin):
        for address in own_addresses(secret):
            client = call(user) if address.startswith("/api/") else visit(user)
            assert client.get(address).status_code == 200, (user, address)
    assert SECRET in visit(bob).get("/agents/").content.decode()
    assert SECRET in visit(bob).get(f"/search/?q={SECRET}").content.decode()
    labs.remove(secret.lab, bob)
    assert visit(bob).get(reverse("agent", args=[secret.slug])).status_code == 404


def test_only_those_who_see_it_can_let_it_play(secret: Agent, call: Call, alice: User, bob: User) -> None:
    wanted = {"scenario": "mate-2v4-0", "cameras": [secret.slug], "targets": ["greedy-target"]}
    refused = call(bob).post("/api/v1/tournaments", wanted, content_type="application/json")
    assert refused.status_code == 404 and "There is no agent" in refused.json()["error"]["message"]
    made = call(alice).post("/api/v1/tournaments", wanted, content_type="application/json")
    assert made.status_code == 201
    assert Tournament.objects.get(pk=made.json()["id"]).is_private


def test_it_is_no_opponent_in_trainings_and_schedules(secret: Agent, call: Call, alice: User) -> None:
    training = {
        "scenario": "mate-2v4-0",
        "team": "target",
        "opponent": secret.slug,
        "algorithm": "mappo",
        "steps": 10_000,
    }
    answer = call(alice).post("/api/v1/trainings", training, content_type="application/json")
    assert answer.status_code == 409 and "private" in answer.content.decode()
    weekly = {
        "name": "Weekly",
        "kind": "cron",
        "expression": "0 3 * * 1",
        "scenario": "mate-2v4-0",
        "cameras": [secret.slug],
    }
    answer = call(alice).post(
        "/api/v1/schedules", weekly | {"targets": ["greedy-target"]}, content_type="application/json"
    )
    assert answer.status_code == 409 and "private" in answer.content.decode()


def test_published_it_takes_its_tournaments_along(secret: Agent, visit: Visit, alice: User) -> None:
    answer = visit(alice).post(reverse("agent_edit", args=[secret.slug]), {"name": secret.name, "withdrawn": ""})
    assert answer.status_code == 302, answer.context["form"].errors
    assert not Tournament.objects.filter(is_private=True).exists()
    assert SECRET in visit().get("/agents/").content.decode()
    with pytest.raises(RequestRefused, match="played already"):
        withdrawal.withdraw(Agent.objects.get(pk=secret.pk), Withdrawal.PRIVATE)


def test_it_is_in_no_psro_run_study_or_attack(secret: Agent, call: Call, alice: User) -> None:
    best_response = {"algorithm": "mappo", "steps": 10_000}
    psro = {
        "name": "Run", "scenario": "mate-2v4-0", "cameras": [secret.slug], "targets": ["greedy-target"],
        "camera_training": best_response, "target_training": best_response,
    }  # fmt: skip
    study = {
        "name": "Study", "scenarios": ["mate-2v4-0"], "team": "target", "opponent": secret.slug, "num_seeds": 1,
        "steps": 1000, "configurations": [{"name": "plain", "algorithm": "mappo"}],
    }  # fmt: skip
    for path, wanted in (
        ("psro", psro),
        ("studies", study),
        (f"agents/{secret.slug}/attacks", {"scenario": "mate-2v4-0"}),
    ):
        answer = call(alice).post(f"/api/v1/{path}", wanted, content_type="application/json")
        assert answer.status_code == 409 and "private" in answer.content.decode(), (path, answer.content)


@pytest.mark.parametrize("use", ["training", "psro", "schedule"])
def test_what_names_it_in_public_keeps_an_agent_from_becoming_private(
    world: World, alice: User, scenario: Scenario, use: str
) -> None:
    greedy = Agent.objects.get(slug="greedy-camera")
    fresh = Agent.objects.create(
        digest="6" * 64, team="camera", kind="checkpoint", name="Fresh", slug="fresh", owner=alice, spec=greedy.spec
    )
    if use == "training":
        TrainingRun.objects.update(opponent=fresh)
    elif use == "psro":
        PsroRun.objects.get().cameras.add(fresh)
    else:
        Schedule.objects.get().cameras.add(fresh)
    with pytest.raises(RequestRefused, match="names it in public"):
        withdrawal.withdraw(fresh, Withdrawal.PRIVATE)


def test_an_upload_is_made_private_and_a_labs(visit: Visit, alice: User, world: World) -> None:
    lab = labs.create(alice, "Owls")
    form = {"file": SimpleUploadedFile("a.zip", b"content"), "is_private": "on", "lab": lab.slug}
    visit(alice).post(reverse("upload_create"), form | {"place_in": "mate-2v4-0"})
    upload = Upload.objects.get(lab=lab)
    assert upload.is_private and upload.place_in is None


def test_a_lab_of_others_is_not_chosen(visit: Visit, call: Call, alice: User, bob: User, world: World) -> None:
    labs.create(alice, "Owls")
    form = {"file": SimpleUploadedFile("a.zip", b"content"), "lab": "owls"}
    assert visit(bob).post(reverse("upload_create"), form).status_code == 400
    form["file"] = SimpleUploadedFile("a.zip", b"content")
    assert call(bob).post("/api/v1/uploads", form).status_code == 409
    assert not Upload.objects.filter(owner=bob).exists()
