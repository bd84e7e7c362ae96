"""Real workers with a real broker finish all work, whatever is killed meanwhile."""

import os
import shutil
import signal
import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

from tasks import hints
from tests.trials import is_over, write_episodes
from tests.waiting import wait_for
from tournament import organising
from tournament.models import Block, BlockState, Episode, TournamentState, Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def small_blocks(settings):
    settings.ARENA_BLOCK_SIZE = 3


def test_one_hint_is_enough_for_a_whole_tournament(workers, make_tournament):
    workers.start("one@test")
    tournament = make_tournament("greedy naive", "greedy", episodes=6)
    assert hints.top_up() == 1
    wait_for(lambda: is_over(tournament), "the end of the tournament")
    assert tournament.state == TournamentState.FINISHED
    assert Episode.objects.count() == 12


def test_a_worker_says_that_it_lives_and_is_gone_when_it_has_ended(workers):
    process = workers.start("one@test")
    wait_for(lambda: Worker.objects.filter(name__startswith="one@test/").exists(), "a heartbeat")
    process.terminate()
    process.wait(30)
    assert not Worker.objects.exists()


def test_a_tournament_survives_killed_workers_and_a_killed_broker(workers, broker, make_tournament):
    """Two workers; one is killed in the middle of blocks, twice, and the broker once, with all its messages."""
    reference = make_tournament("greedy naive", "greedy", episodes=12, name="Played here")
    from tasks import playing

    while playing.play_next():
        pass
    expected = write_episodes(reference)
    Block.objects.all().delete()
    Episode.objects.all().delete()

    workers.start_sweep()
    workers.start("steady@test")
    victim = workers.start("victim@test")
    tournament = make_tournament("greedy naive", "greedy", episodes=12, name="Played under fire")
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
    broker.kill()
    broker.start()
    wait_for(lambda: is_over(tournament), "the end of the tournament")
    assert tournament.state == TournamentState.FINISHED
    assert write_episodes(tournament) == expected


def test_a_worker_that_is_asked_to_end_does_so_at_once_and_leaves_nothing_held(workers, make_tournament, settings):
    settings.ARENA_BLOCK_SIZE = 64
    process = workers.start("one@test")
    make_tournament("random naive", "random", episodes=640)  # much to do: random targets never deliver everything
    hints.top_up()
    wait_for(lambda: Block.objects.filter(state=BlockState.LEASED).exists(), "a block to be played")
    process.terminate()
    process.wait(20)
    assert not Block.objects.filter(state=BlockState.LEASED).exists()
    assert Block.objects.filter(state=BlockState.WAITING, attempts=0).exists()
    assert not Block.objects.exclude(error="").exists()


def test_a_cancelled_tournament_is_not_played_on(workers, make_tournament, settings):
    settings.ARENA_BLOCK_SIZE = 64
    workers.start("one@test")
    tournament = make_tournament("random naive", "random", episodes=640)
    hints.top_up()
    wait_for(lambda: Block.objects.filter(state=BlockState.LEASED).exists(), "a block to be played")
    organising.cancel_tournament(tournament)
    wait_for(lambda: not Worker.objects.get().doing, "the worker to stop")
    assert not Block.objects.filter(state__in=organising.OPEN).exists()


def test_doubled_hints_change_nothing(workers, make_tournament):
    from tasks.app import app

    workers.start("one@test")
    tournament = make_tournament("greedy", "greedy", episodes=6)
    for _ in range(20):
        app.send_task(hints.TASK)
    wait_for(lambda: is_over(tournament), "the end of the tournament")
    assert Episode.objects.count() == 6
    assert list(tournament.blocks.values_list("attempts", flat=True)) == [1, 1]


def test_a_worker_that_comes_back_frees_what_it_held_when_it_died(workers, make_tournament):
    hour = {"ARENA_LEASE_SECONDS": "3600"}
    process = workers.start("one@test", **hour)
    make_tournament("random", "random", episodes=600)
    hints.top_up()
    held = wait_for(lambda: Block.objects.filter(state=BlockState.LEASED, num_played=0).first(), "a block to be played")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    workers.start("one@test", **hour)
    wait_for(lambda: Block.objects.get(pk=held.pk).token > held.token, "the block to be free")


def test_workers_that_share_a_name_leave_each_other_what_they_hold(workers, make_tournament):
    hour = {"ARENA_LEASE_SECONDS": "3600"}
    workers.start("one@test", **hour)
    make_tournament("random", "random", episodes=6000)
    hints.top_up()
    held = wait_for(lambda: Block.objects.filter(state=BlockState.LEASED).first(), "a block to be played")
    workers.start("one@test", **hour)
    wait_for(lambda: Worker.objects.filter(name__startswith="one@test/").count() == 2, "both to be known")
    block = Block.objects.get(pk=held.pk)
    assert (block.token, block.worker) == (held.token, held.worker)


def test_a_worker_keeps_one_connection_and_needs_no_other(workers, make_tournament):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no connections to count")
    workers.start("one@test")
    tournament = make_tournament("greedy naive", "greedy", episodes=24)
    hints.top_up()
    seen, most = set(), 0
    while not is_over(tournament):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND backend_type = 'client backend'"
            )
            now = {pid for (pid,) in cursor.fetchall()}
        seen, most = seen | now, max(most, len(now))
    assert (len(seen), most) == (1, 1)
    assert tournament.state == TournamentState.FINISHED


def test_a_worker_whose_terminal_is_closed_works_on(workers):
    process = workers.start("one@test")
    known = wait_for(lambda: Worker.objects.first(), "a heartbeat")
    process.send_signal(signal.SIGHUP)
    workers.start("two@test")
    wait_for(lambda: Worker.objects.filter(name__startswith="two@test").exists(), "another")
    assert process.poll() is None and Worker.objects.filter(name=known.name).exists()


def test_a_worker_that_is_started_while_the_database_is_away_recovers(workers, tmp_path):
    """The server listens in a folder; the worker knows it by a name that it gets only later."""
    if connection.vendor != "postgresql" or not connection.settings_dict["HOST"].startswith("/"):
        pytest.skip("needs a server of PostgreSQL on this machine")
    folder = Path(tempfile.mkdtemp(prefix="arena-")) / "server"
    here, there = (quote(str(path), safe="") for path in (connection.settings_dict["HOST"], folder))
    workers.start("one@test", DATABASE_URL=workers.environment["DATABASE_URL"].replace(here, there))
    wait_for(lambda: "heartbeat could not be written" in workers.log("one@test"), "the worker to notice")
    folder.symlink_to(connection.settings_dict["HOST"])
    try:
        wait_for(lambda: Worker.objects.exists(), "a heartbeat")
    finally:
        workers.end()
        shutil.rmtree(folder.parent)


def test_without_a_broker_nothing_fails_and_the_sweep_hints_later(broker, make_tournament):
    broker.kill()
    make_tournament(episodes=3)
    assert hints.top_up() == 0
    broker.start()
    assert hints.top_up() == 1


def test_no_more_hints_wait_than_there_are_workers(broker, make_tournament):
    make_tournament("greedy naive", "greedy naive", episodes=6)
    assert hints.top_up() == 1
    assert hints.top_up() == 0
