"""Leases: one holder at a time, and a holder that lost its lease cannot write."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections
from django.utils import timezone

from tasks import leases, sweeping
from tests.waiting import wait_for
from tournament.models import Block, BlockState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def block(make_tournament):
    make_tournament(episodes=2)
    return Block.objects.get()


def claim(worker="somebody"):
    return leases.claim(leases.waiting(Block).order_by("id"), worker)


def test_a_claim_raises_the_token_and_names_the_worker(block):
    held = claim("me")
    assert (held.token, held.worker, held.attempts, held.state) == (1, "me", 1, BlockState.LEASED)
    assert held.leased_until > timezone.now()


def test_a_held_row_cannot_be_claimed(block):
    assert claim() is not None
    assert claim() is None


def test_of_many_that_claim_at_once_one_wins(block):
    barrier, won = Barrier(6), []

    def compete(name):
        barrier.wait()
        if claim(name) is not None:
            won.append(name)
        connections.close_all()

    threads = [Thread(target=compete, args=(f"worker {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert Block.objects.get().worker == won[0]


def test_those_that_claim_at_once_get_rows_of_their_own(make_tournament, settings):
    settings.ARENA_BLOCK_SIZE = 1
    make_tournament(episodes=6)
    barrier, won = Barrier(6), []

    def compete(name):
        barrier.wait()
        won.append(claim(name).pk)
        connections.close_all()

    threads = [Thread(target=compete, args=(f"worker {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(won)) == 6
    assert set(Block.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.parametrize("wrong_by", [-600, 600])
def test_leases_go_by_the_databases_clock_and_not_by_the_workers(block, settings, monkeypatch, wrong_by):
    settings.ARENA_LEASE_SECONDS = 1.0
    before, right = timezone.now(), timezone.now
    monkeypatch.setattr(timezone, "now", lambda: right() + timedelta(seconds=wrong_by))
    held = claim()
    with leases.Keeper(held):
        wait_for(lambda: Block.objects.get().leased_until > held.leased_until, "a renewal")
    millisecond = timedelta(milliseconds=1)  # SQLite's clock has no less.
    assert before - millisecond <= held.claimed <= right() + millisecond
    assert Block.objects.get().leased_until <= right() + timedelta(seconds=2)
    assert sweeping.sweep().reissued == 0
    leases.give_back(held, delay=60)
    assert claim() is None


def test_an_old_token_writes_nothing(block):
    late = claim()
    leases.reissue(Block.objects.all(), Block)
    claim("another")
    with pytest.raises(leases.LeaseLost):
        leases.write(late, num_played=2)
    assert Block.objects.get().num_played == 0


def test_a_row_that_was_given_back_waits_for_its_time(block):
    leases.give_back(claim(), delay=60)
    assert claim() is None
    Block.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert claim() is not None


def test_a_kept_lease_is_renewed(block, settings):
    settings.ARENA_LEASE_SECONDS = 1.5
    held = claim()
    with leases.Keeper(held):
        wait_for(lambda: Block.objects.get().leased_until > held.leased_until, "a renewal")


def test_a_lease_is_kept_also_where_the_databases_server_is_started_again(block, settings, lose_connections):
    settings.ARENA_LEASE_SECONDS = 1.5
    held = claim()

    def wait_for_a_renewal():
        known = Block.objects.get().leased_until
        wait_for(lambda: Block.objects.get().leased_until > known, "a renewal")

    with leases.Keeper(held):
        wait_for_a_renewal()
        lose_connections()
        wait_for_a_renewal()


def test_a_keeper_notices_that_the_lease_is_lost(block):
    with leases.Keeper(claim()) as keeper:
        keeper.check()
        leases.reissue(Block.objects.all(), Block)
        wait_for(lambda: keeper.is_lost, "the loss to be noticed")
        with pytest.raises(leases.LeaseLost):
            keeper.check()


def test_a_stuck_holders_lease_is_not_renewed_for_ever(block, settings):
    settings.ARENA_LEASE_SECONDS = 0.3
    held = claim()
    with leases.Keeper(held, limit=0.0) as keeper:
        keeper._thread.join()
        assert Block.objects.get().leased_until == held.leased_until
