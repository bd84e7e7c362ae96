"""Matches: pure, batched, and honest about whose error it was."""

import numpy as np
import pytest

from mate.scenario import Scenario
from policies import Dimensions
from policies.devices import has_gpu
from policies.inference import BatchedPolicy
from tests.policies.checkpoints import make_checkpoint
from tournament import agents, matches
from tournament.agents import Builtin, LearnedAgent, Mixture
from tournament.matches import MatchError

SCENARIO = Scenario.load("MATE-2v4-0")
CAMERA, TARGET = Builtin("camera", "greedy"), Builtin("target", "greedy")
CHECKPOINT = make_checkpoint(scenario=Dimensions(2, 4, 0))
LEARNED = LearnedAgent("camera", CHECKPOINT.digest)


def play(camera=CAMERA, target=TARGET, seeds=(3, 1, 2), **options):
    options = {"open_checkpoint": {CHECKPOINT.digest: CHECKPOINT}.__getitem__, "max_steps": 50} | options
    return matches.play(SCENARIO, camera, target, list(seeds), **options)


@pytest.mark.parametrize("camera", [CAMERA, LEARNED, Mixture("camera", ((1, CAMERA), (1, LEARNED)))])
def test_results_do_not_depend_on_the_batch(camera):
    together = play(camera, seeds=range(7), batch_size=64)
    assert together == play(camera, seeds=range(7), batch_size=1)
    assert together == play(camera, seeds=range(7), batch_size=3)
    assert together[::-1] == play(camera, seeds=range(7)[::-1], batch_size=3)
    assert len({result.digest for result in together}) == 7


def test_results_come_in_the_order_of_the_seeds_and_are_told_as_they_are_known():
    told = {}
    results = play(on_episode=told.__setitem__)
    assert [result.seed for result in results] == [3, 1, 2]
    assert [told[number] for number in range(3)] == results


def test_an_error_of_a_learned_agent_is_its_own(monkeypatch):
    def fail(self, observations, actions, active):
        raise ValueError("no idea")

    monkeypatch.setattr(BatchedPolicy, "act", fail)
    with pytest.raises(MatchError, match="camera agent failed while acting: ValueError: no idea") as caught:
        play(LEARNED)
    assert caught.value.cause == "camera"


def test_an_action_that_is_no_number_is_its_agents_error(monkeypatch):
    def fail(self, observations, actions, active):
        actions[active] = np.nan

    monkeypatch.setattr(BatchedPolicy, "act", fail)
    with pytest.raises(MatchError, match="not a finite number") as caught:
        play(LEARNED)
    assert caught.value.cause == "camera"


def test_an_agent_trained_for_other_dimensions_is_told_both_figures():
    other = make_checkpoint(scenario=Dimensions(4, 8, 9))
    with pytest.raises(MatchError, match="trained for 4 cameras, and the scenario has 2") as caught:
        play(LearnedAgent("camera", other.digest), open_checkpoint=lambda digest: other)
    assert caught.value.cause == "camera"


def test_a_checkpoint_that_is_not_there_is_our_fault():
    def open_nothing(digest):
        raise FileNotFoundError(digest)

    with pytest.raises(MatchError, match="could not be loaded") as caught:
        play(LEARNED, open_checkpoint=open_nothing)
    assert caught.value.cause == "portal"


@pytest.mark.skipif(has_gpu(), reason="this machine has a GPU")
def test_a_device_that_is_not_there_is_our_fault(monkeypatch):
    monkeypatch.setenv("ARENA_DEVICE", "cuda")
    with pytest.raises(MatchError, match="finds no GPU on this machine: set ARENA_DEVICE=cpu") as caught:
        play(LEARNED)
    assert caught.value.cause == "portal"


def test_an_error_of_a_built_in_agent_is_ours(monkeypatch):
    class Broken:
        def reset(self, slots, keys, observations):
            raise RuntimeError("a bug")

    monkeypatch.setattr(agents, "load", lambda *_: Broken())
    with pytest.raises(MatchError, match="a bug") as caught:
        play()
    assert caught.value.cause == "portal"


def test_an_agent_cannot_play_the_other_team():
    with pytest.raises(MatchError, match="A target agent cannot play as camera"):
        play(TARGET, CAMERA)


def test_what_a_callback_raises_ends_the_match():
    class Enough(Exception):
        pass

    def stop(block, stepped):
        raise Enough

    with pytest.raises(Enough):
        play(on_step=stop)
