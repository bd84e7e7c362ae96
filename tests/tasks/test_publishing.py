"""Boards are fitted soon, not too often, always at the end, and again with a new version of the code."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tasks import playing, publishing, sweeping
from tournament import leaderboards, organising, ratings, refitting
from tournament.models import Block, Episode, RatingSnapshot, Tournament

pytestmark = pytest.mark.django_db(transaction=True)


LONG_AGO = timezone.now() - timedelta(hours=1)


@pytest.fixture(autouse=True)
def forget(settings):
    """Use small blocks, and forget the boards of other tests."""
    settings.ARENA_BLOCK_SIZE = 4
    publishing._durations.clear()
    publishing._rests.clear()


@pytest.fixture
def no_pause(monkeypatch):
    monkeypatch.setattr(publishing, "PAUSE_SECONDS", 0.0)


def test_a_board_is_not_fitted_in_the_first_moments_of_its_tournament(make_tournament, monkeypatch):
    monkeypatch.setattr(publishing, "PAUSE_SECONDS", 1800.0)
    tournament = make_tournament(episodes=8)
    playing.play(playing.claim_block())
    publishing.publish(tournament)
    assert leaderboards.latest(tournament) is None and leaderboards.latest(tournament.scenario) is None
    publishing._rests.clear()
    Tournament.objects.update(created=LONG_AGO)
    tournament.refresh_from_db()
    publishing.publish(tournament)
    assert leaderboards.latest(tournament) and leaderboards.latest(tournament.scenario)


def test_a_board_is_not_fitted_again_within_moments(make_tournament):
    tournament = make_tournament(episodes=8)
    playing.play(playing.claim_block())
    assert publishing.is_due(tournament, LONG_AGO)
    publishing.fit(tournament)
    playing.play(playing.claim_block())
    assert not publishing.is_due(tournament, LONG_AGO)
    RatingSnapshot.objects.update(created=LONG_AGO)
    publishing._rests.clear()
    assert publishing.is_due(tournament, LONG_AGO)


def test_nobody_looks_at_a_board_before_its_pause_is_over(make_tournament, django_assert_num_queries):
    tournament = make_tournament(episodes=8)
    playing.play(playing.claim_block())
    assert not publishing.is_due(tournament, timezone.now())
    with django_assert_num_queries(0):
        assert not publishing.is_due(tournament, timezone.now())


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self):
        self.seconds = 1000.0

    def monotonic(self):
        return self.seconds

    def slow(self, function, seconds):
        """Return the function, made to take this many seconds on this clock."""

        def slowed(*arguments):
            self.seconds += seconds
            return function(*arguments)

        return slowed


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(publishing, "time", clock)
    return clock


def test_a_board_whose_episodes_take_long_to_count_is_seldom_looked_at(make_tournament, no_pause, clock, monkeypatch):
    tournament = make_tournament(episodes=8)
    playing.play(playing.claim_block())
    publishing.fit(tournament)
    count = leaderboards.count_episodes
    monkeypatch.setattr(leaderboards, "count_episodes", clock.slow(count, 0.1))
    assert not publishing.is_due(tournament, LONG_AGO)
    playing.play(playing.claim_block())
    clock.seconds += 0.9 * 0.1 / publishing.SHARE
    assert not publishing.is_due(tournament, LONG_AGO)
    clock.seconds += 0.1 * 0.1 / publishing.SHARE
    assert publishing.is_due(tournament, LONG_AGO)


def test_what_a_cancelled_tournament_has_played_is_fitted_however_long_the_last_fit_took(
    make_tournament, clock, monkeypatch
):
    tournament = make_tournament(episodes=8)
    playing.play(playing.claim_block())
    with monkeypatch.context() as patch:
        patch.setattr(leaderboards, "refit", clock.slow(leaderboards.refit, 60.0))
        publishing.fit(tournament.scenario)
    playing.play(playing.claim_block())
    assert not publishing.is_due(tournament.scenario, LONG_AGO)
    organising.cancel_tournament(tournament)
    assert publishing.catch_up(tournament) == 2
    boards = (tournament, tournament.scenario)
    assert [leaderboards.latest(board).num_episodes for board in boards] == [8, 8]
    assert publishing.catch_up(tournament) == 0


def test_a_tournament_that_is_over_is_fitted_at_once(make_tournament):
    tournament = make_tournament(episodes=4)
    while playing.play_next():
        pass
    assert leaderboards.latest(tournament).num_episodes == leaderboards.latest(tournament.scenario).num_episodes == 4


def test_a_board_that_has_hardly_grown_is_not_fitted_again(make_tournament, no_pause):
    tournament = make_tournament(episodes=8)
    playing.play(playing.claim_block())
    publishing.publish(tournament)
    publishing._durations.clear()
    boards = (tournament, tournament.scenario)
    assert not any(publishing.is_due(board, LONG_AGO) for board in boards)
    playing.play(playing.claim_block())
    publishing._rests.clear()
    assert all(publishing.is_due(board, LONG_AGO) for board in boards)


def test_looking_whether_a_board_is_due_reads_no_table(make_tournament, no_pause, django_assert_num_queries):
    tournament = make_tournament(episodes=8)
    playing.play(playing.claim_block())
    publishing.publish(tournament)
    publishing._durations.clear()
    publishing._rests.clear()
    with django_assert_num_queries(2) as asked:
        publishing.is_due(tournament, LONG_AGO)
    assert not any('"table"' in query["sql"] for query in asked.captured_queries)


def test_of_two_workers_that_fit_at_once_the_one_that_knew_less_publishes_nothing(make_tournament, monkeypatch):
    tournament = make_tournament(episodes=8)
    playing.play(playing.claim_block())
    fit = refitting.fit

    def fit_slowly(*arguments):
        """Another worker plays and publishes while this one fits."""
        found = fit(*arguments)
        monkeypatch.setattr(refitting, "fit", fit)
        playing.play(playing.claim_block())
        leaderboards.refit(tournament.scenario)
        return found

    monkeypatch.setattr(refitting, "fit", fit_slowly)
    snapshot = leaderboards.refit(tournament.scenario)
    assert (snapshot.number, snapshot.num_episodes) == (1, 8)
    assert RatingSnapshot.objects.count() == 1


def test_boards_of_earlier_code_are_fitted_again_one_at_a_time_and_say_so(make_tournament):
    tournament = make_tournament(episodes=4)
    while playing.play_next():
        pass
    assert publishing.renew() is None
    RatingSnapshot.objects.update(code="1")
    sweeping.sweep()
    snapshot = leaderboards.latest(tournament.scenario)
    assert (snapshot.number, snapshot.reason) == (2, f"New rating code {ratings.VERSION}")
    assert leaderboards.latest(tournament).number == 1  # what a tournament ended with stays
    assert publishing.renew() is None


def test_boards_whose_episodes_no_longer_count_are_left_as_they_are(make_tournament, monkeypatch):
    make_tournament(episodes=4)
    while playing.play_next():
        pass
    RatingSnapshot.objects.update(code="1")
    Block.objects.all().delete()
    Episode.objects.all().delete()
    assert publishing.renew() is None
    assert RatingSnapshot.objects.filter(tournament=None).count() == 1
