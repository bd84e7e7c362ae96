"""Seeds: shared where agents are compared, fresh where opponents are averaged over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tournament.seeds import episode_seed


def test_all_cameras_meet_a_target_on_equal_seeds_in_even_episodes():
    assert episode_seed(1, "s", "camera a", "target", 4) == episode_seed(1, "s", "camera b", "target", 4)
    assert episode_seed(1, "s", "camera", "target a", 4) != episode_seed(1, "s", "camera", "target b", 4)


def test_all_targets_meet_a_camera_on_equal_seeds_in_odd_episodes():
    assert episode_seed(1, "s", "camera", "target a", 5) == episode_seed(1, "s", "camera", "target b", 5)
    assert episode_seed(1, "s", "camera a", "target", 5) != episode_seed(1, "s", "camera b", "target", 5)


@given(st.integers(0, 2**63 - 1), st.text(), st.text(), st.text(), st.integers(0, 10**6))
def test_a_seed_is_a_non_negative_63_bit_integer(base_seed, scenario, camera, target, number):
    assert 0 <= episode_seed(base_seed, scenario, camera, target, number) < 2**63


def test_of_an_odd_count_one_more_is_keyed_by_the_target():
    first, second = ({episode_seed(1, "s", camera, "t", number) for number in range(5)} for camera in "ab")
    assert len(first & second) == 3


def test_base_seed_scenario_and_team_all_matter():
    seeds = {
        episode_seed(1, "s", "x", "x", 0),
        episode_seed(2, "s", "x", "x", 0),
        episode_seed(1, "r", "x", "x", 0),
        episode_seed(1, "s", "x", "x", 1),
    }
    assert len(seeds) == 4


def test_a_negative_number_is_refused():
    with pytest.raises(ValueError, match="numbers start at 0"):
        episode_seed(1, "s", "c", "t", -1)


def test_seeds_stay_what_they_are():
    """The recorded episodes of every portal hang on these."""
    assert episode_seed(0, "scenario", "camera", "target", 0) == 7900194830892477952
    assert episode_seed(0, "scenario", "camera", "target", 1) == 3869423517423702209
