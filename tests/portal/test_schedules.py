"""Schedules on the website and by API: created, followed, changed, paused, deleted."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.portal.markup import flatten
from tournament import schedules
from tournament.models import Agent, Scenario, Schedule, ScheduleKind, Tournament

Visit = Callable[..., Client]
Call = Callable[..., Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def weekly(alice: User, scenario: Scenario, agents: dict[str, Agent]) -> Schedule:
    """Alice's schedule of two greedy agents, on Mondays at three."""
    schedule = Schedule(
        name="Weekly cup", owner=alice, scenario=scenario, kind=ScheduleKind.CRON, expression="0 3 * * 1",
        has_everyone=False, settings={"episodes": 2},
    )  # fmt: skip
    return schedules.save(schedule, [agents["greedy-camera"]], [agents["greedy-target"]])


def fields(**changes: Any) -> dict[str, Any]:
    values = {
        "scenario": "mate-2v4-0", "name": "Cup", "when": "weekly", "day": 5, "time": "18:30", "who": "everyone",
        "format": "round-robin", "episodes": 3, "base_seed": 0, "has_fresh_seeds": "on",
    }  # fmt: skip
    return {key: value for key, value in (values | changes).items() if value is not None}


def test_a_weekly_schedule_is_made_without_knowing_cron(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    answer = visit(alice).post(reverse("schedule_create"), fields())
    schedule = Schedule.objects.get()
    assert answer["Location"] == reverse("schedule", args=[schedule.pk])
    assert (schedule.expression, schedule.owner, schedule.settings) == ("30 18 * * 5", alice, {"episodes": 3})
    assert schedule.has_everyone and schedule.has_fresh_seeds
    text = visit().get(answer["Location"]).content.decode()
    assert "At 18:30 on Friday, UTC" in text
    assert "18:30 UTC" in text


def test_a_daily_one_and_one_at_times_of_its_own(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    browser = visit(alice)
    browser.post(reverse("schedule_create"), fields(when="daily", day=None, time="04:05"))
    browser.post(reverse("schedule_create"), fields(when="cron", day=None, time=None, expression="0 */6 * * *"))
    assert set(Schedule.objects.values_list("expression", flat=True)) == {"5 4 * * *", "0 */6 * * *"}


def test_a_watch_is_made_for_chosen_opponents(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    wanted = fields(
        when="watch", format="placement", who="chosen", targets=[agents["greedy-target"].pk], width=0.1, most=20,
        round_size=16,
    )  # fmt: skip
    answer = visit(alice).post(reverse("schedule_create"), wanted)
    assert answer.status_code == 302
    schedule = Schedule.objects.get()
    assert (schedule.kind, schedule.expression, schedule.next_start) == ("watch", "", None)
    assert [agent.slug for agent in schedule.targets.all()] == ["greedy-target"]
    assert schedule.settings == {"width": 0.1, "most": 20, "round_size": 16}


def test_a_head_to_head_test_every_week_keeps_its_two_agents_in_order(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    wanted = fields(
        format="sequential", team="camera", first=agents["random-camera"].pk, second=agents["greedy-camera"].pk,
        targets=[agents["greedy-target"].pk], lower=0, upper=50, error=5, most=100, round_size=32,
    )  # fmt: skip
    assert visit(alice).post(reverse("schedule_create"), wanted).status_code == 302
    schedule = Schedule.objects.get()
    assert [agent.slug for agent in schedules.chosen(schedule)[0]] == ["random-camera", "greedy-camera"]
    text = visit(alice).get(reverse("schedule_edit", args=[schedule.pk])).content.decode()
    assert f'<option value="{agents["random-camera"].pk}" selected>' in text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"when": "cron", "expression": "every monday"}, "five cron fields"),
        ({"when": "cron", "expression": ""}, "This field is required"),
        ({"when": "weekly", "time": "25:00"}, "Enter a valid time"),
        ({"who": "chosen"}, "Choose at least one of the cameras"),
        ({"name": ""}, "This field is required"),
        ({"episodes": 0}, "greater than or equal to 1"),
        ({"format": "ranking", "when": "watch"}, "ranking is not one of the available choices"),
    ],
)
def test_what_makes_no_schedule_is_refused_and_what_was_filled_in_stays(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent], change: dict[str, Any], reason: str
) -> None:
    answer = visit(alice).post(reverse("schedule_create"), fields(base_seed=4711, **change))
    assert answer.status_code == 400
    assert reason in answer.content.decode()
    assert b'value="4711"' in answer.content
    assert not Schedule.objects.exists()


def test_another_rhythm_shows_what_belongs_to_it_and_keeps_what_was_filled_in(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    browser = visit(alice)
    part = browser.get(reverse("schedule_create"), fields(when="watch", format="placement"), headers=HTMX)
    text = flatten(part.content.decode())
    assert "<html" not in text
    assert 'value="Cup"' in text and 'value="placement" checked' in text
    assert 'value="ranking"' not in text and 'name="time"' not in text and 'name="team"' not in text
    assert "errorlist" not in text
    part = browser.get(reverse("schedule_create"), fields(when="cron", has_fresh_seeds=None), headers=HTMX)
    assert 'name="expression"' in flatten(part.content.decode())
    assert 'id="id_has_fresh_seeds" checked' not in flatten(part.content.decode())


def test_only_somebody_who_is_signed_in_makes_one(client: Client, scenario: Scenario, agents: dict[str, Agent]) -> None:
    assert client.post(reverse("schedule_create"), fields())["Location"].startswith(reverse("sign_in"))
    assert not Schedule.objects.exists()


def test_the_list_tells_when_each_starts_next(client: Client, weekly: Schedule) -> None:
    text = client.get(reverse("schedules")).content.decode()
    assert "Weekly cup" in text and "At 03:00 on Monday, UTC" in text and "03:00 UTC" in text
    schedules.pause(weekly)
    assert "paused" in client.get(reverse("schedules")).content.decode()


def test_changing_keeps_what_is_not_changed(visit: Visit, alice: User, weekly: Schedule) -> None:
    browser = visit(alice)
    text = flatten(browser.get(reverse("schedule_edit", args=[weekly.pk])).content.decode())
    assert 'value="Weekly cup"' in text and 'value="weekly" checked' in text and '<option value="1" selected>' in text
    wanted = fields(
        name="Later cup", day=7, who="chosen", episodes=2, cameras=[weekly.cameras.get().pk],
        targets=[weekly.targets.get().pk],
    )  # fmt: skip
    browser.post(reverse("schedule_edit", args=[weekly.pk]), wanted)
    weekly.refresh_from_db()
    assert (weekly.name, weekly.expression) == ("Later cup", "30 18 * * 0")
    assert weekly.cameras.get().slug == "greedy-camera"


def test_it_is_paused_goes_on_starts_one_now_and_is_given_up(visit: Visit, alice: User, weekly: Schedule) -> None:
    browser = visit(alice)

    def press(what: str) -> str:
        return browser.post(reverse("schedule_change", args=[weekly.pk, what]), follow=True).content.decode()

    assert "Resume" in press("pause")
    assert "Pause" in press("resume")
    text = press("start")
    tournament = Tournament.objects.get()
    assert "Started." in text and reverse("tournament", args=[tournament.pk]) in text
    page = browser.get(reverse("tournament", args=[tournament.pk])).content.decode()
    assert f'schedule <a href="{reverse("schedule", args=[weekly.pk])}">Weekly cup</a>' in page
    assert "deleted" in press("delete").lower()
    assert not Schedule.objects.exists() and Tournament.objects.exists()


def test_a_refused_start_says_why_on_the_schedules_page(visit: Visit, alice: User, weekly: Schedule) -> None:
    Agent.objects.filter(slug="greedy-camera").update(num_cameras=4)
    Schedule.objects.update(next_start=timezone.now() - timedelta(minutes=1))
    schedules.start_due()
    text = visit(alice).get(reverse("schedule", args=[weekly.pk])).content.decode()
    assert "not started" in text and "trained for 4 cameras, and MATE-2v4-0 has 2" in text


@pytest.mark.parametrize("name", ["schedule_edit", "schedule_change"])
def test_nobody_else_changes_it(visit: Visit, bob: User, admin: User, weekly: Schedule, name: str) -> None:
    arguments = [weekly.pk] if name == "schedule_edit" else [weekly.pk, "pause"]
    sent = fields() if name == "schedule_edit" else {}
    assert visit(bob).post(reverse(name, args=arguments), sent).status_code == 403
    assert visit(admin).post(reverse(name, args=arguments), sent).status_code in (200, 302)


# By the API


def send(client: Client, method: str, address: str, **body: Any) -> Any:
    return getattr(client, method)(address, json.dumps(body), content_type="application/json")


def test_a_program_makes_changes_and_follows_a_schedule(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    program = call(alice)
    made = send(
        program, "post", "/api/v1/schedules", name="Nightly", kind="cron", scenario="mate-2v4-0",
        expression="0 2 * * *", cameras=["greedy-camera"], targets=["greedy-target"], settings={"episodes": 2},
    )  # fmt: skip
    assert made.status_code == 201
    body = made.json()
    assert (body["has_everyone"], body["in_words"], body["is_paused"]) == (False, "At 02:00 every day, UTC", False)
    address = f"/api/v1/schedules/{body['id']}"
    changed = send(program, "patch", address, expression="0 4 * * *").json()
    assert changed["expression"] == "0 4 * * *" and changed["cameras"][0]["slug"] == "greedy-camera"
    assert program.post(f"{address}/pause").json()["next_start"] is None
    assert program.post(f"{address}/resume").json()["next_start"] is not None
    started = program.post(f"{address}/start")
    assert started.status_code == 201
    (start,) = program.get(f"{address}/starts").json()["items"]
    assert start == started.json()
    assert program.get(f"/api/v1/tournaments/{start['tournament']}").json()["schedule"] == body["id"]
    assert program.get("/api/v1/schedules").json()["items"][0]["name"] == "Nightly"
    assert program.delete(address).status_code == 204
    assert program.get(address).status_code == 404


def test_a_program_has_every_new_agent_placed(
    call: Call, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    made = send(call(alice), "post", "/api/v1/schedules", name="All", kind="watch", scenario="mate-2v4-0").json()
    assert (made["format"], made["has_everyone"], made["next_start"]) == ("placement", True, None)


@pytest.mark.parametrize(
    ("change", "status", "where", "says"),
    [
        ({"expression": "x"}, 409, "expression", "five cron fields"),
        ({"format": "knockout"}, 409, "format", "no format 'knockout'"),
        ({"settings": {"episodes": "many"}}, 409, "settings.episodes", "(episodes) is 'many'"),
        ({"settings": {"episodes": 10**400}}, 409, "settings.episodes", "(episodes)"),
        ({"kind": "watch", "expression": "", "has_everyone": False}, 409, "cameras", "Choose the cameras or"),
        ({"scenario": "mars"}, 404, "scenario", "mate-2v4-0"),
        ({"cameras": ["nobody"]}, 404, "cameras", "nobody"),
        ({"kind": "sometimes"}, 422, "kind", "kind"),
    ],
)
def test_a_program_is_told_why_a_schedule_is_refused(
    call: Call,
    alice: User,
    scenario: Scenario,
    agents: dict[str, Agent],
    change: dict[str, Any],
    status: int,
    where: str,
    says: str,
) -> None:
    body = {"name": "N", "kind": "cron", "scenario": "mate-2v4-0", "expression": "0 2 * * *"} | change
    answer = send(call(alice), "post", "/api/v1/schedules", **body)
    assert answer.status_code == status
    assert says in answer.json()["error"]["message"]
    assert answer.json()["error"]["where"] == where
    assert not Schedule.objects.exists()


def test_a_program_needs_a_token_and_ones_own_schedule(call: Call, bob: User, weekly: Schedule) -> None:
    address = f"/api/v1/schedules/{weekly.pk}"
    assert call().post(f"{address}/pause").status_code == 401
    assert call(bob).post(f"{address}/pause").status_code == 403
    assert call(bob).delete(address).status_code == 403
