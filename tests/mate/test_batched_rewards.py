"""Rewards of many episodes are composed as the wrappers compose those of one."""

import numpy as np
import pytest

import mate
from mate.batched.rewards import COMPONENTS, AuxiliaryRewards
from mate.engine import Batch
from mate.messages import Team
from mate.scenario import Scenario
from tests.mate.batched_play import play_both

WRAPPERS = {Team.CAMERA: mate.AuxiliaryCameraRewards, Team.TARGET: mate.AuxiliaryTargetRewards}


def all_components(team: Team) -> dict[str, float]:
    return {key: 0.3 + 0.7 * number for number, key in enumerate((*COMPONENTS[team], "soft_coverage_score"))}


@pytest.mark.parametrize("team", Team)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum", "max", "min"])
def test_episodes_are_rewarded_the_same_in_a_batch_and_alone(team: Team, reduction: str) -> None:
    def wrap(env):
        return WRAPPERS[team](mate.RepeatedRewardIndividualDone(env), all_components(team), reduction)

    rewards = None
    for batch, results in play_both("MATE-4v8-9", wrap, [3, 5], 12):
        rewards = rewards or AuxiliaryRewards(team, batch, all_components(team), reduction)
        composed = rewards.compose()
        for slot, (_, each, _, infos) in enumerate(results):
            assert composed.rewards[slot].tolist() == each[team.value]
            for key in all_components(team):
                components = [info[f"auxiliary_reward_{key}"] for info in infos[team.value]]
                assert composed.components[key][slot].tolist() == components


def test_a_coefficient_may_be_a_function_of_arrays() -> None:
    def fade(agent, episode, step, raw, component):
        return (agent + 1) / (episode + step)

    batch = Batch(Scenario.load("MATE-4v2-9"), 3)
    rewards = AuxiliaryRewards(Team.CAMERA, batch, {"baseline": fade})
    for slots in (np.arange(3), np.array([1])):
        batch.reset(slots, slots)
        rewards.begin(slots)
    batch.step(np.zeros((3, 4, 2)), np.zeros((3, 2, 2)))
    assert rewards.compose().rewards.tolist() == [[1, 2, 3, 4], [0.5, 1, 1.5, 2], [1, 2, 3, 4]]


def test_soft_coverage_follows_an_episode_that_begins_in_a_slot() -> None:
    batch = Batch(Scenario.load("MATE-4v8-9"), 2)
    batch.reset([1, 2])
    rewards = AuxiliaryRewards(Team.TARGET, batch, {"soft_coverage_score": 1.0}, soft_coverage_clip=True)
    first = rewards.compose().rewards
    batch.reset([2], [0])
    second = rewards.compose().rewards
    assert second[0].tolist() == first[1].tolist() == second[1].tolist()
    assert second[0].tolist() != first[0].tolist()


def test_unknown_components_and_reductions_are_refused_with_those_there_are() -> None:
    batch = Batch(Scenario.load("MATE-2v2-0"), 1)
    with pytest.raises(ValueError, match=r"no rewards \['is_tracked'\]; there are .*num_tracked"):
        AuxiliaryRewards(Team.CAMERA, batch, {"is_tracked": 1.0})
    with pytest.raises(ValueError, match="one of none, mean, sum, max, min, not 'median'"):
        AuxiliaryRewards(Team.CAMERA, batch, {}, "median")
