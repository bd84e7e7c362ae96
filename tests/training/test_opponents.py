"""The opponents of a training."""

import numpy as np
import pytest

from mate.agents.batched import BatchedMixture
from mate.scenario import Scenario
from policies import Dimensions
from policies.inference import BatchedPolicy
from tests.policies.checkpoints import make_checkpoint
from tests.training.runs import configure
from training.configuration import ConfigurationError
from training.opponents import opponents_of

SCENARIO = Scenario.load("MATE-2v4-0")
FITTING = Dimensions(2, 4, 0)


def test_a_rule_based_agent_is_named(tmp_path) -> None:
    team = opponents_of(configure(opponents=[{"name": "naive"}]), tmp_path)(SCENARIO, 3)
    assert type(team).__name__ == "BatchedNaiveTarget"


def test_a_checkpoints_path_is_relative_to_the_runs_folder(tmp_path) -> None:
    make_checkpoint(team="target", scenario=FITTING).save(tmp_path / "agent.zip")
    team = opponents_of(configure(opponents=[{"checkpoint": "agent.zip"}]), tmp_path)(SCENARIO, 3)
    assert isinstance(team, BatchedPolicy)


def test_of_several_each_episode_draws_its_own(tmp_path) -> None:
    opponents = [{"name": "naive", "weight": 1}, {"name": "greedy", "weight": 3}, {"name": "random", "weight": 0}]
    team = opponents_of(configure(opponents=opponents), tmp_path)(SCENARIO, 400)
    assert isinstance(team, BatchedMixture)
    team.reset(np.arange(400), np.arange(400, dtype=np.uint64), np.zeros((400, 4, SCENARIO.target_observation_dim)))
    shares = np.bincount(team.chosen, minlength=2) / 400
    assert shares[1] == pytest.approx(0.75, abs=0.08)


@pytest.mark.parametrize(
    ("changes", "word"),
    [({"team": "target", "scenario": Dimensions(4, 8, 9)}, "8 targets"), ({"scenario": FITTING}, "camera agent")],
)
def test_a_checkpoint_that_cannot_play_is_refused_with_the_reason(tmp_path, changes, word) -> None:
    make_checkpoint(**changes).save(tmp_path / "agent.zip")
    with pytest.raises(ConfigurationError, match=word):
        opponents_of(configure(opponents=[{"checkpoint": "agent.zip"}]), tmp_path)


def test_a_file_that_is_missing_or_no_checkpoint_is_named(tmp_path) -> None:
    configuration = configure(opponents=[{"checkpoint": "agent.zip"}])
    with pytest.raises(ConfigurationError, match=r"agent\.zip.*exists"):
        opponents_of(configuration, tmp_path)
    (tmp_path / "agent.zip").write_bytes(b"no zip")
    with pytest.raises(ConfigurationError, match="native checkpoint"):
        opponents_of(configuration, tmp_path)
