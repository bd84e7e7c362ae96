"""Comparing agents on the same fresh seeds."""

from functools import partial

import numpy as np
import pytest

from mate.agents import batched
from mate.errors import UserError
from mate.scenario import Scenario
from policies import Architecture, Dimensions
from tests.policies.checkpoints import IPPO, IQL, MAPPO, QMIX, make_checkpoint
from tests.training.runs import configure
from training.evaluation import MeanInterval, evaluate, find_agent, write_tables
from training.opponents import opponents_of

SCENARIO = Scenario.load("MATE-2v4-0", max_episode_steps=300)


@pytest.mark.parametrize("episodes", [3, 50])
def test_an_interval_holds_its_mean_as_often_as_it_says(episodes: int) -> None:
    generator = np.random.default_rng(0)
    intervals = [MeanInterval.of(generator.normal(2.0, 1.0, episodes)) for _ in range(2000)]
    assert np.mean([one.low <= 2.0 <= one.high for one in intervals]) == pytest.approx(0.95, abs=0.015)


def test_an_interval_of_one_episode_has_no_end() -> None:
    assert MeanInterval.of(np.array([0.5])) == MeanInterval(0.5, -np.inf, np.inf, 1)


def test_greedy_cameras_gain_over_random_ones_and_nothing_over_themselves() -> None:
    kinds = {"greedy": "greedy", "random": "random", "itself": "greedy"}
    agents = {name: partial(batched.make, kind, "camera") for name, kind in kinds.items()}
    opponent = "greedy", partial(batched.make, "greedy", "target")
    greedy, random, _ = evaluate(SCENARIO, "camera", agents, opponent, ["random", "itself"], 20, 5)
    assert greedy.gains["random"].low > 0.0
    assert greedy.gains["random"].mean == pytest.approx(greedy.payoff.mean - random.payoff.mean)
    assert greedy.gains["itself"] == MeanInterval(0.0, 0.0, 0.0, 20)
    assert "over random" in write_tables([greedy, random])


def test_targets_payoffs_are_their_rewards() -> None:
    agents = {name: partial(batched.make, name, "target") for name in ("greedy", "random")}
    opponent = "random", partial(batched.make, "random", "camera")
    greedy, random = evaluate(SCENARIO, "target", agents, opponent, ["random"], 10, 5)
    assert greedy.payoff.mean > random.payoff.mean and greedy.gains["random"].low > 0.0


PLAIN = Architecture((9, 7))
BRIEF = Scenario.load("MATE-2v4-0", max_episode_steps=20)


@pytest.mark.parametrize(
    "architecture", [MAPPO, IPPO, QMIX, IQL, PLAIN], ids=["mappo", "ippo", "gru", "dueling", "plain"]
)
@pytest.mark.parametrize("team", ["camera", "target"])
def test_every_architecture_is_evaluated_and_met_in_training(tmp_path, architecture, team) -> None:
    path = tmp_path / "agent.zip"
    make_checkpoint(team=team, architecture=architecture, scenario=Dimensions(2, 4, 0)).save(path)
    agent = find_agent(str(path), team, BRIEF)
    rival = partial(batched.make, "random", "target" if team == "camera" else "camera")
    (own,) = evaluate(BRIEF, team, {"own": agent}, ("random", rival), [], 2, 5)
    assert np.isfinite(own.payoff.mean)
    learner = "target" if team == "camera" else "camera"
    configuration = configure(team=learner, algorithm="mappo", opponents=[{"checkpoint": "agent.zip"}])
    assert opponents_of(configuration, tmp_path)(BRIEF, 3).size == 3


def test_an_agent_of_another_scenario_is_told_with_the_option_that_mends_it(tmp_path) -> None:
    make_checkpoint(scenario=Dimensions(4, 8, 9)).save(tmp_path / "agent.zip")
    with pytest.raises(UserError, match=r"the scenario has 2.*Give --scenario MATE-4v8-9\."):
        find_agent(str(tmp_path / "agent.zip"), "camera", SCENARIO)


def test_an_agent_is_a_name_or_a_checkpoint_that_fits(tmp_path) -> None:
    path = tmp_path / "agent.zip"
    make_checkpoint(scenario=Dimensions(2, 4, 0)).save(path)
    assert find_agent(str(path), "camera", SCENARIO)(SCENARIO, 2).size == 2
    with pytest.raises(UserError, match="target team"):
        find_agent(str(path), "target", SCENARIO)
    with pytest.raises(UserError, match="neither"):
        find_agent("nobody", "camera", SCENARIO)
