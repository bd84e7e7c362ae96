"""Claimed blocks are trimmed to what takes a few seconds, and nothing of them is lost."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import DateTimeField, Value
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tasks import leases, playing, sizing
from tournament import durations, organising
from tournament.models import Agent, AgentKind, Block, BlockState, Episode, TournamentState, Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def adaptive_blocks(settings):
    settings.ARENA_BLOCK_SIZE = 0


@pytest.fixture
def claim(make_tournament):
    """Claim the only block of a tournament; its pairing's earlier episodes took `each` seconds (None: never played)."""

    def act(seconds_each: float | None = None, episodes: int = 100) -> Block:
        tournament = make_tournament(episodes=episodes)
        block = playing.claim_block()
        if seconds_each is not None:
            Block.objects.create(
                tournament=tournament,
                pairing=block.pairing,
                seeds=[],
                num_episodes=10,
                num_played=10,
                seconds=durations.of_block(10, seconds_each),
                state=BlockState.DONE,
            )
        return block

    return act


def test_a_tournament_starts_with_one_block_a_pairing(make_tournament):
    tournament = make_tournament("greedy random", "greedy", episodes=200)
    assert [block.num_episodes for block in tournament.blocks.all()] == [200, 200]


def test_a_pairing_that_was_never_played_begins_with_few_episodes(claim):
    block = claim()
    sizing.trim(block)
    assert block.num_episodes == sizing.FIRST_EPISODES


def test_the_first_block_of_a_pairing_goes_by_what_its_agents_took_in_others(make_tournament):
    tournament = make_tournament("greedy random", "greedy random", episodes=1000)
    first, second, third, _ = tournament.blocks.all()
    for block, each in ((first, 0.01), (third, 0.04)):  # greedy v greedy, random v greedy
        seconds = durations.of_block(100, each)
        tournament.blocks.filter(pk=block.pk).update(state=BlockState.DONE, num_played=100, seconds=seconds)
    claimed = playing.claim_block()
    assert claimed == second  # greedy v random: of its agents only the camera was played, at 0.01 seconds an episode
    sizing.trim(claimed)
    assert durations.of_block(claimed.num_episodes, 0.01) == pytest.approx(sizing.FIRST_SECONDS)


def test_a_known_pairing_is_played_for_about_five_seconds(claim):
    block = claim(seconds_each=0.5)
    sizing.trim(block)
    assert durations.of_block(block.num_episodes, 0.5) == pytest.approx(sizing.WANTED_SECONDS)


def test_an_episode_that_takes_long_is_played_alone(claim):
    block = claim(seconds_each=60.0)
    sizing.trim(block)
    assert block.num_episodes == 1


@pytest.mark.parametrize(
    ("seconds", "episodes"), [(None, 4), (5.0, 40), (30.0, 20), (300.0, 2), (3000.0, 1)], ids=lambda value: f"{value}"
)
def test_a_block_of_a_remote_agent_grows_while_it_takes_less_than_a_minute(claim, seconds, episodes):
    """`seconds` is the time of the pairing's last block, of 10 episodes."""
    block = claim(None if seconds is None else durations.of_block(10, 0.001))
    Agent.objects.filter(pk=block.pairing.target_id).update(kind=AgentKind.REMOTE)
    block.tournament.blocks.filter(state=BlockState.DONE).update(seconds=seconds or 0.0, finished=timezone.now())
    block = Block.objects.get(pk=block.pk)
    sizing.trim(block)
    assert block.num_episodes == episodes


def test_towards_the_end_blocks_get_smaller(claim):
    block = claim(seconds_each=0.05)
    left = durations.of_block(100, 0.05, parts=2)  # five seconds
    sizing.trim(block)
    assert durations.of_block(block.num_episodes, 0.05) == pytest.approx(sizing.PART * left, abs=0.05)


@pytest.fixture
def last_two(make_tournament, monkeypatch):
    """Two workers' last blocks of a tournament of one pairing at 0.01 seconds an episode: one of 52 is being played,
    of 100 is the other.
    """

    now = timezone.now()
    monkeypatch.setattr(sizing, "Now", lambda: Value(now, DateTimeField()))  # however long the test itself takes

    def act(claimed_seconds_ago: float) -> Block:
        tournament = make_tournament(episodes=152)
        for name in ("a", "b"):
            Worker.objects.create(name=name, seen=timezone.now())
        last = playing.claim_block()
        rows = {"tournament": tournament, "pairing": last.pairing}
        Block.objects.create(
            **rows,
            seeds=[],
            num_episodes=50,
            num_played=50,
            seconds=durations.of_block(50, 0.01),
            state=BlockState.DONE,
        )
        began = now - timedelta(seconds=claimed_seconds_ago)
        Block.objects.create(**rows, seeds=last.seeds[100:], num_episodes=52, claimed=began, state=BlockState.LEASED)
        leases.write(last, seeds=last.seeds[:100], num_episodes=100)
        return last

    return act


@pytest.mark.parametrize(("claimed_seconds_ago", "episodes"), [(0.0, 77), (0.3, 62), (1000.0, 50)])
def test_the_last_pieces_end_together(last_two, claimed_seconds_ago, episodes):
    block = last_two(claimed_seconds_ago)
    sizing.trim(block)
    assert block.num_episodes == pytest.approx(episodes, abs=1)


def test_no_slivers_are_left_over(claim):
    block = claim(episodes=sizing.FIRST_EPISODES + 2)
    sizing.trim(block)
    assert block.num_episodes == sizing.FIRST_EPISODES + 2


def test_the_rest_waits_at_the_end_of_the_queue(make_tournament):
    tournament = make_tournament("greedy random", "greedy", episodes=40)
    seeds = set(tournament.blocks.first().seeds)
    block = playing.claim_block()
    sizing.trim(block)
    waiting = list(tournament.blocks.filter(state=BlockState.WAITING))
    assert [one.pairing_id == block.pairing_id for one in waiting] == [False, True]
    assert waiting[-1].num_episodes == len(waiting[-1].seeds)
    assert set(block.seeds) | set(waiting[-1].seeds) == seeds
    assert not set(block.seeds) & set(waiting[-1].seeds)
    block.refresh_from_db()
    assert (block.state, block.num_episodes) == (BlockState.LEASED, len(block.seeds))


def test_workers_that_may_sleep_are_woken_for_the_rest(make_tournament, monkeypatch):
    """Of four workers two were woken for two blocks; the others are for what is left of these."""
    sent = []
    monkeypatch.setattr(sizing.hints, "send", lambda: sent.append(1))
    make_tournament("greedy random", "greedy", episodes=40)
    for name in "abcd":
        Worker.objects.create(name=name, seen=timezone.now())
    for number in (1, 2, 3):
        sizing.trim(playing.claim_block())
        assert len(sent) == number
    sizing.trim(playing.claim_block())
    assert len(sent) == 3  # all four play


def test_what_is_asked_at_a_claim_does_not_grow_with_all_that_was_played(make_tournament):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL plans by the tables' sizes")
    make_tournament("greedy random", "greedy random", episodes=40)
    block = playing.claim_block()
    with CaptureQueriesContext(connection) as asked:
        sizing.choose_size(block, sizing.find_others(block))
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            if 'FROM "tournament_block"' in query["sql"]:
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
                plan = " ".join(str(step[-1]) for step in cursor.fetchall())
                assert re.search(r"(pairing_id|tournament_id)=\? AND state=\?", plan), plan


def test_a_block_of_a_cancelled_tournament_is_not_parted(claim):
    block = claim()
    organising.cancel_tournament(block.tournament)
    with pytest.raises(leases.LeaseLost):
        sizing.trim(block)
    assert not Block.objects.filter(state__in=organising.OPEN).exists()


def test_a_worker_that_lost_its_lease_parts_nothing(claim):
    block = claim()
    leases.reissue(Block.objects.filter(pk=block.pk), Block)
    with pytest.raises(leases.LeaseLost):
        sizing.trim(block)
    assert Block.objects.count() == 1
    assert Block.objects.get().num_episodes == 100


def test_a_size_that_was_set_wins(claim, settings):
    block = claim()
    settings.ARENA_BLOCK_SIZE = 100
    sizing.trim(block)
    assert block.num_episodes == 100


def test_all_episodes_are_played_in_pieces(make_tournament):
    tournament = make_tournament("greedy random", "greedy", episodes=30)
    while playing.play_next():
        pass
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.FINISHED
    assert Episode.objects.count() == 60
    assert tournament.blocks.count() > 2
    assert organising.progress(tournament).done == 60
