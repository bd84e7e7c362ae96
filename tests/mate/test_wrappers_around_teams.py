"""Every wrapper inside and outside every single-team environment, and what its caller gets."""

import numpy as np
import pytest

import mate
from mate.wrappers.single_team import SingleTeam

TEAMS = {
    "MultiCamera": lambda env, kind: mate.MultiCamera(env, agent(kind, "Target")),
    "MultiTarget": lambda env, kind: mate.MultiTarget(env, agent(kind, "Camera")),
    "SingleCamera": lambda env, kind: mate.SingleCamera(env, agent(kind, "Camera"), agent(kind, "Target")),
    "SingleTarget": lambda env, kind: mate.SingleTarget(env, agent(kind, "Target"), agent(kind, "Camera")),
}
KINDS = ("Random", "Naive", "Greedy", "Heuristic")


def agent(kind, team):
    return getattr(mate, f"{kind}{team}Agent")(seed=1)


def repeated(env):
    return mate.RepeatedRewardIndividualDone(env)


def delivering(env):
    return mate.RepeatedRewardIndividualDone(env, target_done_at_destination=True)


def camera_rewards(env):
    return mate.AuxiliaryCameraRewards(repeated(env), {"coverage_rate": 1.0, "soft_coverage_score": 0.5})


def target_rewards(env):
    return mate.AuxiliaryTargetRewards(repeated(env), {"raw_reward": 1.0, "is_tracked": -0.5}, reduction="mean")


def both_rewards(env):
    return mate.AuxiliaryTargetRewards(camera_rewards(env), {"baseline": 1.0})


def relative_and_rescaled(env):
    return mate.RescaledObservation(mate.RelativeCoordinates(env))


def filtered(env):
    return mate.MessageFilter(env, lambda env, message: True)


def ranged(env):
    return mate.RestrictedCommunicationRange(env, 500.0)


def dropping(env):
    return mate.RandomMessageDropout(env, 0.5)


PER_MEMBER = (repeated, delivering, camera_rewards, target_rewards, both_rewards)
ANYWHERE = (
    *(mate.RescaledObservation, mate.RelativeCoordinates, relative_and_rescaled),
    *(filtered, ranged, dropping, mate.NoCommunication, mate.ExtraCommunicationDelays, mate.RenderCommunication),
)
INSIDE = (*ANYWHERE, *PER_MEMBER, mate.EnhancedObservation, mate.SharedFieldOfView, mate.MoreTrainingInformation)


def play(env, steps=4):
    """The last step's observation, reward, done and infos."""
    env.seed(3)
    env.reset()
    for _ in range(steps):
        given = env.step(env.action_space.sample())
    return given


def check(env, *, per_member):
    observation, reward, done, infos = play(env)
    assert np.isfinite(observation).all()
    if isinstance(env, mate.SingleCamera | mate.SingleTarget):
        assert (type(reward), type(done), type(infos)) == (float, bool, dict)
        assert observation.shape == env.observation_space.shape
        return
    assert (observation.shape[0], len(infos)) == (env.num_teammates, env.num_teammates)
    if per_member:
        assert [type(entry) for entry in reward] == [float] * env.num_teammates
        assert done == [False] * env.num_teammates
    else:
        assert (type(reward), type(done)) == (float, bool)


@pytest.mark.parametrize("wrapper", INSIDE, ids=lambda wrapper: wrapper.__name__)
@pytest.mark.parametrize("team", TEAMS)
def test_a_wrapper_inside_gives_the_caller_what_is_its_teams_alone(team, wrapper):
    check(TEAMS[team](wrapper(mate.make("MATE-4v8-9-v0")), "Greedy"), per_member=wrapper in PER_MEMBER)


@pytest.mark.parametrize("wrapper", ANYWHERE, ids=lambda wrapper: wrapper.__name__)
@pytest.mark.parametrize("team", TEAMS)
def test_a_wrapper_outside_gives_the_caller_what_the_one_inside_does(team, wrapper):
    check(wrapper(TEAMS[team](mate.make("MATE-4v8-9-v0"), "Greedy")), per_member=False)


@pytest.mark.parametrize(("team", "wrapper"), [("MultiCamera", camera_rewards), ("MultiTarget", target_rewards)])
def test_rewards_are_the_same_inside_and_outside(team, wrapper):
    def rewards(env):
        env.seed(3)
        env.reset()
        return [env.step(np.ones((env.num_teammates, 2)))[1] for _ in range(4)]

    inside = wrapper(mate.make("MATE-4v8-9-v0"))
    outside = wrapper(TEAMS[team](mate.make("MATE-4v8-9-v0"), "Greedy"))
    assert rewards(TEAMS[team](inside, "Greedy")) == rewards(outside)


@pytest.mark.parametrize("team", TEAMS)
def test_the_end_of_an_episode_is_the_end_for_each_member(team):
    with pytest.warns(UserWarning):
        base = mate.make("MATE-4v8-9-v0", max_episode_steps=1)
    env = TEAMS[team](repeated(base), "Random")
    *_, done, _ = play(env, steps=2)
    assert done == ([True] * env.num_teammates if team.startswith("Multi") else True)


def test_deliveries_are_the_targets_dones_and_never_the_cameras():
    def deliver(env):
        env.reset(seed=1)
        base = env.unwrapped
        base.batch.target_location[0, 3] = mate.WAREHOUSES[base.target_goals[3]]
        return env.step(np.zeros((env.num_teammates, 2)))[2]

    assert deliver(TEAMS["MultiTarget"](delivering(mate.make("MATE-4v8-9-v0")), "Random")) == [n == 3 for n in range(8)]
    assert deliver(TEAMS["MultiCamera"](delivering(mate.make("MATE-4v8-9-v0")), "Random")) == [False] * 4


def test_layers_that_need_a_done_for_each_member_find_it_inside():
    env = mate.RLlibMultiAgentAPI(TEAMS["MultiTarget"](repeated(mate.make("MATE-4v8-9-v0")), "Greedy"))
    env.reset(seed=0)
    _, rewards, dones, _ = env.step({name: np.zeros(2) for name in env.agent_ids})
    assert rewards.keys() == set(env.agent_ids)
    assert dones == {**dict.fromkeys(env.agent_ids, False), "__all__": False}
    env = mate.HierarchicalCamera(TEAMS["MultiCamera"](repeated(mate.make("MATE-4v8-9-v0")), "Greedy"), frame_skip=3)
    assert [np.shape(part) for part in play(env)[1:3]] == [(4,), (4,)]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("team", TEAMS)
@pytest.mark.parametrize("wrapper", [mate.RescaledObservation, relative_and_rescaled])
def test_every_built_in_agent_plays_rescaled_observations(team, kind, wrapper):
    env = TEAMS[team](wrapper(mate.make("MATE-4v8-9-v0")), kind)
    assert isinstance(env, SingleTeam)
    check(env, per_member=False)


@pytest.mark.parametrize("kind", KINDS)
def test_a_limit_that_rescaling_makes_zero_is_played_too(kind):
    config = mate.read_config("MATE-4v8-9")
    config["camera"] |= {"max_sight_range": 1000.0, "rotation_step": 90.0}
    config["target"] |= {"step_size": 1000.0}
    for team in TEAMS:
        check(TEAMS[team](mate.RescaledObservation(mate.MultiAgentTracking(config)), kind), per_member=False)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("team", ["Camera", "Target"])
def test_agents_of_the_callers_own_loop_play_rescaled_observations(kind, team):
    env = mate.RescaledObservation(TEAMS[f"Multi{team}"](mate.make("MATE-4v8-9-v0"), kind))
    agents = agent(kind, team).spawn(env.num_teammates)
    observation = env.reset(seed=0)
    mate.group_reset(agents, observation)
    infos = None
    for _ in range(5):
        actions = mate.group_step(env, agents, observation, infos)
        assert np.isfinite(actions).all()
        observation, _, _, infos = env.step(actions)


def test_an_agents_action_space_holds_the_actions_of_its_rescaled_limits():
    env = mate.RescaledObservation(mate.make("MATE-4v8-9-v0"))
    _, observations = env.reset(seed=0)
    target = agent("Random", "Target")
    target.reset(observations[0])
    assert target.state.step_size == 20 / 1000 - 1
    assert target.action_space.high.tolist() == [0.98, 0.98]
    assert target.action_space.contains(target.action_space.sample())
