"""alpha-Rank as boards tell it."""

import json

import numpy as np
import pytest

from tournament.evolution import LARGEST, describe
from tournament.payoffs import MetaGame


def test_who_beats_everyone_takes_over():
    found = describe(MetaGame.from_payoffs([[0.9, 0.8], [0.1, 0.2]]))
    assert found["camera_mass"]["c0"] == pytest.approx(1.0, abs=1e-3)
    assert found["sinks"] == [{"profiles": 1, "cameras": ["c0"], "targets": ["t1"]}]
    assert json.loads(json.dumps(found)) == found


def test_a_cycle_is_one_sink_with_all_in_it():
    [sink] = describe(MetaGame.from_payoffs([[1.0, -1.0], [-1.0, 1.0]]))["sinks"]
    assert (sink["profiles"], sink["cameras"], sink["targets"]) == (4, ["c0", "c1"], ["t0", "t1"])


def test_masses_add_up_to_one():
    found = describe(MetaGame.from_payoffs(np.random.default_rng(0).normal(size=(7, 9))))
    assert sum(found["camera_mass"].values()) == pytest.approx(1.0)
    assert sum(found["target_mass"].values()) == pytest.approx(1.0)


def test_agents_that_have_not_met_everyone_are_left_out():
    found = describe(MetaGame.from_payoffs([[0.5, 0.1], [0.4, 0.3], [0.2, np.nan]]))
    assert set(found["camera_mass"]) == {"c0", "c1"}


def test_nothing_is_told_of_boards_that_are_empty_or_too_large():
    assert describe(MetaGame.from_payoffs([[np.nan]])) is None
    assert describe(MetaGame.from_payoffs(np.zeros((LARGEST, 2)))) is None
