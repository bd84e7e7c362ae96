"""The rule-based agents as objects: their lifecycle, their messages, their randomness, alone and in mixed teams."""

import numpy as np
import pytest

import mate
from mate.agents.draws import EpisodeDraws, agent_key
from mate.agents.greedy import NON_EMPTY, SIGHTINGS, STATE

pytestmark = pytest.mark.filterwarnings("ignore::mate.configuration.ConfigWarning")

CAMERAS = [mate.RandomCameraAgent, mate.NaiveCameraAgent, mate.GreedyCameraAgent, mate.HeuristicCameraAgent]
TARGETS = [mate.RandomTargetAgent, mate.NaiveTargetAgent, mate.GreedyTargetAgent, mate.HeuristicTargetAgent]


def make_env(config="MATE-4v8-9.yaml", seed=0, **overrides):
    env = mate.MultiAgentTracking(config, **overrides)
    env.seed(seed)
    return env, env.reset()


def play(cameras, targets, steps=30, config="MATE-4v8-9.yaml", seed=0):
    """Actions (T, N, 2) of both teams over an episode's first steps."""
    env, (camera_rows, target_rows) = make_env(config, seed)
    mate.group_reset(cameras, camera_rows)
    mate.group_reset(targets, target_rows)
    camera_infos = target_infos = None
    played = []
    for _ in range(steps):
        actions = (
            mate.group_step(env, cameras, camera_rows, camera_infos),
            mate.group_step(env, targets, target_rows, target_infos),
        )
        (camera_rows, target_rows), _, _, (camera_infos, target_infos) = env.step(actions)
        played.append(actions)
    return np.array([pair[0] for pair in played]), np.array([pair[1] for pair in played])


def test_every_pair_of_agents_plays():
    for camera, target in zip(CAMERAS, reversed(TARGETS), strict=True):
        cameras, targets = play(camera(seed=0).spawn(4), target(seed=1).spawn(8), steps=5)
        assert np.abs(cameras).max(axis=(0, 1)) == pytest.approx([5.0, 2.5], abs=5.0)
        assert np.abs(targets).max() <= 20.0


@pytest.mark.parametrize("agent_class", [*CAMERAS, *TARGETS])
def test_equal_seeds_give_equal_episodes(agent_class):
    is_camera = agent_class in CAMERAS
    runs = []
    for seed in (3, 3, 4):
        own = agent_class(seed=seed).spawn(4 if is_camera else 8)
        other = (mate.NaiveTargetAgent if is_camera else mate.NaiveCameraAgent)(seed=0).spawn(8 if is_camera else 4)
        runs.append(play(own, other)[0] if is_camera else play(other, own)[1])
    np.testing.assert_array_equal(runs[0], runs[1])
    if agent_class is not mate.HeuristicCameraAgent:  # draws only while it sees nothing
        assert (runs[0] != runs[2]).any()


@pytest.mark.parametrize("agent_class", [mate.RandomCameraAgent, mate.GreedyTargetAgent])
def test_spawned_agents_and_later_episodes_draw_differently(agent_class):
    _, (camera_rows, target_rows) = make_env()
    rows = camera_rows if agent_class in CAMERAS else target_rows
    first, second = agent_class(seed=0).spawn(2)
    actions = []
    for agent in (first, second, first):
        agent.reset(rows[0])
        agent.observe(rows[0])
        actions.append(tuple(agent.act(rows[0])))
    assert len(set(actions)) == 3


def test_an_agent_replays_an_episode_from_its_key():
    _, (rows, _) = make_env()
    actions = []
    for seed in (1, 2):
        agent = mate.RandomCameraAgent(seed=seed)
        agent.next_draws = EpisodeDraws(agent_key(77, 0))
        agent.reset(rows[0])
        assert agent.next_draws is None
        actions.append(agent.act(rows[0]))
    np.testing.assert_array_equal(*actions)


def test_a_random_agent_holds_its_action_for_the_frame_skip():
    cameras, _ = play(mate.RandomCameraAgent(seed=0, frame_skip=7).spawn(4), mate.NaiveTargetAgent(seed=0).spawn(8))
    is_new = (cameras[1:] != cameras[:-1]).any(axis=(1, 2))
    assert np.flatnonzero(is_new).tolist() == [6, 13, 20, 27]


def test_acting_does_not_hand_out_the_memory_of_an_action():
    _, (rows, _) = make_env()
    agent = mate.RandomCameraAgent(seed=0)
    agent.reset(rows[0])
    agent.observe(rows[0])
    first = agent.act(rows[0])
    expected = first.copy()
    first[:] = 0.0
    agent.observe(rows[0])
    np.testing.assert_array_equal(agent.act(rows[0]), expected)


def test_greedy_cameras_introduce_themselves_once():
    _, (rows, _) = make_env()
    agents = mate.GreedyCameraAgent(seed=0).spawn(4)
    mate.group_reset(agents, rows)
    mate.group_observe(agents, rows)
    messages = list(agents[1].send_responses())
    assert [message.recipient for message in messages] == [0, 2, 3]
    assert all(STATE in message and SIGHTINGS not in message for message in messages)
    mate.group_observe(agents, rows)
    assert list(agents[1].send_responses()) == []


def test_greedy_cameras_know_targets_that_only_others_see():
    env, rows = find_sighting()
    agents = mate.GreedyCameraAgent(seed=0).spawn(4)
    mate.group_reset(agents, rows)
    for _ in range(2):  # first they introduce themselves
        for agent in agents:
            agent.communication_delay[:] = 0
        mate.group_observe(agents, rows)
        mate.group_communicate(env, agents)
    known = [set(agent.time2forget.nonzero()[0]) for agent in agents]
    assert all(targets == known[0] for targets in known) and known[0]


def find_sighting():
    """An environment, and its cameras' first observations, in which some but not all cameras see a target."""
    for seed in range(100):
        env, (rows, _) = make_env(seed=seed)
        if rows[:, 22 + 4 : 22 + 40 : 5].any(axis=1).sum() in (1, 2, 3):
            return env, rows
    raise AssertionError("no camera of 100 episodes sees anything at first")


def test_greedy_targets_broadcast_what_is_left_when_they_find_a_warehouse_empty():
    _, (_, rows) = make_env()
    agents = mate.GreedyTargetAgent(seed=0).spawn(8)
    mate.group_reset(agents, rows)
    rows = rows.copy()
    rows[2, 13 + 10 + 1] = 1.0  # target 2 finds warehouse 1 empty
    mate.group_observe(agents, rows)
    (message,) = agents[2].send_responses()
    assert message.content == {NON_EMPTY: {0, 2, 3}} and message.recipient is None
    agents[5].receive_responses([message])
    assert agents[5].non_empty_warehouses == {0, 2, 3}
    assert list(agents[5].send_responses()) == []


def test_mixed_teams_understand_what_they_can_and_ignore_the_rest():
    cameras = [camera(seed=number) for number, camera in enumerate(CAMERAS)]
    targets = [target(seed=number) for number, target in enumerate(TARGETS * 2)]
    for order in (slice(None), slice(None, None, -1)):
        played = play(cameras[order], targets[order], steps=40)
        assert all(np.isfinite(actions).all() for actions in played)


def test_a_heuristic_camera_without_a_controller_plans_for_itself():
    _, rows = find_sighting()
    agent = mate.HeuristicCameraAgent(seed=0)
    index = int(np.flatnonzero(rows[:, 22 + 4 : 22 + 40 : 5].any(axis=1))[-1])
    rows = rows[[index, index]]
    rows[1, 3] = index = 1  # as seen by camera 1
    agent.reset(rows[index])
    agent.observe(rows[index])
    agent.receive_responses(())
    assert np.abs(agent.act(rows[index])).max() > 0.0


def test_heuristic_cameras_count_steps_at_half_speed():
    """Q33"""
    cameras = mate.HeuristicCameraAgent(seed=0).spawn(4)
    play(cameras, mate.NaiveTargetAgent(seed=0).spawn(8), steps=10)
    assert cameras[0].episode_step == 4
    greedy = mate.GreedyCameraAgent(seed=0).spawn(4)
    play(greedy, mate.NaiveTargetAgent(seed=0).spawn(8), steps=10)
    assert greedy[0].episode_step == 9


def test_heuristic_targets_play_without_cameras():
    """Q35"""
    _, targets = play([], mate.HeuristicTargetAgent(seed=0).spawn(8), config="MATE-Navigation.yaml", steps=3)
    assert np.abs(targets).max() > 0.0


class TestMixture:
    def test_spawned_members_choose_the_same_candidate_in_every_episode(self):
        mixture = mate.MixtureCameraAgent([mate.NaiveCameraAgent(), mate.GreedyCameraAgent()], seed=0, mixture_seed=1)
        members = mixture.spawn(4)
        _, (rows, _) = make_env()
        chosen = []
        for _ in range(20):
            mate.group_reset(members, rows)
            assert len({type(member.current_agent) for member in members}) == 1
            chosen.append(type(members[0].current_agent))
        assert set(chosen) == {mate.NaiveCameraAgent, mate.GreedyCameraAgent}

    def test_candidates_without_weight_are_dropped(self):
        candidates = [mate.NaiveTargetAgent(), mate.GreedyTargetAgent()]
        mixture = mate.MixtureTargetAgent(candidates, weights=[0.0, 2.0], seed=0)
        assert mixture.candidates == [candidates[1]] and mixture.weights.tolist() == [1.0]

    @pytest.mark.parametrize("weights", [[1.0], [0.0, 0.0], [-1.0, 2.0]])
    def test_weights_that_do_not_fit_are_refused(self, weights):
        with pytest.raises(AssertionError):
            mate.MixtureTargetAgent([mate.NaiveTargetAgent(), mate.GreedyTargetAgent()], weights=weights)

    def test_seeding_leaves_the_choice_alone(self):
        choices = []
        _, (rows, _) = make_env()
        for seed in (1, 2):
            mixture = mate.MixtureCameraAgent(
                [mate.NaiveCameraAgent(), mate.GreedyCameraAgent()], seed=seed, mixture_seed=5
            )
            mixture.seed(seed + 10)
            names = []
            for _ in range(12):
                mixture.reset(rows[0])
                names.append(type(mixture.current_agent).__name__)
            choices.append(names)
        assert choices[0] == choices[1]

    def test_a_mixture_plays_as_its_candidate_does(self):
        mixture = mate.MixtureTargetAgent([mate.HeuristicTargetAgent()], seed=0).spawn(8)
        alone = mate.HeuristicTargetAgent(seed=0).spawn(8)
        for team in (mixture, alone):
            for index, agent in enumerate(team):
                agent.next_draws = EpisodeDraws(agent_key(3, index))
        cameras = mate.GreedyCameraAgent(seed=0)
        runs = [play(cameras.spawn(4), team)[1] for team in (mixture, alone)]
        assert runs[0].shape == runs[1].shape
        np.testing.assert_array_equal(runs[0][0], runs[1][0])
