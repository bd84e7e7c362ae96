"""Expected durations of episodes, estimated from earlier episodes."""

import pytest

from tournament import durations
from tournament.models import Block, BlockState

pytestmark = pytest.mark.django_db


@pytest.fixture
def tournament(make_tournament):
    """Two cameras and two targets, nothing played."""
    return make_tournament("greedy random", "greedy random", episodes=1000)


def say_played(block: Block, seconds_each: float, episodes: int = 100) -> None:
    seconds = durations.of_block(episodes, seconds_each)
    Block.objects.filter(pk=block.pk).update(state=BlockState.DONE, num_played=episodes, seconds=seconds)


def test_blocks_of_any_size_tell_the_same_of_an_episode(make_tournament):
    pairing = make_tournament(episodes=10).pairings.get()
    for episodes in (1, 10, 100):
        Block.objects.create(
            tournament=pairing.tournaments.get(),
            pairing=pairing,
            seeds=[],
            num_episodes=episodes,
            num_played=episodes,
            seconds=durations.of_block(episodes, 0.5),
            state=BlockState.DONE,
        )
        assert durations.known([pairing.pk]) == {pairing.pk: pytest.approx(0.5)}


def test_as_many_episodes_fit_into_a_time_as_take_it():
    assert durations.episodes_in(durations.of_block(37, 0.2), 0.2) == 37
    assert durations.episodes_in(0.1, 60.0) == 1


def test_of_pairings_that_were_not_played_nothing_is_known(tournament):
    block = tournament.blocks.first()
    assert durations.known([block.pairing_id]) == {}
    assert durations.guess(tournament.pk, [block.pairing_id]) == {}


def test_a_new_pairing_is_guessed_from_three_others(tournament):
    greedy_greedy, greedy_random, random_greedy, random_random = tournament.blocks.all()
    say_played(greedy_greedy, 0.01)
    say_played(greedy_random, 0.05)  # such a target plays five times as long
    say_played(random_greedy, 0.02)  # such a camera takes twice as long for a step
    assert durations.guess(tournament.pk, [random_random.pairing_id]) == {
        random_random.pairing_id: pytest.approx(0.01 * 5 * 2)
    }


def test_without_three_others_a_new_pairing_takes_as_long_as_the_slower_of_its_agents(tournament):
    _, greedy_random, random_greedy, random_random = tournament.blocks.all()
    say_played(greedy_random, 0.05)
    assert durations.guess(tournament.pk, [random_random.pairing_id]) == {random_random.pairing_id: pytest.approx(0.05)}
    say_played(random_greedy, 0.02)
    assert durations.guess(tournament.pk, [random_random.pairing_id]) == {random_random.pairing_id: pytest.approx(0.05)}
