"""A team's layers over a batch play the same episodes as the same wrappers around separate environments."""

from typing import Any

import numpy as np
import pytest

import mate
from mate.batched.team_play import Layers, TeamPlay
from mate.messages import Team
from mate.scenario import Scenario
from tests.mate.opponents import BatchedDrift, DriftingCamera, DriftingTarget

SEEDS = [3, 5, 8]
BONUS = {"coverage_rate": 0.5, "raw_reward": 0.1, "soft_coverage_score": 1.0}
LAYERS = {
    "continuous": (Team.CAMERA, Layers()),
    "training": (Team.CAMERA, Layers(True, True, levels=5, frame_skip=5, coefficients=BONUS, reduction="mean")),
    "individual": (Team.TARGET, Layers(True, True, levels=5, frame_skip=10, coefficients=BONUS)),
    "targets": (Team.TARGET, Layers(rescaled=True, frame_skip=2)),
    "many": (Team.CAMERA, Layers(True, True, selection="many", frame_skip=10, coefficients=BONUS, reduction="sum")),
    "one": (Team.CAMERA, Layers(relative_coordinates=True, selection="one", frame_skip=3)),
}


def wrap(team: Team, layers: Layers, enhanced: str) -> Any:
    """The layers as wrappers around one environment."""
    is_camera = team is Team.CAMERA
    env = mate.EnhancedObservation(mate.make("MATE-4v8-9-v0"), enhanced)
    if layers.levels:
        env = (mate.DiscreteCamera if is_camera else mate.DiscreteTarget)(env, layers.levels)
    env = mate.MultiCamera(env, DriftingTarget(seed=0)) if is_camera else mate.MultiTarget(env, DriftingCamera(seed=0))
    env = mate.RelativeCoordinates(env) if layers.relative_coordinates else env
    env = mate.RescaledObservation(env) if layers.rescaled else env
    env = mate.RepeatedRewardIndividualDone(env)
    if layers.coefficients is not None:
        reward = mate.AuxiliaryCameraRewards if is_camera else mate.AuxiliaryTargetRewards
        env = reward(env, BONUS, layers.reduction)
    if layers.selection:
        return mate.HierarchicalCamera(env, layers.selection == "many", layers.frame_skip)
    return mate.FrameSkip(env, layers.frame_skip)


def choose(generator: np.random.Generator, team: Team, layers: Layers) -> np.ndarray:
    shape = (len(SEEDS), 4 if team is Team.CAMERA else 8)
    if layers.selection == "many":
        return generator.integers(2, size=(*shape, 8))
    if layers.selection == "one":
        return generator.integers(9, size=shape)
    if layers.levels:
        return generator.integers(layers.levels**2, size=shape)
    return generator.uniform(-2.5, 2.5, (*shape, 2))


@pytest.mark.parametrize("enhanced", ["none", "both"])
@pytest.mark.parametrize("kind", LAYERS)
def test_episodes_are_the_same_bits_in_a_batch_and_wrapped_alone(kind: str, enhanced: str) -> None:
    team, layers = LAYERS[kind]
    play = TeamPlay(Scenario.load("MATE-4v8-9", enhanced_observation=enhanced), team, BatchedDrift, len(SEEDS), layers)
    play.begin(np.arange(len(SEEDS)), np.array(SEEDS, np.uint64))
    envs = [wrap(team, layers, enhanced) for _ in SEEDS]
    for slot, env in enumerate(envs):
        assert np.array_equal(env.reset(seed=SEEDS[slot]), play.observation[slot])
    generator = np.random.default_rng(1)
    for _ in range(8):
        choices = choose(generator, team, layers)
        rewards, figures = play.step(choices, np.ones(len(SEEDS), bool))
        for slot, env in enumerate(envs):
            observation, reward, _, infos = env.step(choices[slot])
            assert observation.tobytes() == play.observation[slot].tobytes()
            assert rewards[slot].tolist() == list(reward)
            for name, values in figures.items():
                assert values[slot].tolist() in ([info[name] for info in infos], infos[0][name]), name


def test_an_episode_that_ends_within_a_step_waits_for_the_others() -> None:
    layers = Layers(frame_skip=4)
    scenario = Scenario.load("MATE-4v8-9", max_episode_steps=5)
    play = TeamPlay(scenario, Team.CAMERA, BatchedDrift, 2, layers)
    play.begin(np.array([0]), np.array([1], np.uint64))
    play.begin(np.array([1]), np.array([2], np.uint64))
    still = np.zeros((2, 4, 2))
    play.step(still, np.array([True, False]))
    play.step(still, np.array([True, True]))
    assert play.batch.episode_step.tolist() == [6, 4] and play.batch.done.tolist() == [True, False]
    rewards, figures = play.step(still, np.array([False, True]))
    assert play.batch.episode_step.tolist() == [6, 6]
    assert (rewards[0] == 0).all() and figures["coverage_rate"][0] == 0


def test_what_a_team_cannot_have_is_refused() -> None:
    scenario = Scenario.load("MATE-4v8-9")
    with pytest.raises(ValueError, match="Only cameras select targets"):
        TeamPlay(scenario, Team.TARGET, BatchedDrift, 1, Layers(selection="one"))
    with pytest.raises(ValueError, match="by levels, by poses or by selection"):
        Layers(selection="one", levels=5)
    with pytest.raises(ValueError, match="many, one, pose or None, not 'all'"):
        Layers(selection="all")
    with pytest.raises(ValueError, match="frame_skip is at least 1"):
        Layers(frame_skip=0)
    with pytest.raises(ValueError, match="at least 2 levels"):
        Layers(levels=1)


@pytest.mark.parametrize("layers", [Layers(levels=3), Layers(selection="one")])
def test_a_choice_that_there_is_not_is_refused_and_nothing_is_done(layers: Layers) -> None:
    play = TeamPlay(Scenario.load("MATE-4v8-9"), Team.CAMERA, BatchedDrift, 1, layers)
    play.begin(np.array([0]), np.array([1], np.uint64))
    with pytest.raises(ValueError, match="from 0 to 8; got 0 to 9"):
        play.step(np.array([[0, 9, 0, 0]]), np.array([True]))
    assert play.batch.episode_step[0] == 0
