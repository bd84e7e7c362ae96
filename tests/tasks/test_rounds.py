"""Tournaments that choose round by round: several workers, even if killed, make the same choices as a single one."""

import hashlib
import os
import signal
import threading
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.db import connections
from django.utils import timezone

from policies import Dimensions
from tasks import checking, hints, playing, sweeping
from tests.policies.checkpoints import make_checkpoint
from tests.trials import is_over, write_episodes
from tests.waiting import wait_for
from tournament import organising, schedules
from tournament.models import (
    Agent,
    Block,
    BlockState,
    Choice,
    Episode,
    Schedule,
    ScheduleKind,
    Start,
    Tournament,
    TournamentState,
    Upload,
)

pytestmark = pytest.mark.django_db(transaction=True)

PLACEMENT = {"format": "placement", "settings": {"width": 0.05, "most": 24, "round_size": 8}}
TEST = {"format": "sequential", "settings": {"round_size": 8, "most": 16, "lower": -1, "upper": 1}}


@pytest.fixture(autouse=True)
def small_blocks(settings):
    settings.ARENA_BLOCK_SIZE = 3


def log(tournament):
    columns = ("round", "pairing", "first", "count", "step", "reason", "probability")
    return list(Choice.objects.filter(tournament=tournament).order_by("id").values_list(*columns))


def play_alone(tournament):
    """Play a tournament in this process, block by block; return its choices and its finding."""
    while playing.play_next():
        pass
    tournament.refresh_from_db()
    outcome = log(tournament), write_episodes(tournament), tournament.finding
    Episode.objects.all().delete()
    return outcome


@pytest.mark.parametrize("plan", [PLACEMENT, TEST], ids=lambda plan: plan["format"])
def test_killed_workers_change_neither_choices_nor_results(workers, make_tournament, plan):
    expected = play_alone(make_tournament("greedy naive", "greedy", None, **plan))
    assert expected[0][-1][0] > 1, "one round proves nothing"
    workers.start_sweep()
    workers.start("steady@test")
    victim = workers.start("victim@test")
    tournament = make_tournament("greedy naive", "greedy", None, **plan)
    hints.top_up()
    for _ in range(2):
        wait_for(
            lambda: (
                Block.objects.filter(worker__startswith="victim@test", state=BlockState.LEASED).exists()
                or is_over(tournament)
            )
        )
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
        victim = workers.start("victim@test")
    wait_for(lambda: is_over(tournament), "the end of the tournament")
    assert tournament.state == TournamentState.FINISHED
    assert (log(tournament), write_episodes(tournament), tournament.finding) == expected


def test_the_sweep_goes_on_where_the_last_worker_of_a_round_died(make_tournament):
    tournament = make_tournament("greedy", "greedy", None, **PLACEMENT)
    while block := playing.claim_block():
        playing.play(block)  # and dies before it asks for the next round
    assert sweeping.sweep().finished == 0
    assert Tournament.objects.get(pk=tournament.pk).round == 1
    Block.objects.update(finished=timezone.now() - timedelta(minutes=1))
    sweeping.sweep()
    assert Tournament.objects.get(pk=tournament.pk).round == 2
    assert Block.objects.filter(state=BlockState.WAITING).exists()


def at_once(act, count=4):
    """Call a function in several threads at the same moment; return the results."""
    barrier, results = threading.Barrier(count), []

    def run():
        try:
            barrier.wait()
            results.append(act())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_workers_that_finish_a_round_at_the_same_moment_make_one_next_round(make_tournament):
    tournament = make_tournament("greedy naive", "greedy", None, **PLACEMENT)
    while block := playing.claim_block():
        playing.play(block)
    results = at_once(lambda: organising.finish_if_complete(Tournament.objects.get(pk=tournament.pk)))
    assert results == [False] * 4
    rounds = list(Choice.objects.filter(tournament=tournament).values_list("round", "pairing", "first"))
    assert len(rounds) == len(set(rounds)) and {row[0] for row in rounds} == {1, 2}
    tournament.refresh_from_db()
    assert tournament.round == 2
    seeds = [seed for block in tournament.blocks.all() for seed in [(block.pairing_id, s) for s in block.seeds]]
    assert len(seeds) == len(set(seeds)) == tournament.num_episodes


@pytest.fixture
def nightly(scenario, builtins):
    schedule = Schedule(
        name="Nightly", scenario=scenario, kind=ScheduleKind.CRON, expression="0 3 * * *", has_everyone=False,
        settings={"episodes": 3},
    )  # fmt: skip
    return schedules.save(schedule, [builtins["camera", "greedy"]], [builtins["target", "greedy"]])


def test_sweeps_at_the_same_moment_start_a_schedule_once(nightly):
    Schedule.objects.update(next_start=timezone.now() - timedelta(minutes=1))
    results = at_once(schedules.start_due)
    assert sum(map(len, results)) == 1
    assert Start.objects.count() == Tournament.objects.count() == 1


def test_a_due_schedule_is_started_and_played_without_anybody_asking(workers, nightly):
    workers.start("one@test")
    workers.start_sweep()
    Schedule.objects.update(next_start=timezone.now())
    tournament = wait_for(lambda: Tournament.objects.first(), "a tournament")
    wait_for(lambda: is_over(tournament), "the end of the tournament")
    assert tournament.start.schedule == nightly
    assert Episode.objects.count() == 3
    assert Tournament.objects.count() == 1


def test_sweeps_at_the_same_moment_place_a_new_agent_once(scenario, builtins):
    watch = Schedule(name="Newcomers", scenario=scenario, kind=ScheduleKind.WATCH, format="placement")
    schedules.save(watch)
    Agent.objects.create(
        digest="new", slug="new", name="New", team="camera", kind="checkpoint", spec={}, num_cameras=2, num_targets=4,
        num_obstacles=0,
    )  # fmt: skip
    results = at_once(schedules.start_due)
    assert sum(map(len, results)) == 1
    assert Tournament.objects.get().start.agent.slug == "new"


def test_an_accepted_upload_is_placed_without_anybody_asking(scenario, builtins, settings, tmp_path, django_user_model):
    settings.MEDIA_ROOT = tmp_path
    watch = Schedule(
        name="Newcomers", scenario=scenario, kind=ScheduleKind.WATCH, format="placement", has_everyone=False,
        settings={"width": 0.5, "most": 8, "round_size": 8},
    )  # fmt: skip
    schedules.save(watch, [], [builtins["target", "greedy"]])
    content = make_checkpoint(scenario=Dimensions(2, 4, 0)).to_bytes()
    owner = django_user_model.objects.create_user("ada")
    sha256 = hashlib.sha256(content).hexdigest()
    upload = Upload(owner=owner, filename="a.zip", size=len(content), sha256=sha256, name="Clever")
    upload.file.save("a.zip", ContentFile(content), save=False)
    upload.save()
    assert checking.check_next()
    assert Tournament.objects.get().start.schedule == watch  # The page of the upload shows it from the first moment.
    assert sweeping.sweep().started == 0
    while playing.play_next():
        pass
    tournament = Tournament.objects.get()
    assert (tournament.name, tournament.state) == ("Newcomers: Clever", TournamentState.FINISHED)
    assert tournament.finding["figures"][0]["value"] is not None
