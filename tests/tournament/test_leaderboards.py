"""Published ratings: of everything in a scenario, or of one tournament's own episodes."""

import pytest

from tests.tournament.conftest import invent_episode
from tournament import leaderboards, organising, queries
from tournament.models import Episode, RatingSnapshot
from tournament.packing import unpack
from tournament.payoffs import MetaGame
from tournament.ratings import Ratings

pytestmark = pytest.mark.django_db


def test_the_meta_game_in_the_database_is_that_of_the_episodes(make_tournament, pretend_to_play):
    tournament = make_tournament("greedy random naive", "greedy heuristic", episodes=6)
    pretend_to_play(tournament)
    game = leaderboards.meta_game_of_tournament(tournament)
    assert game.count.tolist() == [[6, 6]] * 3
    for pairing in tournament.pairings.all():
        rewards = list(pairing.episodes.values_list("normalised_reward", flat=True))
        cell = game.cameras.index(pairing.camera.digest), game.targets.index(pairing.target.digest)
        assert game.payoff[cell] == pytest.approx(-sum(rewards) / 6)


def test_a_tournaments_meta_game_has_only_its_own_episodes(make_tournament, pretend_to_play):
    small = make_tournament(episodes=4)
    pretend_to_play(make_tournament("greedy random", "greedy", episodes=10))
    pretend_to_play(make_tournament(episodes=6, base_seed=5))
    assert leaderboards.meta_game_of_tournament(small).num_episodes == 4
    assert leaderboards.played_in(small.scenario).meta_game().num_episodes == 26


def test_agents_that_have_not_played_yet_are_in_their_tournaments_meta_game(make_tournament):
    game = leaderboards.meta_game_of_tournament(make_tournament("greedy random", "greedy"))
    assert (len(game.cameras), len(game.targets), game.num_episodes) == (2, 1, 0)


def test_episodes_of_another_engine_do_not_count(make_tournament, pretend_to_play):
    tournament = make_tournament(episodes=4)
    pretend_to_play(tournament)
    Episode.objects.update(engine="0")
    assert leaderboards.played_in(tournament.scenario).meta_game().num_episodes == 0


def test_episodes_of_another_device_class_count_nowhere(make_tournament, pretend_to_play):
    tournament = make_tournament(episodes=4)
    pretend_to_play(tournament)
    pairing = tournament.pairings.get()
    assert queries.episodes_of(pairing).count() == queries.pairings_of(pairing.camera).get().num_episodes == 4
    Episode.objects.update(device="cuda")
    assert leaderboards.played_in(tournament.scenario).meta_game().num_episodes == 0
    assert leaderboards.meta_game_of_tournament(tournament).num_episodes == 0
    assert queries.episodes_of(pairing).count() == queries.pairings_of(pairing.camera).count() == 0
    assert make_tournament(episodes=4).num_reused == 0


def test_snapshots_are_numbered_for_each_board(make_tournament, pretend_to_play):
    tournament = make_tournament(episodes=4)
    pretend_to_play(tournament)
    assert leaderboards.refit(tournament.scenario).number == 1
    assert leaderboards.refit_tournament(tournament).number == 1
    Episode.objects.bulk_create([invent_episode(tournament.pairings.get(), 12345)])
    assert leaderboards.refit(tournament.scenario).number == 2
    assert leaderboards.latest(tournament.scenario).num_episodes == 5
    assert leaderboards.latest(tournament).number == 1


def test_a_board_that_is_up_to_date_is_not_published_again(make_tournament, pretend_to_play):
    tournament = make_tournament(episodes=4)
    pretend_to_play(tournament)
    assert leaderboards.refit(tournament.scenario) == leaderboards.refit(tournament.scenario)
    assert RatingSnapshot.objects.count() == 1


def test_each_snapshot_says_why_it_was_made(make_tournament, pretend_to_play, monkeypatch):
    tournament = make_tournament(episodes=4)
    pretend_to_play(tournament)
    scenario, pairing = tournament.scenario, tournament.pairings.get()
    assert leaderboards.refit(scenario).reason == "The first fit, to 4 episodes"
    Episode.objects.bulk_create([invent_episode(pairing, 12345)])
    assert leaderboards.refit(scenario).reason == "1 new episode"
    Episode.objects.filter(seed=12345).delete()
    assert leaderboards.refit(scenario).reason == "1 episode removed"
    row = Episode.objects.first()
    Episode.objects.filter(pk=row.pk).delete()
    Episode.objects.bulk_create([invent_episode(pairing, row.seed, 0.9)])
    assert leaderboards.refit(scenario).reason == "Other episodes than before"
    pretend_to_play(make_tournament("greedy random", "greedy naive", episodes=1000))
    assert leaderboards.refit(scenario).reason == "3,996 new episodes, 2 new agents"
    monkeypatch.setattr("tournament.ratings.VERSION", "next")
    assert leaderboards.refit(scenario).reason == "New rating code next"
    assert leaderboards.refit(scenario).number == 6


def test_a_new_engine_begins_anew_and_says_so(make_tournament, pretend_to_play, monkeypatch):
    tournament = make_tournament(episodes=4)
    pretend_to_play(tournament)
    leaderboards.refit(tournament.scenario)
    monkeypatch.setattr("mate.engine.VERSION", "next")
    Episode.objects.bulk_create([invent_episode(tournament.pairings.get(), seed) for seed in (1, 2)])
    snapshot = leaderboards.refit(tournament.scenario)
    assert (snapshot.engine, snapshot.num_episodes) == ("next", 2)
    assert snapshot.reason == "New engine next: its 2 episodes alone count"


def test_a_snapshot_knows_which_episodes_it_was_fitted_to(make_tournament, pretend_to_play):
    tournament = make_tournament(episodes=4)
    pretend_to_play(make_tournament(episodes=9))
    pretend_to_play(tournament)
    all_keys = sorted(Episode.objects.values_list("pk", flat=True))
    assert unpack(bytes(leaderboards.refit(tournament.scenario).basis.keys)).tolist() == all_keys
    assert len(unpack(bytes(leaderboards.refit_tournament(tournament).basis.keys))) == 4


def test_without_episodes_nothing_is_published(make_tournament):
    tournament = make_tournament()
    assert leaderboards.refit(tournament.scenario) is None
    assert leaderboards.refit_tournament(tournament) is None


def test_a_snapshot_holds_the_ratings_and_the_meta_game_behind_them(make_tournament, pretend_to_play):
    tournament = make_tournament("greedy random", "greedy", episodes=40)
    pretend_to_play(tournament)
    table = leaderboards.refit_tournament(tournament).table
    ratings = Ratings.from_json({key: value for key, value in table.items() if key != "meta_game"})
    greedy = tournament.cameras.get(name="Greedy")
    assert ratings.of(greedy.digest).rating == 1000
    assert table["meta_game"] == leaderboards.meta_game_of_tournament(tournament).to_json()


def test_ratings_do_not_depend_on_the_order_in_which_episodes_came(make_tournament, pretend_to_play):
    tournament = make_tournament("greedy random", "greedy naive", episodes=10)
    pretend_to_play(tournament)
    before: MetaGame = leaderboards.meta_game_of_tournament(tournament)
    rows = list(Episode.objects.order_by("-seed"))
    Episode.objects.all().delete()
    for row in rows:
        row.pk = None
    Episode.objects.bulk_create(rows)
    after = leaderboards.meta_game_of_tournament(tournament)
    assert (before.payoff == after.payoff).all()
    assert organising.finish_if_complete(tournament)
