"""When boards are fitted: soon, not too often, always at the end, and anew when the code that fits is new."""

import pytest

from tasks import playing, publishing, sweeping
from tournament import leaderboards, ratings, refitting
from tournament.models import Block, Episode, RatingSnapshot

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def small_blocks(settings):
    settings.ARENA_BLOCK_SIZE = 4
    publishing._durations.clear()


def test_a_board_is_not_fitted_again_within_moments(make_tournament):
    tournament = make_tournament(episodes=4)
    playing.play(playing.claim_block())
    assert publishing.is_due(tournament)
    publishing.publish(tournament)
    assert not publishing.is_due(tournament)


def test_a_board_that_has_hardly_grown_is_not_fitted_again(make_tournament, monkeypatch):
    monkeypatch.setattr(publishing, "PAUSE_SECONDS", 0.0)
    tournament = make_tournament(episodes=8)
    playing.play(playing.claim_block())
    publishing.publish(tournament)
    publishing._durations.clear()
    assert not publishing.is_due(tournament) and not publishing.is_due(tournament.scenario)
    playing.play(playing.claim_block())
    assert publishing.is_due(tournament) and publishing.is_due(tournament.scenario)


def test_looking_whether_a_board_is_due_reads_no_table(make_tournament, django_assert_num_queries):
    tournament = make_tournament(episodes=8)
    playing.play(playing.claim_block())
    publishing.publish(tournament)
    with django_assert_num_queries(1) as asked:
        publishing.is_due(tournament)
    assert '"table"' not in asked[0]["sql"]


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
