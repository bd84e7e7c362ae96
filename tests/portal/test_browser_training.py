"""Trainings in a real browser: the form adapts to the choices, and the page follows the training."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from tests.portal.conftest import Open
from tests.portal.test_browser import sign_in
from tournament import trainings
from tournament.models import Agent, Scenario, TrainingPoint, TrainingRun, TrainingState
from training.configuration import STEPS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
expect: Any = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture
def learning(alice: User, scenario: Scenario, agents: dict[str, Agent]) -> TrainingRun:
    """Alice's training after five iterations."""
    run = trainings.create_training(
        trainings.TrainingRequest(
            "Alice's learner", scenario, "camera", "hrl-mappo", agents["greedy-target"], steps=1000, owner=alice
        )
    )
    add_points(run, 1, 5)
    return run


def add_points(run: TrainingRun, first: int, last: int) -> None:
    TrainingPoint.objects.bulk_create(
        TrainingPoint(run=run, iteration=i, steps=100 * i, return_mean=1.5 * i) for i in range(first, last + 1)
    )
    progress = {"iteration": last, "steps": 100 * last, "decisions_per_second": 900.0, "remaining_seconds": 300.0}
    TrainingRun.objects.update(
        state=TrainingState.TRAINING, steps_done=100 * last, progress=progress, log=f"line {last}"
    )


def test_the_form_offers_what_goes_with_the_team_and_keeps_the_name(
    open_page: Open, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    sign_in(open_page, alice)
    page = open_page(reverse("training_create"))
    page.get_by_label("Name").fill("Runner")
    page.get_by_label("Team").select_option("target")
    expect(page.get_by_label("Algorithm")).to_have_value("mappo")
    expect(page.get_by_label("Steps", exact=True)).to_have_value(str(STEPS["quick"]["target"]))
    expect(page.get_by_label("Name")).to_have_value("Runner")
    page.get_by_text("Hyperparameters", exact=True).click()
    page.get_by_label("Gamma").fill("0.9")
    page.get_by_role("button", name="Start the training").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Runner")
    assert TrainingRun.objects.get().configuration["hyperparameters"]["gamma"] == 0.9


def test_what_is_chosen_or_written_while_the_form_is_made_anew_stays(
    open_page: Open, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    sign_in(open_page, alice)
    page = open_page(reverse("training_create"))
    naive = str(agents["naive-target"].pk)
    page.get_by_label("Opponent").select_option(naive)
    page.evaluate(
        """() => {
            const set = (id, value) => {
                const field = document.getElementById(id);
                field.value = value;
                field.dispatchEvent(new Event("change", { bubbles: true }));
            };
            set("preset", "upstream");
            set("algorithm", "mappo");
            set("id_name", "Quick");
        }"""
    )
    expect(page.locator("#preset_help")).to_contain_text("As in MATE's examples")
    expect(page.locator("#algorithm_help")).to_contain_text("one network for all members")
    expect(page.get_by_label("Preset")).to_have_value("upstream")
    expect(page.get_by_label("Algorithm")).to_have_value("mappo")
    expect(page.get_by_label("Name")).to_have_value("Quick")
    expect(page.get_by_label("Opponent")).to_have_value(naive)


def test_the_page_follows_and_leaves_open_what_was_opened(open_page: Open, learning: TrainingRun) -> None:
    page = open_page(reverse("training", args=[learning.pk]))
    expect(page.locator("#live")).to_contain_text("500 of 1000 steps")
    page.get_by_text("The newest iterations").click()
    page.get_by_text("End of the log").click()
    add_points(learning, 6, 7)
    expect(page.locator("#live")).to_contain_text("700 of 1000 steps")
    expect(page.locator("#figures")).to_be_visible()
    expect(page.locator("#figures tbody tr")).to_have_count(7)
    expect(page.locator("#log")).to_have_text("line 7")


def test_buttons_come_and_go_with_the_state(open_page: Open, alice: User, learning: TrainingRun) -> None:
    sign_in(open_page, alice)
    page = open_page(reverse("training", args=[learning.pk]))
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    TrainingRun.objects.update(state=TrainingState.FAILED, error="The loss is not a number.")
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    expect(page.get_by_text("The loss is not a number.")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("It goes on from its last state.")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 375])
def test_the_pages_fit_the_screen_with_everything_open(
    open_page: Open, alice: User, learning: TrainingRun, width: int
) -> None:
    TrainingRun.objects.update(log="x" * 3000, name="L" * 80)
    sign_in(open_page, alice)
    for address in (reverse("trainings"), reverse("training_create"), reverse("training", args=[learning.pk])):
        page = open_page(address)
        page.set_viewport_size({"width": width, "height": 900})
        for summary in page.locator("main summary").all():
            summary.click()
        parts = page.locator("body, main > *, main .card, main figure, main pre").all()
        boxes = [part.bounding_box() for part in parts]
        assert all(box["x"] + box["width"] <= width for box in boxes if box), address
        lists = page.locator("main .scroll:has(> .list)").all() if width < 641 else []  # Wider ones stay tables.
        fits = [one.evaluate("one => one.scrollWidth <= one.clientWidth") for one in lists]
        assert all(fits), f"the list of {address} scrolls sideways"
