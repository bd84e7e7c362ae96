"""Tournaments on the website: starting, following, cancelling."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.portal.markup import flatten
from tournament import entries, organising
from tournament.fields import in_order
from tournament.models import Agent, Block, BlockState, Cause, Scenario, Tournament, TournamentState

Visit = Callable[..., Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def other_size(db: None) -> Agent:
    """A camera agent that was trained for another scenario."""
    return Agent.objects.create(
        digest="a" * 64, team="camera", kind="checkpoint", name="Quartet", slug="quartet", spec={},
        num_cameras=4, num_targets=8, num_obstacles=9,
    )  # fmt: skip


def fields(agents: dict[str, Agent], **changes: Any) -> dict[str, Any]:
    return {
        "scenario": "mate-2v4-0",
        "name": "Cup",
        "cameras": [agents["greedy-camera"].pk, agents["random-camera"].pk],
        "targets": [agents["greedy-target"].pk],
        "format": "round-robin",
        "episodes": 4,
        "base_seed": 7,
        **changes,
    }


def test_a_user_starts_a_tournament(visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]) -> None:
    answer = visit(alice).post(reverse("tournament_create"), fields(agents))
    tournament = Tournament.objects.get()
    assert answer["Location"] == reverse("tournament", args=[tournament.pk])
    assert (tournament.owner, tournament.name, tournament.base_seed) == (alice, "Cup", 7)
    assert tournament.num_episodes == 8


def test_an_anonymous_visitor_starts_none(client: Client, scenario: Scenario, agents: dict[str, Agent]) -> None:
    assert client.post(reverse("tournament_create"), fields(agents))["Location"].startswith(reverse("sign_in"))
    assert not Tournament.objects.exists()


def test_a_tournament_without_a_name_is_named_after_its_scenario(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    visit(alice).post(reverse("tournament_create"), fields(agents, name=""))
    assert Tournament.objects.get().name == "MATE-2v4-0 round robin"


def test_agents_that_cannot_play_are_shown_disabled_with_both_figures(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent], other_size: Agent
) -> None:
    text = visit(alice).get(reverse("tournament_create"), {"scenario": "mate-2v4-0"}).content.decode()
    assert f'value="{other_size.pk}" disabled' in text
    assert "Trained for 4 cameras, and MATE-2v4-0 has 2" in text


def test_another_scenario_offers_other_agents(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent], other_size: Agent
) -> None:
    entries.register_scenario("MATE-4v8-9")
    part = visit(alice).get(reverse("tournament_create"), {"scenario": "mate-4v8-9"}, headers=HTMX).content.decode()
    assert f'value="{other_size.pk}" disabled' not in flatten(part)
    assert "<html" not in part


def test_the_form_chooses_the_agents_that_its_address_names_in_the_scenario_that_suits_them(
    visit: Visit, alice: User, agents: dict[str, Agent], other_size: Agent
) -> None:
    entries.register_scenario("MATE-2v4-9")
    entries.register_scenario("MATE-4v8-9")
    duo = Agent.objects.create(
        digest="b" * 64, team="camera", kind="checkpoint", name="Duo", slug="duo", spec={},
        trained_enhanced_observation="none",
        num_cameras=2, num_targets=4, num_obstacles=9,
    )  # fmt: skip
    page = visit(alice).get(reverse("tournament_create"), {"agents": ["duo", "quartet"]})
    assert page.context["scenario"].name == "MATE-2v4-9"
    chosen = {choice.agent.slug for choice in page.context["form"].choices_of("cameras") if choice.is_chosen}
    assert chosen == {duo.slug, *(slug for slug in agents if slug.endswith("-camera"))}


def test_the_usual_scenario_is_offered_where_nobody_is_named(
    visit: Visit, alice: User, agents: dict[str, Agent]
) -> None:
    for name in ("MATE-2v4-0", "MATE-4v8-9"):
        entries.register_scenario(name)
    for wish in ({}, {"agents": "greedy-camera"}, {"agents": "nobody"}, {"scenario": "nowhere"}):
        assert visit(alice).get(reverse("tournament_create"), wish).context["scenario"].name == "MATE-4v8-9"


def test_another_format_keeps_what_was_filled_in_only_where_it_means_the_same(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    def shown(**wishes: Any) -> dict[str, Any]:
        form = visit(alice).get(reverse("tournament_create"), wishes, headers=HTMX).context["form"]
        return {field.name: field.value() for field in form.setting_fields}

    assert shown(format="budget", settings_of="round-robin", episodes=10)["episodes"] == "5000"
    assert shown(format="round-robin", settings_of="budget", episodes=5000)["episodes"] != "5000"
    assert shown(format="nash", settings_of="ranking", round_size=64)["round_size"] == "64"
    assert shown(format="budget", episodes=700)["episodes"] == "700"


def test_an_agent_that_cannot_play_is_refused_however_it_was_sent(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent], other_size: Agent
) -> None:
    answer = visit(alice).post(reverse("tournament_create"), fields(agents, cameras=[other_size.pk]))
    assert answer.status_code == 400
    assert b"trained for 4 cameras, and MATE-2v4-0 has 2" in answer.content
    assert not Tournament.objects.exists()


@pytest.mark.parametrize("change", [{"cameras": []}, {"episodes": 0}, {"episodes": 10**9}, {"base_seed": -1}])
def test_what_makes_no_tournament_is_refused_and_what_was_filled_in_stays(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent], change: dict[str, Any]
) -> None:
    answer = visit(alice).post(reverse("tournament_create"), fields(agents, **change))
    assert answer.status_code == 400
    assert b'value="Cup"' in answer.content
    assert b"errorlist" in answer.content
    (wrong,) = change
    page = answer.content.decode()
    assert f'<a href="#id_{wrong}">' in page and f'id="id_{wrong}"' in page
    assert not Tournament.objects.exists()


def test_settings_that_do_not_go_together_are_told_beside_them(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    pair = {"first": agents["greedy-camera"].pk, "second": agents["random-camera"].pk}
    asked = fields(
        agents, format="sequential", team="camera", lower=-5, upper=-10, error=5, most=100, round_size=64, **pair
    )
    answer = visit(alice).post(reverse("tournament_create"), asked)
    assert answer.context["form"].errors == {"lower": ["The lower bound (−5) must be below the upper bound (−10)."]}
    assert "From −500 to 500 normalised Elo." in answer.content.decode()


@pytest.mark.parametrize("number", ["", "-4", "²", "many", "9" * 400, "9" * 5000])
def test_no_cost_is_told_of_a_number_that_is_none(
    visit: Visit, alice: User, agents: dict[str, Agent], played: Tournament, number: str
) -> None:
    browser = visit(alice)
    asked = fields(agents, episodes=number)
    assert "from 1 to 10,000" in browser.get(reverse("tournament_cost"), asked).content.decode()
    assert browser.post(reverse("tournament_create"), asked).status_code == 400


def test_the_cost_is_estimated_from_what_was_played(
    visit: Visit, alice: User, played: Tournament, agents: dict[str, Agent]
) -> None:
    text = visit(alice).get(reverse("tournament_cost"), fields(agents, episodes=100)).content.decode()
    assert "200 episodes" in text
    assert "About 2 min" in text  # half a second each, one worker


def test_the_page_shows_progress_while_it_is_played(client: Client, tournament: Tournament) -> None:
    Block.objects.filter(pk=tournament.blocks.first().pk).update(state=BlockState.LEASED, num_played=2)
    part = client.get(reverse("tournament", args=[tournament.pk]), headers=HTMX).content.decode()
    assert "<strong>2</strong> of 12 episodes" in " ".join(part.split())
    assert 'hx-trigger="progress"' in part
    assert "<html" not in part


def test_many_pairings_are_not_drawn_anew_every_two_seconds(
    client: Client, tournament: Tournament, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = reverse("tournament", args=[tournament.pk])
    assert 'id="grid"' in client.get(address, headers=HTMX).content.decode()
    monkeypatch.setattr("portal.views.tournaments.LARGEST_TABLE", 3)
    page = client.get(address, headers=HTMX).content.decode()
    assert 'id="grid"' not in page and "4 pairings are too many to show one by one" in page


def test_the_page_is_loaded_anew_when_it_is_over(client: Client, played: Tournament) -> None:
    answer = client.get(reverse("tournament", args=[played.pk]), headers=HTMX)
    assert answer["HX-Refresh"] == "true"
    assert "hx-trigger" not in answer.content.decode()


def test_the_result_has_ratings_and_payoffs(client: Client, played: Tournament) -> None:
    answer = client.get(reverse("tournament", args=[played.pk]))
    assert len(answer.context["payoffs"]["payoff"]) == 2
    assert "the anchor" in answer.content.decode() or ">1000<" in answer.content.decode()


def test_an_error_is_shown_with_its_cause(client: Client, tournament: Tournament) -> None:
    Block.objects.filter(pk=tournament.blocks.first().pk).update(
        state=BlockState.FAILED, cause=Cause.CAMERA, error="The network's output is not a number."
    )
    text = client.get(reverse("tournament", args=[tournament.pk])).content.decode()
    assert "The camera agent" in text and "The network&#x27;s output is not a number." in text


def test_the_owner_cancels(visit: Visit, alice: User, tournament: Tournament) -> None:
    browser = visit(alice)
    assert b"Cancel tournament" in browser.get(reverse("tournament", args=[tournament.pk])).content
    browser.post(reverse("tournament_cancel", args=[tournament.pk]))
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.CANCELLED


def test_an_administrator_cancels(visit: Visit, admin: User, tournament: Tournament) -> None:
    visit(admin).post(reverse("tournament_cancel", args=[tournament.pk]))
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.CANCELLED


def test_another_user_cannot_cancel(visit: Visit, bob: User, tournament: Tournament) -> None:
    browser = visit(bob)
    assert b"Cancel tournament" not in browser.get(reverse("tournament", args=[tournament.pk])).content
    assert browser.post(reverse("tournament_cancel", args=[tournament.pk])).status_code == 403
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.PLAYING


def test_an_anonymous_visitor_cannot_cancel(client: Client, tournament: Tournament) -> None:
    answer = client.post(reverse("tournament_cancel", args=[tournament.pk]))
    assert answer["Location"].startswith(reverse("sign_in"))
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.PLAYING


@pytest.mark.parametrize(
    ("format", "chosen"),
    [
        ("round-robin", {"episodes": 3}),
        ("sequential", {"team": "target", "upper": 70.0}),
        ("ranking", {"team": "camera"}),
    ],
)
def test_a_tournament_can_be_started_once_more(
    visit: Visit,
    alice: User,
    bob: User,
    scenario: Scenario,
    agents: dict[str, Agent],
    format: str,
    chosen: dict[str, Any],
) -> None:
    entries.register_scenario("MATE-4v8-9")
    cameras, targets = ([agents[f"{name}-{team}"] for name in ("naive", "greedy")] for team in ("camera", "target"))
    earlier = organising.create_tournament(
        organising.TournamentRequest(
            "Cup", scenario, cameras, targets, base_seed=3, owner=alice, format=format, settings=chosen
        )
    )
    address = f"{reverse('tournament_create')}?like={earlier.pk}"
    assert address in visit(bob).get(reverse("tournament", args=[earlier.pk])).content.decode()
    form = visit(bob).get(address).context["form"]
    sent = {name: form[name].value() for name in form.fields} | {"scenario": form.scenario.slug}
    assert visit(bob).post(reverse("tournament_create"), sent | {"name": ""}).status_code == 302
    again = Tournament.objects.latest("pk")
    assert (again.format, again.settings, again.base_seed) == (format, earlier.settings, 3)
    assert (set(again.cameras.all()), set(again.targets.all()), again.scenario) == ({*cameras}, {*targets}, scenario)
    if format == "sequential":
        assert in_order(again.targets) == targets, "which of the two is the first"


def test_no_tournament_is_like_one_that_is_not_there(visit: Visit, alice: User, scenario: Scenario) -> None:
    for number in ("", "99", "-1", "x", "9" * 40):
        assert visit(alice).get(reverse("tournament_create"), {"like": number}).status_code == 200


def test_nothing_is_cancelled_by_following_a_link(visit: Visit, alice: User, tournament: Tournament) -> None:
    page = visit(alice).get(reverse("tournament_cancel", args=[tournament.pk]))
    assert page.status_code == 200 and "Cancel tournament" in page.content.decode()
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.PLAYING
