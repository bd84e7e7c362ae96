"""Pages and the API label remote agents and agents of the operator's code."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from portal.api.remotes import find_or_make
from tournament import entries
from tournament.agents import OperatorAgent
from tournament.models import Agent, AgentKind, Pairing, Scenario

pytestmark = pytest.mark.django_db


@pytest.fixture
def remote(alice: User) -> Agent:
    return find_or_make(alice, "Far away", "target")[0]


def test_a_remote_agents_page_says_that_it_is_not_reproducible_and_tells_its_owner_the_command(
    remote: Agent, visit, alice: User, bob: User
) -> None:
    address = reverse("agent", args=[remote.slug])
    mine, other = (visit(user).get(address).content.decode() for user in (alice, bob))
    assert all("Remote process" in page and "not reproducible" in page for page in (mine, other))
    assert "python -m mate.remote MODULE:CLASS --url http://testserver" in mine and "mate.remote" not in other


def test_its_pairings_are_marked_on_the_page_and_in_the_api(remote: Agent, visit, call, scenario: Scenario) -> None:
    entries.register_builtin_agents()
    camera, rule = Agent.objects.get(slug="greedy-camera"), Agent.objects.get(slug="greedy-target")
    for target, is_marked in ((remote, True), (rule, False)):
        pairing = Pairing.objects.create(scenario=scenario, camera=camera, target=target)
        page = visit().get(reverse("pairing", args=[pairing.pk])).content.decode()
        assert ("Not reproducible" in page) == is_marked
        assert call(None).get(f"/api/v1/pairings/{pairing.pk}").json()["is_reproducible"] != is_marked


def test_operators_code_is_marked(visit) -> None:
    spec = OperatorAgent("target", "talker", "0" * 64)
    values = {"name": "talker (00000000)", "slug": "talker-target-00000000", "spec": spec.to_json()}
    row = Agent.objects.create(digest=spec.digest, team="target", kind=AgentKind.OPERATOR, **values)
    page = visit().get(reverse("agent", args=[row.slug])).content.decode()
    assert "Operator&#x27;s code" in page and "has installed" in page
