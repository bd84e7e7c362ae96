"""Episodes in lockstep: each depends only on its seed, and has the same result as in the engine."""

from functools import partial

import numpy as np
import pytest

from mate.agents import batched
from mate.engine import Batch
from mate.episodes import play
from mate.messages import Team
from mate.scenario import Scenario
from mate.streams import TEAM, derive

SEEDS = [7, 1, 2**63, 3, 1, 40]


def rule_based(name: str, team: str):
    return partial(_make, name, team)


def _make(name: str, team: str, scenario: Scenario, size: int):
    return batched.make(name, team, scenario, size)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario.load("MATE-4v2-9", max_episode_steps=30)


class Reader:
    """A team that does not declare how much of an observation it reads."""

    def __init__(self, name, team, scenario, size):
        agent = batched.make(name, team, scenario, size)
        self.reset, self.act = agent.reset, agent.act
        self.messages = getattr(agent, "messages", None)


def greedy_against_greedy(scenario: Scenario, seeds=SEEDS, **options):
    return play(scenario, rule_based("greedy", "camera"), rule_based("greedy", "target"), seeds, **options)


class Scripted:
    """A team that always takes the same action, and records its inputs."""

    def __init__(self, team: str, action: tuple[float, float], scenario: Scenario, size: int) -> None:
        self.action, self.keys, self.slots = action, [], []

    def reset(self, slots, keys, observations):
        self.slots += list(slots)
        self.keys += list(keys)

    def act(self, observations, actions, active):
        actions[active] = self.action


@pytest.fixture(scope="module")
def results(scenario: Scenario) -> list:
    return greedy_against_greedy(scenario)


class TestPurity:
    def test_results_come_in_the_order_of_the_seeds(self, results):
        assert [result.seed for result in results] == SEEDS

    @pytest.mark.parametrize("size", [1, 2, 7, 64, 256])
    def test_the_batch_size_does_not_matter(self, scenario, results, size):
        assert greedy_against_greedy(scenario, batch_size=size) == results

    def test_the_order_of_the_seeds_does_not_matter(self, scenario, results):
        assert greedy_against_greedy(scenario, seeds=SEEDS[::-1], batch_size=2) == results[::-1]

    def test_the_same_seed_gives_the_same_episode_and_another_seed_another(self, results):
        assert results[1] == results[4]
        assert len({result.digest for result in results}) == len(set(SEEDS))


class TestEnd:
    def test_an_episode_has_at_most_max_episode_steps_steps(self, scenario):
        results = greedy_against_greedy(scenario)
        assert {result.steps for result in results} == {30} and not any(result.completed for result in results)

    def test_a_smaller_horizon_cuts_it_short_and_a_larger_one_does_not_prolong_it(self, scenario):
        assert {result.steps for result in greedy_against_greedy(scenario, max_steps=11)} == {11}
        assert {result.steps for result in greedy_against_greedy(scenario, max_steps=99)} == {30}

    def test_an_episode_is_complete_when_all_cargo_is_delivered(self):
        tiny = Scenario.load("MATE-1v1-0", num_cargoes_per_target=4)
        (result,) = greedy_against_greedy(tiny, seeds=[0])
        assert result.completed and result.delivered_cargoes >= 4 and result.steps < 10_000
        assert result.normalised_reward == result.target_reward / tiny.max_target_team_episode_reward

    def test_without_seeds_nothing_is_played(self, scenario):
        assert greedy_against_greedy(scenario, seeds=[]) == []

    @pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"max_steps": 0}])
    def test_impossible_sizes_are_refused(self, scenario, wrong):
        with pytest.raises(ValueError, match="at least one"):
            greedy_against_greedy(scenario, **wrong)


class TestAccounts:
    def test_results_are_sums_and_means_over_the_steps(self, scenario):
        rewards, coverage, real_coverage = [], [], []

        def note(block, stepped):
            rewards.append(float(block.batch.target_reward[0]))
            coverage.append(float(block.batch.coverage_rate[0]))
            real_coverage.append(float(block.batch.real_coverage_rate[0]))

        (result,) = greedy_against_greedy(scenario, seeds=[5], on_step=note)
        assert result.target_reward == sum(rewards) and len(rewards) == 30
        assert result.mean_coverage_rate == pytest.approx(np.mean(coverage))
        assert result.mean_real_coverage_rate == pytest.approx(np.mean(real_coverage))

    @pytest.mark.parametrize("reward_type", ["dense", "sparse"])
    def test_the_reward_is_that_of_the_scenarios_type(self, reward_type):
        rewards = []
        (result,) = greedy_against_greedy(
            Scenario.load("MATE-4v8-9", reward_type=reward_type),
            seeds=[5],
            max_steps=150,
            on_step=lambda block, stepped: rewards.append(float(block.batch.target_reward[0])),
        )
        assert result.target_reward == sum(rewards) and result.delivered_cargoes > 0

    def test_callbacks_learn_of_every_episode_and_step(self, scenario):
        begun, finished, steps = [], [], 0

        def count(block, stepped):
            nonlocal steps
            steps += int(stepped.sum())

        greedy_against_greedy(
            scenario,
            batch_size=4,
            on_reset=lambda block, slots: begun.extend(block.numbers[slots].tolist()),
            on_step=count,
            on_episode=lambda number, result: finished.append((number, result.seed)),
        )
        assert begun == list(range(6)) and sorted(finished) == list(enumerate(SEEDS)) and steps == 6 * 30

    def test_who_looks_after_each_step_finds_every_view_as_the_step_alone_leaves_it(self, scenario):
        batch = Batch(scenario, 1)
        batch.reset([5])
        names = [*(name for name in batch.world._fields if name.endswith("view_mask")), "target_warehouse_distances"]

        def compare(block, stepped):
            batch.step(block.camera_actions, block.target_actions)
            for name in (*names, "transmit_draw"):
                assert (getattr(block.batch, name) == getattr(batch, name)).all(), name

        (looked_at,) = greedy_against_greedy(scenario, seeds=[5], on_step=compare)
        assert greedy_against_greedy(scenario, seeds=[5]) == [looked_at]

    def test_what_does_not_look_is_called_between_steps(self, scenario):
        calls = []
        greedy_against_greedy(scenario, seeds=[5, 6], batch_size=1, between_steps=lambda: calls.append(1))
        assert len(calls) == 2 * 30

    def test_what_a_callback_raises_ends_the_playing(self, scenario):
        def stop(number, result):
            raise RuntimeError("enough")

        with pytest.raises(RuntimeError, match="enough"):
            greedy_against_greedy(scenario, on_episode=stop)


class TestRules:
    def test_actions_are_rounded_to_single_precision_before_the_engine_sees_them(self, scenario):
        turn, walk = (0.1, 0.3), (1.7, -0.9)
        seen = []
        results = play(
            scenario,
            partial(Scripted, "camera", turn),
            partial(Scripted, "target", walk),
            [9],
            on_step=lambda block, stepped: seen.append((block.camera_actions.copy(), block.target_actions.copy())),
        )
        assert (seen[0][0] == np.float32(turn)).all() and (seen[0][1] == np.float32(walk)).all()
        batch = Batch(scenario, 1)
        batch.reset([9])
        for _ in range(30):
            batch.step(np.full((1, 4, 2), np.float32(turn)), np.full((1, 2, 2), np.float32(walk)))
        assert results[0].digest == int(batch.digest[0])

    def test_each_teams_key_is_derived_from_the_episodes_seed(self, scenario):
        teams = {}

        def build(team, scenario, size):
            teams[team] = Scripted(team, (0.0, 0.0), scenario, size)
            return teams[team]

        play(scenario, partial(build, "camera"), partial(build, "target"), SEEDS, batch_size=2, max_steps=1)
        for name, team in (("camera", Team.CAMERA), ("target", Team.TARGET)):
            assert [int(key) for key in teams[name].keys] == [derive(seed, TEAM, team.value) for seed in SEEDS]
            assert teams[name].slots == [0, 1] * 3

    def test_an_action_that_is_no_number_is_refused(self, scenario):
        with pytest.raises(ValueError, match="must be finite"):
            play(
                scenario,
                partial(Scripted, "camera", (0.0, float("nan"))),
                partial(Scripted, "target", (0.0, 0.0)),
                [1],
            )


@pytest.mark.parametrize("name", batched.BUILTIN_NAMES)
def test_an_episode_is_the_same_however_much_of_the_observations_is_written(scenario, name):
    teams = rule_based(name, "camera"), rule_based(name, "target")
    readers = partial(Reader, name, "camera"), partial(Reader, name, "target")
    assert play(scenario, *teams, SEEDS, max_steps=60) == play(scenario, *readers, SEEDS, max_steps=60)
