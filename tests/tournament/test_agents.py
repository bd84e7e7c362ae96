"""Specifications of agents: canonical, digested, compared by what they are."""

import pytest

from mate.scenario import Scenario
from policies import Dimensions
from tests.policies.checkpoints import make_checkpoint
from tournament import agents
from tournament.agents import AgentError, Builtin, LearnedAgent, Mixture

GREEDY, RANDOM = Builtin("camera", "greedy"), Builtin("camera", "random")
LEARNED = LearnedAgent("camera", "ab" * 32)


@pytest.mark.parametrize("spec", [GREEDY, LEARNED, Mixture("camera", ((1, GREEDY), (2, LEARNED)))])
def test_a_specification_survives_its_json_form(spec):
    again = agents.from_json(spec.to_json())
    assert again == spec
    assert again.digest == spec.digest
    assert len(spec.digest) == 64


def test_different_agents_have_different_digests():
    specs = [
        GREEDY,
        RANDOM,
        Builtin("target", "greedy"),
        LEARNED,
        LearnedAgent("camera", "ab" * 32, deterministic=True),
        Mixture("camera", ((1.0, GREEDY),)),
    ]
    assert len({spec.digest for spec in specs}) == len(specs)


def test_equal_mixtures_have_equal_digests_however_they_are_written():
    first = Mixture("camera", ((1, GREEDY), (3, RANDOM)))
    second = Mixture("camera", ((0.5, RANDOM), (0.25, GREEDY), (0.25, RANDOM), (0.0, LEARNED)))
    assert first.digest == second.digest
    assert [weight for weight, _ in first.members] in ([0.25, 0.75], [0.75, 0.25])


def test_weights_that_do_not_divide_evenly_keep_their_digest_through_json():
    mixture = Mixture("camera", ((1, GREEDY), (1, RANDOM), (1.1, LEARNED)))
    assert agents.from_json(mixture.to_json()).digest == mixture.digest


@pytest.mark.parametrize(
    "make",
    [
        lambda: Builtin("camera", "clever"),
        lambda: Builtin("referee", "greedy"),
        lambda: LearnedAgent("camera", ""),
        lambda: Mixture("camera", ()),
        lambda: Mixture("camera", ((-1, GREEDY),)),
        lambda: Mixture("camera", ((float("nan"), GREEDY),)),
        lambda: Mixture("target", ((1, GREEDY),)),
        lambda: agents.from_json({"kind": "oracle", "team": "camera"}),
        lambda: agents.from_json({"kind": "builtin"}),
        lambda: agents.from_json({"kind": "mixture", "team": "camera", "members": 3}),
    ],
)
def test_what_is_no_agent_is_refused(make):
    with pytest.raises(AgentError):
        make()


def test_a_learned_agent_needs_a_place_to_open_its_checkpoint_from():
    with pytest.raises(AgentError, match="no checkpoints were given"):
        agents.load(LEARNED, Scenario.load("MATE-2v4-0"), 1)


def test_a_learned_agent_plays_in_the_mode_of_its_specification():
    checkpoint = make_checkpoint(scenario=Dimensions(2, 4, 0))
    spec = LearnedAgent("camera", checkpoint.digest, deterministic=True)
    loaded = agents.load(spec, Scenario.load("MATE-2v4-0"), 3, {checkpoint.digest: checkpoint}.__getitem__)
    assert loaded.is_deterministic


def test_the_checkpoints_of_a_mixture_are_those_of_its_members():
    other = LearnedAgent("camera", "cd" * 32)
    inner = Mixture("camera", ((1, other), (1, GREEDY)))
    assert agents.checkpoints(Mixture("camera", ((1, LEARNED), (1, inner)))) == {"ab" * 32, "cd" * 32}
