"""Values that are the same for all users are read once while nothing changes, also for signed-in users."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.server.kept_values import kept
from tournament.models import Agent, Episode, Tournament

# PostgreSQL's version changes with the transactions of all its databases, and other tests run beside these.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]
Visit = Callable[[User | None], Client]


def test_a_value_is_made_once_while_the_database_stays_as_it_was(played: Tournament) -> None:
    made: list[int] = []

    def make() -> dict[str, int]:
        made.append(1)
        return {"value": Agent.objects.count()}

    assert kept("x", make) == kept("x", make) and len(made) == 1
    assert kept("y", make) and len(made) == 2
    Agent.objects.filter(slug="greedy-camera").update(name="Eager")
    assert kept("x", make) and len(made) == 3


@pytest.mark.parametrize("which", ["agent", "pairing"])
def test_pages_of_signed_in_users_are_read_once_and_differ_where_users_do(
    played: Tournament, visit: Visit, alice: User, bob: User, which: str
) -> None:
    Agent.objects.filter(slug="greedy-camera").update(owner=alice)
    pairing = played.pairings.get(camera__slug="greedy-camera", target__slug="greedy-target")
    address = "/agents/greedy-camera/" if which == "agent" else f"/pairings/{pairing.pk}/"
    mine, other = visit(alice), visit(bob)
    first = mine.get(address).content.decode()
    with CaptureQueriesContext(connection) as asked:
        second = other.get(address).content.decode()
    assert len(asked) <= 5, "the session, its user, what the header shows, and whether any agent is private"
    edit = "/agents/greedy-camera/edit/"
    assert (edit in first) == (which == "agent") and edit not in second
    Episode.objects.filter(pairing=pairing).delete()
    assert other.get(address).content.decode() != second
