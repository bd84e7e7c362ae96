"""The inputs of a central critic."""

import numpy as np
import pytest

from mate.engine import Batch
from mate.scenario import Scenario
from training.critic_inputs import StateScaling


@pytest.mark.parametrize("name", ["MATE-2v4-0", "MATE-4v8-9"])
def test_states_are_scaled_to_about_one(name) -> None:
    scenario = Scenario.load(name)
    batch = Batch(scenario, 8)
    batch.reset(np.arange(8))
    for _ in range(20):
        batch.step(np.ones((8, scenario.num_cameras, 2)), np.full((8, scenario.num_targets, 2), 10.0))
    inputs = StateScaling(scenario)(batch.state())
    assert inputs.dtype == np.float32 and inputs.shape == (8, scenario.state_dim)
    assert np.abs(inputs).max() <= 3.0 and np.abs(inputs).mean() < 1.0


def test_scaling_loses_nothing() -> None:
    scenario = Scenario.load("MATE-2v4-0")
    batch = Batch(scenario, 64)
    batch.reset(np.arange(64))
    states = batch.state()
    inputs = StateScaling(scenario)(states)
    assert ((states != states[0]).any(axis=0) == (inputs != inputs[0]).any(axis=0)).all()
