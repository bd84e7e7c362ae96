"""Episodes as columns: read once, and again only where rows came or went; always what a full reading gives."""

import threading

import numpy as np
import pytest
from django.db import connection, connections, transaction

from tests.tournament.conftest import invent_episode
from tournament import leaderboards, ledgers
from tournament.contents import Contents
from tournament.ledgers import Ledger
from tournament.models import Choice, Episode, Pairing

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_is_kept():
    ledgers.forget()
    yield
    ledgers.forget()


@pytest.fixture
def pairings(scenario, builtins):
    """Two cameras against three targets."""
    cameras = [builtins["camera", name] for name in ("greedy", "random")]
    targets = [builtins["target", name] for name in ("greedy", "naive", "random")]
    return [
        Pairing.objects.create(scenario=scenario, camera=camera, target=target)
        for camera in cameras
        for target in targets
    ]


def add(pairing, seeds, **columns):
    """Episodes whose reward tells the pairing and the seed."""
    rows = [invent_episode(pairing, seed, reward=reward_of(pairing.pk, seed)) for seed in seeds]
    for row in rows:
        for name, value in columns.items():
            setattr(row, name, value)
    return Episode.objects.bulk_create(rows)


def reward_of(pairing: int, seed: int) -> float:
    return (pairing * 1000 + seed % 1000) / 7e6


def open_ledger(scenario):
    return Ledger(scenario.pk, leaderboards.engine_version(), leaderboards.DEVICE)


def as_lists(played):
    return {key: (found.seed.tolist(), found.reward.tolist()) for key, found in played.results.items()}


def full(scenario):
    """Return all rows, read through Django."""
    found = {}
    rows = Episode.objects.filter(
        pairing__scenario=scenario, engine=leaderboards.engine_version(), device=leaderboards.DEVICE
    )
    for key, seed, reward in rows.order_by("id").values_list("pairing_id", "seed", "normalised_reward"):
        seeds, rewards = found.setdefault(key, ([], []))
        seeds.append(seed)
        rewards.append(reward)
    return found


def test_a_ledger_has_every_episode_by_pairing_in_the_order_of_their_rows(scenario, pairings):
    add(pairings[1], [2**62 + 5, 7, 3])
    add(pairings[0], [9])
    assert as_lists(open_ledger(scenario).refresh()) == full(scenario)


def test_a_scenario_without_episodes_has_an_empty_ledger(scenario, pairings):
    played = open_ledger(scenario).refresh()
    assert played.results == {}
    assert played.meta_game().count.shape == (0, 0)


def test_only_pairings_that_have_changed_are_read_again(scenario, pairings):
    ledger = open_ledger(scenario)
    for pairing in pairings:
        add(pairing, range(50))
    ledger.refresh()
    before = ledger.num_read
    assert before == 300
    ledger.refresh()
    assert ledger.num_read == before
    add(pairings[2], [100, 101])
    assert as_lists(ledger.refresh()) == full(scenario)
    assert ledger.num_read == before + 52


def test_deleted_episodes_are_gone(scenario, pairings):
    ledger = open_ledger(scenario)
    for pairing in pairings[:3]:
        add(pairing, range(5))
    ledger.refresh()
    Episode.objects.filter(pairing=pairings[0]).delete()
    Episode.objects.filter(pairing=pairings[1], seed=3).delete()
    assert as_lists(ledger.refresh()) == full(scenario)
    assert len(ledger) == 9


def test_an_episode_in_the_place_of_another_is_noticed(scenario, pairings):
    ledger = open_ledger(scenario)
    rows = add(pairings[0], range(5))
    ledger.refresh()
    Episode.objects.filter(pk=rows[2].pk).delete()
    add(pairings[0], [77])
    assert as_lists(ledger.refresh()) == full(scenario)


def test_rows_that_appear_with_lower_keys_than_known_ones_are_read(scenario, pairings):
    ledger = open_ledger(scenario)
    add(pairings[0], [1], pk=1_000_000)
    ledger.refresh()
    add(pairings[0], [2], pk=900_000)  # its transaction began earlier and ended later
    add(pairings[1], [1], pk=900_001)
    assert as_lists(ledger.refresh()) == full(scenario)


def test_other_engines_devices_and_scenarios_do_not_count(scenario, pairings):
    ledger = open_ledger(scenario)
    add(pairings[0], [1, 2])
    add(pairings[0], [3], engine="0")
    add(pairings[0], [4], device="cuda")
    from tournament import entries

    other = Pairing.objects.create(
        scenario=entries.register_scenario("MATE-4v8-9"), camera=pairings[0].camera, target=pairings[0].target
    )
    add(other, [5])
    assert (
        as_lists(ledger.refresh())
        == full(scenario)
        == {pairings[0].pk: ([1, 2], [reward_of(pairings[0].pk, 1), reward_of(pairings[0].pk, 2)])}
    )
    before = ledger.num_read
    add(pairings[0], [6], engine="0")
    add(other, [7])
    assert as_lists(ledger.refresh()) == full(scenario)
    assert ledger.num_read == before
    Episode.objects.filter(seed__in=[1, 3, 5]).delete()
    assert as_lists(ledger.refresh()) == full(scenario)


def test_many_changed_pairings_are_read_as_few_are(scenario, pairings, monkeypatch):
    monkeypatch.setattr(ledgers, "KEYS_AT_ONCE", 2)
    ledger = open_ledger(scenario)
    for most in (1000, 3):
        monkeypatch.setattr(ledgers, "ROWS_AT_ONCE", most)
        for pairing in pairings[:5]:
            add(pairing, [most])
        assert as_lists(ledger.refresh()) == full(scenario)


def test_any_sequence_of_arrivals_and_deletions_gives_what_a_full_reading_gives(scenario, pairings):
    ledger, random = open_ledger(scenario), np.random.default_rng(3)
    for _ in range(40):
        pairing = pairings[random.integers(len(pairings))]
        if random.random() < 0.6:
            known = set(pairing.episodes.values_list("seed", flat=True))
            add(pairing, {int(seed) for seed in random.integers(0, 10_000, random.integers(1, 30))} - known)
        else:
            keys = list(Episode.objects.values_list("pk", flat=True))
            chosen = random.permutation(keys)[: random.integers(0, 20)].tolist()
            Episode.objects.filter(pk__in=chosen).delete()
        assert as_lists(ledger.refresh()) == full(scenario)


def test_a_meta_game_is_the_same_to_the_last_bit_however_its_episodes_came(scenario, pairings):
    ledger = open_ledger(scenario)
    for first in range(0, 60, 20):
        for pairing in reversed(pairings):
            add(pairing, range(first + 19, first - 1, -1))
            bit_by_bit = ledger.refresh().meta_game()
    at_once = open_ledger(scenario).refresh().meta_game()
    for name in ("payoff", "error", "count"):
        assert getattr(bit_by_bit, name).tobytes() == getattr(at_once, name).tobytes()
    for name in ("camera", "target", "seed", "reward"):
        assert getattr(bit_by_bit.episodes, name).tobytes() == getattr(at_once.episodes, name).tobytes()


def test_a_meta_games_episodes_are_ordered_by_camera_target_and_seed(scenario, pairings):
    for pairing in pairings:
        add(pairing, [8, 3, 5])
    episodes = open_ledger(scenario).refresh().meta_game().episodes
    keys = list(zip(episodes.camera, episodes.target, episodes.seed, strict=True))
    assert keys == sorted(keys) and len(keys) == 18


def test_a_tournament_has_only_the_seeds_of_its_choices(make_tournament, pretend_to_play):
    small = make_tournament(episodes=5)
    pretend_to_play(make_tournament("greedy random", "greedy naive", episodes=12))
    seeds = ledgers.seeds_of(small)
    played = ledgers.read(small.scenario_id, small.engine, leaderboards.DEVICE).only(seeds)
    assert {key: len(found.seed) for key, found in played.results.items()} == {small.pairings.get().pk: 5}
    key = small.pairings.get().pk
    assert sorted(played.results[key].seed.tolist()) == seeds[key].tolist()


# What a process keeps; none of it inside transactions, so these tests end theirs.


@pytest.mark.django_db(transaction=True)
def test_a_process_keeps_what_it_has_read(scenario, pairings):
    add(pairings[0], range(10))
    facts = scenario.pk, leaderboards.engine_version(), leaderboards.DEVICE
    assert as_lists(ledgers.read(*facts)) == full(scenario)
    add(pairings[1], range(3))
    first = ledgers.read(*facts).results
    assert as_lists(ledgers.read(*facts)) == full(scenario)
    assert ledgers.read(*facts).results[pairings[0].pk] is first[pairings[0].pk]


@pytest.mark.django_db(transaction=True)
def test_what_a_transaction_saw_and_undid_is_not_kept(scenario, pairings):
    add(pairings[0], range(4))
    facts = scenario.pk, leaderboards.engine_version(), leaderboards.DEVICE
    ledgers.read(*facts)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        add(pairings[0], [50])
        assert len(ledgers.read(*facts).results[pairings[0].pk].seed) == 5
        raise ZeroDivisionError
    assert as_lists(ledgers.read(*facts)) == full(scenario)


@pytest.mark.django_db(transaction=True)
def test_what_was_read_earlier_stays_as_it_was(scenario, pairings):
    add(pairings[0], range(4))
    facts = scenario.pk, leaderboards.engine_version(), leaderboards.DEVICE
    before = ledgers.read(*facts)
    add(pairings[0], [50])
    add(pairings[1], [50])
    ledgers.read(*facts)
    assert {key: len(found.seed) for key, found in before.results.items()} == {pairings[0].pk: 4}


@pytest.mark.django_db(transaction=True)
def test_a_tournaments_seeds_follow_its_choices(make_tournament):
    tournament = make_tournament(episodes=4)
    pairing = tournament.pairings.get()
    assert len(ledgers.seeds_of(tournament)[pairing.pk]) == 4
    Choice.objects.create(tournament=tournament, round=2, pairing=pairing, first=4, count=3, step=2)
    assert len(ledgers.seeds_of(tournament)[pairing.pk]) == 7


@pytest.mark.django_db(transaction=True)
def test_seeds_of_choices_that_came_one_by_one_are_those_of_all(make_tournament):
    tournament = make_tournament("greedy random", "greedy naive", episodes=4)
    pairings = list(tournament.pairings.all())

    def check():
        kept, expected = ledgers.seeds_of(tournament), Contents(tournament).sorted_seeds()
        assert {key: seeds.tolist() for key, seeds in kept.items()} == {
            key: seeds.tolist() for key, seeds in expected.items()
        }

    def choose(number, first, **columns):
        pairing = pairings[number]
        Choice.objects.create(tournament=tournament, round=2, pairing=pairing, first=first, count=3, step=2, **columns)

    check()
    choose(0, 2)  # partly what is chosen already
    check()
    choose(1, 40, pk=500)
    check()
    choose(2, 9, pk=499)  # its transaction began earlier and ended later
    check()
    Choice.objects.filter(pk=500).delete()
    choose(3, 20)
    check()


@pytest.mark.django_db(transaction=True)
def test_choices_in_the_place_of_others_are_noticed(make_tournament):
    tournament = make_tournament(episodes=4)
    pairing = tournament.pairings.get()
    chosen = {"tournament": tournament, "round": 2, "pairing": pairing, "count": 3, "step": 2, "pk": 500}
    for first in (4, 20):
        Choice.objects.filter(pk=500).delete()
        Choice.objects.create(first=first, **chosen)
        wanted = Contents(tournament).sorted_seeds()[pairing.pk]
        assert ledgers.seeds_of(tournament)[pairing.pk].tolist() == wanted.tolist()


@pytest.mark.django_db(transaction=True)
def test_a_tournaments_own_episodes_are_chosen_again_only_where_something_changed(make_tournament, pretend_to_play):
    tournament = make_tournament("greedy random", "greedy", episodes=4)
    pretend_to_play(tournament)
    one, other = tournament.pairings.all()
    add(one, range(5))  # not its own
    before = ledgers.read_own(tournament, leaderboards.DEVICE).results
    assert {key: len(found.seed) for key, found in before.items()} == {one.pk: 4, other.pk: 4}
    Episode.objects.filter(pairing=other, seed=before[other.pk].seed[0]).delete()
    after = ledgers.read_own(tournament, leaderboards.DEVICE).results
    assert after[one.pk] is before[one.pk]
    assert after[other.pk].seed.tolist() == before[other.pk].seed[1:].tolist()


@pytest.mark.django_db(transaction=True)
def test_the_ledgers_used_last_are_kept_up_to_a_limit(scenario, pairings, monkeypatch):
    add(pairings[0], range(4))
    add(pairings[1], range(4), engine="0")
    monkeypatch.setattr(ledgers, "KEPT_ROWS", 6)
    first = ledgers.read(scenario.pk, leaderboards.engine_version(), leaderboards.DEVICE)
    ledgers.read(scenario.pk, "0", leaderboards.DEVICE)
    again = ledgers.read(scenario.pk, leaderboards.engine_version(), leaderboards.DEVICE)
    assert again.results[pairings[0].pk] is not first.results[pairings[0].pk]
    assert as_lists(again) == as_lists(first)


@pytest.mark.django_db(transaction=True)
def test_a_reader_keeps_up_with_several_writers(scenario, pairings):
    """Each writer commits and deletes some rows at a time, while the reader polls."""
    facts = scenario.pk, leaderboards.engine_version(), leaderboards.DEVICE
    errors = []

    def write(number):
        try:
            random = np.random.default_rng(number)
            for turn in range(12):
                with transaction.atomic():
                    for pairing in sorted(random.permutation(pairings)[:2], key=lambda one: one.pk):
                        add(pairing, range(number * 10_000 + turn * 10, number * 10_000 + turn * 10 + 7))
                if turn % 4 == 3:
                    Episode.objects.filter(seed=number * 10_000 + turn * 10).delete()
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    writers = [threading.Thread(target=write, args=(number,)) for number in (1, 2, 3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        for key, found in ledgers.read(*facts).results.items():
            assert found.reward.tolist() == [reward_of(key, seed) for seed in found.seed.tolist()]
    for writer in writers:
        writer.join()
    assert errors == []
    assert as_lists(ledgers.read(*facts)) == full(scenario) == as_lists(open_ledger(scenario).refresh())
    assert not connection.in_atomic_block
