"""Users' own scenarios: created on the page, by API and on the command line, and used for a rated board."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from mate.scenario import Scenario as Game
from tests.tournament.test_drafts import BROKEN, SOUND
from tournament import drafts, entries, new_scenarios
from tournament.models import Agent, Scenario

pytestmark = pytest.mark.django_db
Call = Callable[..., Client]
NEW = "/scenarios/new/"


@pytest.fixture
def start(agents: dict[str, Agent]) -> Scenario:
    return entries.register_scenario("MATE-2v4-0")


def filled(client: Client, address: str = NEW) -> dict[str, Any]:
    """Return the values of the form's fields, as a browser would send them."""
    form = client.get(address).context["form"]
    return {field.name: field.value() for field in form if field.value() not in (None, False, "")}


def test_a_variant_of_a_scenario_is_added_from_the_page(start: Scenario, visit: Call, alice: User) -> None:
    page = visit(alice)
    fields = filled(page, f"{NEW}?start={start.slug}") | {
        "name": "Loud and deaf", "shared_field_of_view": "both", "message_dropout": "0.3", "communication_delay": "2",
    }  # fmt: skip
    shown = page.post(NEW, fields)
    row = Scenario.objects.get(name="Loud and deaf")
    assert shown["Location"] == reverse("scenario", args=[row.slug])
    assert row.owner == alice
    assert entries.load_scenario(row).digest == Game.load(
        "MATE-2v4-0", shared_field_of_view="both", message_dropout=0.3, communication_delay=2
    ).digest  # fmt: skip


def test_the_page_of_a_scenario_shows_its_map_its_rules_and_who_fits(start: Scenario, visit: Call, alice: User) -> None:
    row, _ = new_scenarios.add(drafts.read(SOUND), "Two rooms", alice)
    shown = visit().get(reverse("scenario", args=[row.slug])).content.decode()
    for text in ("<svg", "message_dropout", "alice", row.digest, "Greedy", "location:"):
        assert text in shown
    assert reverse("leaderboard", args=[row.slug]) in shown
    listed = visit().get(reverse("scenarios")).content.decode()
    assert listed.count("<svg") >= 2 and "Added by alice" in listed


def test_a_file_fills_the_form_and_what_is_downloaded_makes_the_same_scenario(
    start: Scenario, visit: Call, alice: User
) -> None:
    page = visit(alice)
    text = page.get(reverse("scenario_file", args=[start.slug])).content
    shown = page.post(reverse("scenario_read"), {"document": SimpleUploadedFile("own.yaml", text)})
    assert shown.status_code == 200
    fields = {field.name: field.value() for field in shown.context["form"] if field.value() not in (None, False, "")}
    again = page.post(NEW, fields | {"name": "Once more"})
    assert again["Location"] == reverse("scenario", args=[start.slug])  # it has the same rules
    assert Scenario.objects.count() == 1


@pytest.mark.parametrize(("text", "fields"), BROKEN.values(), ids=BROKEN)
def test_a_broken_map_is_shown_with_all_its_problems(
    start: Scenario, visit: Call, call: Call, alice: User, text: str, fields: set[str]
) -> None:
    shown = visit(alice).post(reverse("scenario_read"), {"document": SimpleUploadedFile("own.yaml", text.encode())})
    assert shown.status_code == 400
    problems = shown.context["problems"]
    assert len(problems) >= len(fields)
    told = str(shown.context["form"].errors)
    assert all(problem.split("`")[1] in told.replace("&#x27;", "'") for problem in problems if "`" in problem)
    answer = call(alice).post("/api/v1/scenarios", {"name": "Mine", "document": drafts.read(text)}, "application/json")
    assert answer.status_code == 409
    assert {reason["where"] for reason in answer.json()["errors"]} == fields
    assert Scenario.objects.count() == 1


def test_the_map_follows_while_somebody_types(start: Scenario, visit: Call, alice: User) -> None:
    page = visit(alice)
    fields = filled(page) | {
        "camera_places": "0 0\n500 500",
        "target_places": "-100 100 -50 50",
        "camera_radius": "big",
    }
    shown = page.post(reverse("scenario_draw"), fields).content.decode()
    assert shown.count('class="camera"') == 2 and shown.count('class="target box"') == 1
    assert "1 problem" in shown and "`camera.radius` is &#x27;big&#x27;" in shown


def test_the_generator_fills_the_form(start: Scenario, visit: Call, alice: User) -> None:
    page = visit(alice)
    fields = filled(page, f"{NEW}?num_cameras=3&num_targets=2&num_obstacles=1&seed=4")
    assert page.post(NEW, fields | {"name": "Three eyes"}).status_code == 302
    row = Scenario.objects.get(name="Three eyes")
    assert (row.num_cameras, row.num_targets, row.num_obstacles) == (3, 2, 1)
    assert "must be a whole number from 1 to 64" in page.get(f"{NEW}?num_cameras=0").content.decode()


@pytest.mark.parametrize("name", ["", "mate-2v4-0", "New", "？？", "x" * 61, "a\u202eb"])
def test_a_name_that_no_scenario_can_have_is_refused(start: Scenario, visit: Call, alice: User, name: str) -> None:
    page = visit(alice)
    shown = page.post(NEW, filled(page) | {"name": name, "message_dropout": "0.5"})
    assert shown.status_code == 400 and shown.context["form"].errors["name"]


def test_programs_add_scenarios_and_variants(start: Scenario, call: Call, alice: User) -> None:
    program = call(alice)
    body = {"name": "Quiet", "start": start.slug, "document": {"no_communication": "both", "camera": {"radius": 30}}}
    answer = program.post("/api/v1/scenarios", body, "application/json")
    assert answer.status_code == 201
    found = answer.json()
    assert found["variant"] == {"no_communication": "both"} and found["owner"] == "alice"
    assert found["document"]["camera"]["radius"] == 30 and found["num_cameras"] == 2
    again = program.post("/api/v1/scenarios", body | {"name": "Quieter"}, "application/json")
    assert again.status_code == 200 and again.json()["slug"] == found["slug"]
    fresh = {"name": "Fresh", "document": drafts.read(SOUND)}
    assert program.post("/api/v1/scenarios", fresh, "application/json").status_code == 201
    read = program.get(f"/api/v1/scenarios/{found['slug']}").json()
    assert read["document"] == found["document"]


def test_an_administrator_adds_files_and_variants_by_a_command(start: Scenario, tmp_path: Path, alice: User) -> None:
    own = tmp_path / "own.json"
    own.write_text(
        '{"name": "Own", "num_cargoes_per_target": 4,'
        ' "camera": {"location": [[0, 0]]}, "target": {"location": [[9, 9]]}}'
    )
    call_command("add_scenario", str(own), owner="alice", message_dropout=0.2)
    row = Scenario.objects.get(name="Own (dropout 0.2)")
    assert row.owner == alice and entries.load_scenario(row).message_dropout == 0.2
    own.write_text("camera: {radius: -1}")
    with pytest.raises(CommandError, match=r"camera.radius.*camera.location.*target"):
        call_command("add_scenario", str(own))
    with pytest.raises(CommandError, match="no user 'nobody'"):
        call_command("add_scenario", "MATE-4v8-9", owner="nobody")


def test_nobody_adds_more_than_their_share(start: Scenario, visit: Call, alice: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(new_scenarios, "MAX_OWN", 1)
    new_scenarios.add(drafts.read(SOUND), "First", alice)
    page = visit(alice)
    shown = page.post(NEW, filled(page) | {"name": "Second", "message_dropout": "0.5"})
    assert "as many as a user may" in shown.content.decode()
