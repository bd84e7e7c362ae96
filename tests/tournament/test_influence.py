"""Agents whose removal would change who is first."""

import numpy as np
import pytest

from tournament.payoffs import Episodes, MetaGame
from tournament.ratings import rate


def play(payoffs, seeds=40, generator=0, noise=0.2):
    random = np.random.default_rng(generator)
    payoffs = np.asarray(payoffs, dtype=float)
    camera, target, number = (axis.ravel() for axis in np.indices((*payoffs.shape, seeds)))
    rewards = -payoffs[camera, target] + random.normal(0, noise, len(camera))
    names = [f"c{n}" for n in range(payoffs.shape[0])], [f"t{n}" for n in range(payoffs.shape[1])]
    return MetaGame.from_episodes(*names, Episodes(camera, target, target * seeds + number, rewards))


def without(game, team, removed):
    """The meta-game without an agent."""
    column = game.episodes.camera if team == "camera" else game.episodes.target
    kept = column != removed
    shift = (
        [-(column[kept] > removed).astype(int), 0] if team == "camera" else [0, -(column[kept] > removed).astype(int)]
    )
    episodes = Episodes(
        game.episodes.camera[kept] + shift[0],
        game.episodes.target[kept] + shift[1],
        game.episodes.seed[kept],
        game.episodes.reward[kept],
    )
    cameras, targets = list(game.cameras), list(game.targets)
    del (cameras if team == "camera" else targets)[removed]
    return MetaGame.from_episodes(cameras, targets, episodes)


def test_an_agent_that_is_first_by_one_victim_alone_is_named_with_it():
    """c0 wins every deal against t0, and a little less than half against the others."""
    payoffs = [[1.0, 0.0, 0.0], [0.0, 0.05, 0.05], [-0.2, -0.2, -0.2]]
    influences = rate(play(payoffs), replicates=0).influences
    found = {(one.team, one.removed, one.first, one.then) for one in influences}
    assert ("camera", "t0", "c0", "c1") in found


def test_a_clear_first_hangs_on_nobody():
    influences = rate(play([[1.0, 1.0], [0.0, 0.0], [-1.0, -1.0]]), replicates=0).influences
    assert [one for one in influences if one.team == "camera"] == []


@pytest.mark.parametrize("generator", range(6))
def test_it_names_just_those_whose_removal_does_it(generator):
    """Every agent is removed in turn and everything fitted again."""
    random = np.random.default_rng(generator)
    game = play(random.normal(0, 0.1, (5, 4)), generator=generator)
    whole = rate(game, {}, replicates=0)
    first = whole.cameras[0].digest
    expected = set()
    for team, names in (("camera", game.cameras), ("target", game.targets)):
        for number, name in enumerate(names):
            then = rate(without(game, team, number), {}, replicates=0).cameras[0].digest
            if name != first and then != first:
                expected.add((name, then))
    assert {(one.removed, one.then) for one in whole.influences if one.team == "camera"} == expected
