"""Agents: only their owners can rename and describe them, and nothing else about them changes."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.portal.conftest import make_up
from tournament import organising, queries
from tournament.models import Agent, BlockState, Episode, Tournament

Call = Callable[..., Client]
Visit = Callable[..., Client]
PAGE = "/agents/mine/edit/"
API = "/api/v1/agents/mine"
JSON = "application/json"


@pytest.fixture
def mine(alice: User) -> Agent:
    return Agent.objects.create(
        digest="a" * 64, team="camera", kind="checkpoint", name="Mine", slug="mine", spec={}, owner=alice
    )


def test_an_agents_payoffs_have_the_standard_errors_of_their_pairings(client: Client, played: Tournament) -> None:
    rows = list(queries.pairings_of(Agent.objects.get(slug="greedy-camera")))
    assert len(rows) == 2
    page = client.get(reverse("agent", args=["greedy-camera"])).content.decode()
    for row in rows:
        summary = queries.summarise(queries.episodes_of(row))
        assert (row.payoff, row.error) == pytest.approx((summary.payoff.value, summary.payoff.error))
        assert f"± {row.error:.3f}" in page
    Episode.objects.exclude(pk__in=[row.episodes.first().pk for row in rows]).delete()
    assert [row.error for row in queries.pairings_of(Agent.objects.get(slug="greedy-camera"))] == [None, None]


def test_where_all_episodes_are_alike_no_page_claims_an_error_of_zero(client: Client, tournament: Tournament) -> None:
    for block in tournament.blocks.select_related("pairing__camera", "pairing__target"):
        rows = [make_up(block.pairing, seed) for seed in block.seeds]
        for row in rows:
            row.normalised_reward = row.coverage = row.real_coverage = row.transport = 0.3
            row.steps = 1000
        Episode.objects.bulk_create(rows)
    tournament.blocks.update(state=BlockState.DONE)
    assert organising.finish_if_complete(tournament)
    slug, pairing = tournament.scenario.slug, tournament.pairings.first()
    pages = [reverse("leaderboard", args=[slug]), reverse("pairing", args=[pairing.pk])]
    for page in [*pages, reverse("agent", args=["greedy-camera"]), reverse("payoffs", args=[slug, 1])]:
        text = client.get(page).content.decode()
        assert "all alike" in text, page
        assert "± 0.0" not in text and "± –" not in text, page


def test_the_owner_renames_and_describes_an_agent(visit: Visit, alice: User, mine: Agent) -> None:
    browser = visit(alice)
    assert PAGE in browser.get(reverse("agent", args=["mine"])).content.decode()
    wanted = {"name": "Hawk <b>", "description": "Trained for a day."}
    assert browser.post(PAGE, wanted | {"team": "target", "slug": "x"}).status_code == 400
    answer = browser.post(PAGE, wanted)
    assert answer["Location"] == reverse("agent", args=["mine"])
    mine.refresh_from_db()
    assert (mine.name, mine.description) == ("Hawk <b>", "Trained for a day.")
    assert (mine.team, mine.slug, mine.digest) == ("camera", "mine", "a" * 64)
    assert "Hawk &lt;b&gt;" in browser.get(answer["Location"]).content.decode()


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "a\0b"])
def test_a_name_that_is_none_is_refused(visit: Visit, call: Call, alice: User, mine: Agent, name: str) -> None:
    assert visit(alice).post(PAGE, {"name": name}).status_code == 400
    assert call(alice).patch(API, {"name": name}, content_type=JSON).status_code == 422
    mine.refresh_from_db()
    assert mine.name == "Mine"


def test_nobody_else_changes_an_agent(visit: Visit, call: Call, bob: User, mine: Agent) -> None:
    wanted = {"name": "Stolen"}
    assert PAGE not in visit(bob).get(reverse("agent", args=["mine"])).content.decode()
    assert visit(bob).get(PAGE).status_code == 403
    assert visit(bob).post(PAGE, wanted).status_code == 403
    assert visit().post(PAGE, wanted)["Location"].startswith(reverse("sign_in"))
    assert call(bob).patch(API, wanted, content_type=JSON).status_code == 403
    assert call().patch(API, wanted, content_type=JSON).status_code == 401
    mine.refresh_from_db()
    assert mine.name == "Mine"


def test_built_in_agents_are_the_administrators(
    visit: Visit, alice: User, admin: User, agents: dict[str, Agent]
) -> None:
    address = reverse("agent_edit", args=["greedy-camera"])
    assert visit(alice).get(address).status_code == 403
    assert visit(admin).get(address).status_code == 200


def test_a_program_changes_what_it_names_and_nothing_else(call: Call, alice: User, mine: Agent) -> None:
    answer = call(alice).patch(API, {"description": "Blind on one eye."}, content_type=JSON).json()
    assert (answer["name"], answer["description"]) == ("Mine", "Blind on one eye.")
    assert call(alice).patch(API, {"name": " Hawk "}, content_type=JSON).json()["name"] == "Hawk"
    mine.refresh_from_db()
    assert (mine.name, mine.description) == ("Hawk", "Blind on one eye.")
