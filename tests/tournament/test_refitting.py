"""Incremental fits give exactly the same ratings as a fit to all episodes, to the last bit."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from django.db import connections

from tests.tournament.conftest import invent_episode
from tournament import leaderboards, ledgers, packing, refitting
from tournament.ledgers import Agents, Played, Results
from tournament.models import Episode, Pairing, RatingSnapshot
from tournament.ratings import Ratings, rate
from tournament.refitting import follow

CAMERAS, TARGETS = ("a", "b", "c"), ("x", "y")


@pytest.fixture(autouse=True)
def nothing_is_kept():
    refitting.forget()
    ledgers.forget()
    yield
    refitting.forget()
    ledgers.forget()


class Table:
    """Episodes that come and go; results of pairings that stay the same are the same object, as a ledger's are."""

    def __init__(self, seed=0):
        self.random = np.random.default_rng(seed)
        self.agents = {
            row * len(TARGETS) + column: Agents(camera, target)
            for row, camera in enumerate(CAMERAS)
            for column, target in enumerate(TARGETS)
        }
        self.results = {}
        self.next_key = 1

    def add(self, pairing, seeds):
        known = self.results.get(pairing)
        rows = {} if known is None else self._rows(known)
        for seed in seeds:
            if seed not in rows:
                rows[seed] = (self.random.normal(0.3, 0.2), self.next_key)
                self.next_key += 1
        self._set(pairing, rows)

    def remove(self, pairing, seeds):
        known = self._rows(self.results[pairing])
        self._set(pairing, {seed: row for seed, row in known.items() if seed not in set(seeds)})

    def _rows(self, known):
        keys = packing.list_keys(known.edges)
        return {seed: (reward, key) for seed, reward, key in zip(known.seed, known.reward, keys, strict=True)}

    def _set(self, pairing, rows):
        self.results.pop(pairing, None)
        if rows:
            seeds = sorted(rows, key=lambda seed: rows[seed][1])
            rewards, keys = zip(*(rows[seed] for seed in seeds), strict=True)
            self.results[pairing] = Results(np.array(seeds), np.array(rewards), packing.find_edges(np.array(keys)))

    def played(self):
        return Played(dict(self.results), self.agents)


class Standing:
    """The evidence that a process keeps of a board; `num_new` counts the episodes that it summed after the first."""

    def __init__(self):
        self.evidence = None
        self.num_new = 0

    def follow(self, played, fields):
        before = self.evidence
        known = before.num_summed if before else 0
        self.evidence = follow(before, played, fields)
        self.num_new += self.evidence.num_summed - known if self.evidence is before else 0
        return self.evidence


def check(standing, table, fields=(CAMERAS, TARGETS)):
    """What the standing evidence gives is what a fit to everything gives."""
    evidence = standing.follow(table.played(), fields)
    expected = table.played().meta_game(fields)
    assert evidence.game.to_json() == expected.to_json()
    assert rate(evidence, replicates=5) == rate(expected, replicates=5)


def test_new_episodes_are_added_to_what_is_known():
    table, standing = Table(), Standing()
    for pairing in table.agents:
        table.add(pairing, range(20))
    check(standing, table)
    table.add(1, range(20, 30))
    table.add(4, range(15, 25))
    check(standing, table)
    assert standing.num_new


def test_episodes_that_are_gone_are_gone_from_the_ratings():
    table, standing = Table(), Standing()
    for pairing in table.agents:
        table.add(pairing, range(10))
    check(standing, table)
    table.remove(2, [3, 4])
    check(standing, table)
    table.remove(5, range(10))
    check(standing, table)


def test_an_episode_in_the_place_of_another_is_noticed():
    table, standing = Table(), Standing()
    for pairing in table.agents:
        table.add(pairing, range(10))
    check(standing, table)
    table.remove(2, [3])
    table.add(2, [3])
    check(standing, table)
    table.remove(2, [4])
    table.add(2, [30, 31])
    check(standing, table)


def test_other_rewards_of_the_same_seeds_are_noticed():
    table, standing = Table(), Standing()
    for pairing in table.agents:
        table.add(pairing, range(10))
    check(standing, table)
    table.results = {key: replace(found, reward=found.reward / 2) for key, found in table.results.items()}
    check(standing, table)


def test_pairings_that_have_exchanged_their_keys_are_noticed():
    table, standing = Table(), Standing()
    for pairing in table.agents:
        table.add(pairing, range(10))
    check(standing, table)
    table.agents = table.agents | {0: table.agents[1], 1: table.agents[0]}
    check(standing, table)


def test_new_agents_make_new_evidence():
    table, standing = Table(), Standing()
    table.add(0, range(10))
    table.add(2, range(10))
    check(standing, table, (("a", "b"), ("x",)))
    table.add(1, range(10))
    check(standing, table, (("a", "b"), ("x", "y")))
    check(standing, table)


def test_any_sequence_of_arrivals_and_departures_gives_the_fit_to_everything():
    table, standing = Table(3), Standing()
    for turn in range(25):
        pairing = int(table.random.integers(6))
        if turn % 5 == 4 and pairing in table.results:
            table.remove(pairing, table.random.permutation(60)[:20].tolist())
        else:
            table.add(pairing, table.random.integers(0, 60, 12).tolist())
        if table.results:
            check(standing, table)


# Through the database


@pytest.mark.django_db(transaction=True)
def test_a_refit_after_a_block_is_that_of_a_process_that_knows_nothing(make_tournament, pretend_to_play):
    tournament = make_tournament("greedy random naive", "greedy heuristic", episodes=8)
    for _ in range(3):
        pretend_to_play(tournament, 1)
        for refit, board in ((leaderboards.refit, tournament.scenario), (leaderboards.refit_tournament, tournament)):
            kept = refit(board)
            refitting.forget()
            ledgers.forget()
            RatingSnapshot.objects.filter(pk=kept.pk).delete()
            assert refit(board).table == kept.table


@pytest.mark.django_db(transaction=True)
def test_a_board_is_a_fit_to_all_episodes_whenever_each_was_played(make_tournament, pretend_to_play):
    """Agents never change, so no game is worth more than an earlier one, as it is where Elo is updated game by game."""
    tournament = make_tournament("greedy random naive", "greedy heuristic", episodes=8)
    pretend_to_play(tournament)
    board = leaderboards.refit(tournament.scenario).table
    episodes = list(Episode.objects.order_by("-pk"))
    Episode.objects.all().delete()
    for episode in episodes:
        episode.pk = None
    for some in (episodes[:17], episodes[17:]):
        Episode.objects.bulk_create(some)
        again = leaderboards.refit(tournament.scenario).table
    assert again == board


@pytest.mark.django_db(transaction=True)
def test_what_several_writers_write_and_delete_is_in_the_next_fit(make_tournament, pretend_to_play):
    tournament = make_tournament("greedy random", "greedy naive", episodes=4)
    pretend_to_play(tournament)
    pairings = list(tournament.pairings.all())
    errors = []

    def write(number):
        try:
            random = np.random.default_rng(number)
            for turn in range(8):
                seeds = range(1000 * number + 10 * turn, 1000 * number + 10 * turn + 6)
                pairing: Pairing = pairings[int(random.integers(4))]
                Episode.objects.bulk_create([invent_episode(pairing, seed, float(random.random())) for seed in seeds])
                if turn % 3 == 2:
                    Episode.objects.filter(seed=seeds[0]).delete()
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    writers = [threading.Thread(target=write, args=(number,)) for number in (1, 2, 3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        leaderboards.refit(tournament.scenario)
    for writer in writers:
        writer.join()
    assert errors == []
    last = leaderboards.refit(tournament.scenario)
    refitting.forget()
    ledgers.forget()
    game = leaderboards.played_in(tournament.scenario).meta_game()
    assert last.table["meta_game"] == game.to_json()
    assert Ratings.from_json(last.table) == Ratings.from_json(rate(game).to_json())
