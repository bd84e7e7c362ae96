"""Workers prepare large tournaments, which the form and the API only plan."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from portal.models import ApiToken
from portal.people.quotas import count_episodes
from tasks import hints, preparing, turns
from tournament import entries
from tournament.models import Block, Tournament
from tournament.organising import preparing as writing
from tournament.organising import rounds

pytestmark = pytest.mark.django_db(transaction=True)
BODY = {
    "scenario": "mate-2v4-0", "cameras": ["greedy-camera", "naive-camera", "random-camera"],
    "targets": ["greedy-target", "random-target"], "episodes_per_pairing": 10,
}  # fmt: skip


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch, client: Client) -> dict[str, Any]:
    """Return the API's answer to a tournament that is long for parts of two pairings."""
    for module in (writing, rounds):
        monkeypatch.setattr(module, "PART", 2)
    entries.register_scenario("MATE-2v4-0")
    entries.register_builtin_agents()
    ada = User.objects.create_user("ada")
    headers = {"authorization": f"Bearer {ApiToken.issue(ada, 'tests')[1]}"}
    answer = client.post("/api/v1/tournaments", BODY, "application/json", headers=headers)
    assert answer.status_code == 201, answer.content
    return answer.json() | {"headers": headers}


def test_the_answer_comes_at_once_and_a_worker_prepares_the_rest(planned: dict[str, Any], client: Client) -> None:
    tournament, ada = Tournament.objects.get(), User.objects.get(username="ada")
    assert not planned["is_prepared"] and planned["progress"]["total"] == 60
    assert "Being prepared" in client.get(planned["url"]).content.decode()
    assert count_episodes(ada) == 60
    assert hints.count_wanted() > 0
    assert preparing.prepare_next()
    assert not preparing.prepare_next()
    tournament.refresh_from_db()
    assert (tournament.round, tournament.num_episodes, tournament.num_unwritten) == (1, 60, 0)
    assert tournament.pairings.count() == 6 and count_episodes(ada) == 60
    assert client.get(f"/api/v1/tournaments/{tournament.pk}").json()["is_prepared"]
    assert "Being prepared" not in client.get(planned["url"]).content.decode()


def test_it_can_be_cancelled_before_it_is_prepared(planned: dict[str, Any], client: Client) -> None:
    answer = client.post(f"/api/v1/tournaments/{planned['id']}/cancel", headers=planned["headers"])
    assert answer.json()["state"] == "cancelled"
    assert not preparing.prepare_next()
    assert not Block.objects.exists() and count_episodes(User.objects.get()) == 0


def test_a_worker_prepares_in_its_turn(planned: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns.admission, "may_play", lambda: True)
    assert turns.do_next()
    assert Block.objects.filter(state="waiting").count() == 6
