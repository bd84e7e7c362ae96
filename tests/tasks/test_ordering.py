"""Work of higher priority is taken first, by workers and by trainers; administrators set it."""

import pytest
from django.urls import reverse

from tasks import playing, training
from tournament import entries, trainings
from tournament.models import Priority, Tournament, TrainingRun

pytestmark = pytest.mark.django_db(transaction=True)
ORDER = ["urgent", "early", "late", "idle"]


@pytest.fixture
def make_training(db):
    rows = {(row.team, row.spec["name"]): row for row in entries.register_builtin_agents()}
    scenario = entries.register_scenario("MATE-2v4-0")
    return lambda name: trainings.create_training(
        trainings.TrainingRequest(name, scenario, "camera", "mappo", rows["target", "greedy"])
    )


def give_priorities(model):
    model.objects.filter(name="urgent").update(priority=Priority.HIGH)
    model.objects.filter(name="idle").update(priority=Priority.BACKGROUND)


def test_tournaments_of_higher_priority_are_played_first(make_tournament, settings):
    settings.ARENA_BLOCK_SIZE = 1
    for number, name in enumerate(("idle", "early", "late", "urgent")):
        make_tournament(episodes=1, name=name, base_seed=number)
    give_priorities(Tournament)
    assert [playing.claim_block().tournament.name for _ in range(4)] == ORDER
    assert playing.claim_block() is None


def test_trainings_of_higher_priority_are_trained_first(make_training):
    for name in ("idle", "early", "late", "urgent"):
        make_training(name)
    give_priorities(TrainingRun)
    assert [training.claim_run().name for _ in range(4)] == ORDER


def test_administrators_set_priorities(make_tournament, admin_client):
    tournament = make_tournament(episodes=1)
    request = {"action": "make_high", "_selected_action": [tournament.pk]}
    assert admin_client.post(reverse("admin:tournament_tournament_changelist"), request).status_code == 302
    tournament.refresh_from_db()
    assert tournament.priority == Priority.HIGH
