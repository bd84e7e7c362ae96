"""The database itself counts the episodes of each pairing, whoever inserts, changes or deletes them."""

from collections import Counter

import numpy as np
import pytest
from django.core.management import call_command
from django.db import connection

from tests.tournament.conftest import invent_episode
from tournament import leaderboards, totals
from tournament.models import Agent, Episode, EpisodeTotal, Pairing

pytestmark = pytest.mark.django_db


@pytest.fixture
def pairings(scenario, builtins):
    return [
        Pairing.objects.create(scenario=scenario, camera=builtins["camera", one], target=builtins["target", other])
        for one in ("greedy", "random")
        for other in ("greedy", "naive")
    ]


def kept():
    rows = EpisodeTotal.objects.filter(count__gt=0).values_list("pairing", "engine", "device", "count")
    return {tuple(row[:3]): row[3] for row in rows}


def counted():
    return dict(Counter(Episode.objects.values_list("pairing", "engine", "device")))


def versions():
    return dict(EpisodeTotal.objects.values_list("pairing", "version"))


def test_rows_that_come_change_and_go_are_counted(pairings):
    random = np.random.default_rng(4)
    for turn in range(30):
        seeds = random.integers(0, 40, 8)
        rows = [invent_episode(pairings[int(random.integers(4))], int(seed)) for seed in seeds]
        for row in rows[:3]:
            row.device = "cuda"
        Episode.objects.bulk_create(rows, ignore_conflicts=True)
        chosen = Episode.objects.filter(seed__in=random.integers(0, 40, 4).tolist())
        if turn % 3 == 1:
            chosen.delete()
        if turn % 3 == 2:
            chosen.filter(engine=leaderboards.engine_version()).update(engine=f"{turn}")
        assert kept() == counted() and totals.count() == Episode.objects.count()


def test_only_the_version_of_what_has_changed_is_another(pairings):
    for pairing in pairings:
        Episode.objects.bulk_create([invent_episode(pairing, seed) for seed in range(3)])
    before = versions()
    Episode.objects.bulk_create([invent_episode(pairings[0], 7)])
    pairings[1].episodes.filter(seed=2).delete()
    pairings[2].episodes.filter(seed=2).update(normalised_reward=0.5)
    after = versions()
    assert [after[one.pk] == before[one.pk] for one in pairings] == [False, False, False, True]
    assert len({*after.values()}) == 4


def test_a_board_has_no_episodes_of_agents_that_do_not_count(pairings):
    for pairing in pairings:
        Episode.objects.bulk_create([invent_episode(pairing, seed) for seed in range(3)])
    board = pairings[0].scenario
    assert leaderboards.count_episodes(board) == 12
    Agent.objects.filter(pk=pairings[0].camera_id).update(is_listed=False)
    assert leaderboards.count_episodes(board) == 6
    Agent.objects.filter(pk=pairings[0].target_id).update(kind="remote")
    assert leaderboards.count_episodes(board) == 3


def test_lost_triggers_are_made_again_and_what_they_missed_is_counted(pairings):
    Episode.objects.bulk_create([invent_episode(pairings[0], seed) for seed in range(3)])
    before = versions()
    table = "" if connection.vendor == "sqlite" else " ON tournament_episode"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER count_inserted_episodes{table}")
    Episode.objects.bulk_create([invent_episode(pairings[1], seed) for seed in range(2)])
    assert kept() != counted()
    call_command("migrate", verbosity=0)
    assert kept() == counted() and versions()[pairings[0].pk] != before[pairings[0].pk]
    Episode.objects.bulk_create([invent_episode(pairings[1], 9)])
    assert kept() == counted()
