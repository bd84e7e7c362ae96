"""Forms in a portal with many agents: they show few, take all, and find others with and without scripts."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.forms.offering import SHOWN
from portal.forms.training import TrainingForm
from tests.portal.test_browser_paths import make_many
from tournament import leaderboards
from tournament.models import Agent, Scenario, Tournament

Visit = Callable[..., Client]


@pytest.fixture
def many(scenario: Scenario, agents: dict[str, Agent]) -> Agent:
    """Return one of many agents, which is neither built-in nor new."""
    make_many(2 * SHOWN, scenario)
    old = timezone.now() - timedelta(days=9)
    Agent.objects.filter(slug="learner-target-3").update(name="Osprey", created=old)
    return Agent.objects.get(slug="learner-target-3")


@pytest.mark.parametrize("view", ["training_create", "psro_create", "study_create"])
def test_a_form_shows_few_agents_and_finds_others_without_scripts(
    visit: Visit, alice: User, many: Agent, view: str
) -> None:
    browser, address = visit(alice), reverse(view)
    text = browser.get(address).content.decode()
    assert "Greedy" in text and many.name not in text
    assert text.count("Learner 00") < 3 * SHOWN
    field = "find_targets" if view == "psro_create" else "find_opponent"
    assert many.name in browser.get(f"{address}?{urlencode({field: 'osp'})}").content.decode()
    name = "targets" if view == "psro_create" else "opponent"
    assert many.name in browser.get(f"{address}?{urlencode({name: many.pk})}").content.decode()


def test_an_agent_that_is_not_shown_can_be_sent(scenario: Scenario, many: Agent) -> None:
    sent = {"opponent": many.pk, "steps": 1000, "seed": 0, "evaluation_episodes": 2}
    form = TrainingForm(scenario, "camera", "mappo", "quick", sent)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["opponent"] == many


def test_a_search_finds_what_the_form_takes(visit: Visit, alice: User, many: Agent) -> None:
    address = reverse("agent_pick")
    asked = {"team": "target", "search": "osp", "only": "checkpoints"}
    assert many.name in visit(alice).get(f"{address}?{urlencode(asked)}").content.decode()
    assert "Greedy" not in visit(alice).get(f"{address}?{urlencode(asked | {'search': 'greedy'})}").content.decode()
    many.owner, many.is_listed, many.withdrawn = alice, False, "private"
    many.save()
    found = {only: visit(alice).get(f"{address}?{urlencode(asked | {'only': only})}") for only in ("", "listed")}
    assert {only: many.name in answer.content.decode() for only, answer in found.items()} == {"": True, "listed": False}


def test_a_comparison_of_a_large_board_offers_the_best_and_those_that_are_found(
    client: Client, played: Tournament, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The board of the test has two agents of a team, so the limit is lowered to one."""
    monkeypatch.setattr("portal.views.comparisons.SHOWN", 1)
    leaderboards.refit(played.scenario)
    address = reverse("compare", args=[played.scenario.slug])
    names = ("greedy-camera", "random-camera")
    shown = [name for name in names if f'value="{name}"' in client.get(address).content.decode()]
    assert shown == []  # A single agent cannot be compared with itself.
    found = client.get(f"{address}?find_second=a").content.decode()
    assert all(f'value="{name}"' in found for name in names) and "Find an agent" in found
