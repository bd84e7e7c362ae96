"""Real workers with a real broker: they finish what there is, whatever is killed meanwhile."""

import os
import signal

import pytest

from tasks import hints
from tests.tasks.conftest import wait_for
from tests.trials import is_over, write_episodes
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
    wait_for(lambda: Worker.objects.filter(name="one@test").exists(), "a heartbeat")
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
            lambda: Block.objects.filter(worker="victim@test", state=BlockState.LEASED).exists() or is_over(tournament)
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
    wait_for(lambda: not Worker.objects.get(name="one@test").doing, "the worker to stop")
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
    make_tournament(episodes=3)
    block = Block.objects.get()
    Block.objects.update(state=BlockState.LEASED, worker="one@test", token=7, attempts=1)
    workers.start("one@test")
    wait_for(lambda: Block.objects.get(pk=block.pk).state == BlockState.WAITING, "the block to be free")
    assert Block.objects.get(pk=block.pk).token == 8


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
