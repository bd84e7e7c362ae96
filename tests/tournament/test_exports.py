"""What leaves the portal as files."""

import csv
import io

import pytest

from tournament import exports, leaderboards
from tournament.models import Episode

pytestmark = pytest.mark.django_db


def test_a_tournaments_table_has_its_episodes_in_a_fixed_order(make_tournament, pretend_to_play):
    tournament = make_tournament("greedy random", "greedy", episodes=5)
    pretend_to_play(tournament)
    pretend_to_play(make_tournament("greedy random", "greedy", episodes=9))
    text = "".join(exports.episodes_of_tournament(tournament))
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 10
    keys = [(row["camera"], row["target"], int(row["seed"])) for row in rows]
    assert keys == sorted(keys)
    assert "id" not in rows[0]


def test_numbers_keep_all_their_digits(make_tournament, pretend_to_play):
    tournament = make_tournament(episodes=3)
    pretend_to_play(tournament)
    rows = csv.DictReader(io.StringIO("".join(exports.episodes_of_pairing(tournament.pairings.get()))))
    for row in rows:
        assert float(row["normalised_reward"]) == Episode.objects.get(seed=row["seed"]).normalised_reward


def test_the_meta_game_is_exported_cell_by_cell(make_tournament, pretend_to_play):
    tournament = make_tournament("greedy random", "greedy", episodes=3)
    pretend_to_play(tournament, 1)
    game = leaderboards.meta_game_of_tournament(tournament)
    rows = list(csv.DictReader(io.StringIO("".join(exports.meta_game_as_csv(game)))))
    assert [row["episodes"] for row in rows] == ["3"]
    assert float(rows[0]["payoff"]) in game.payoff
    assert exports.meta_game_as_json(tournament)["count"] == game.count.tolist()
