"""Plotly charts: loaded only on demand, without a violation of the content security policy, and closed again."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.portal.conftest import Open
from tournament import trainings
from tournament.models import Agent, Pairing, Scenario, Tournament, TrainingPoint, TrainingRun

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
expect: Any = pytest.importorskip("playwright.sync_api").expect


def test_the_heat_map_is_explored_in_plotly_which_comes_when_it_is_reached_for(
    open_page: Open, played: Tournament, pairing: Pairing
) -> None:
    page = open_page(reverse("leaderboard", args=["mate-2v4-0"]))
    fetched: list[str] = []
    problems: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.wait_for_selector("[data-explore][data-ready]")
    assert not any("plotly" in url for url in fetched)
    page.locator("[data-heatmap]").hover()
    page.get_by_role("button", name="Explore").click()
    expect(page.locator(".explorer .heatmaplayer image")).to_be_visible()
    expect(page.locator(".payoff-map")).to_be_hidden()
    assert sum(url.endswith(".js") and "plotly" in url for url in fetched) == 1
    assert problems == []
    page.get_by_role("button", name="Back to the picture").click()
    expect(page.locator(".payoff-map")).to_be_visible()
    expect(page.locator(".explorer")).to_have_count(0)


def test_curves_are_explored_in_plotly_each_with_its_name_and_its_band(
    open_page: Open, scenario: Scenario, agents: dict[str, Agent], alice: User
) -> None:
    for seed in (0, 1):
        request = trainings.TrainingRequest(
            "Learner", scenario, "camera", "mappo", agents["greedy-target"], steps=1000, seed=seed, owner=alice
        )
        run = trainings.create_training(request)
        TrainingPoint.objects.bulk_create(
            TrainingPoint(run=run, iteration=i, steps=100 * i, return_mean=(1 + seed) * i) for i in range(1, 6)
        )
    runs = "&".join(f"run={run.pk}" for run in TrainingRun.objects.all())
    page = open_page(f"{reverse('training_compare')}?{runs}&seeds=band")
    page.wait_for_selector("[data-explore][data-ready]")
    page.get_by_role("button", name="Explore").first.click()
    expect(page.locator(".explorer .scatterlayer .trace .js-line").first).to_be_visible()
    expect(page.locator(".explorer .scatterlayer .trace .js-fill")).not_to_have_count(0)
    page.get_by_role("button", name="Back to the picture").click()
    expect(page.locator(".explorer")).to_have_count(0)
