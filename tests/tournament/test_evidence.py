"""Growing evidence: the ratings do not depend on the order of episodes."""

import numpy as np
import pytest

from tournament.payoffs import Episodes, MetaGame
from tournament.ratings import BoardEvidence, rate


def invent(seed=0, cameras=4, targets=3, episodes=6, seeds=None):
    random = np.random.default_rng(seed)
    camera, target, number = (axis.ravel() for axis in np.indices((cameras, targets, episodes)))
    keyed = np.where(number % 2 == 0, target * 50 + number, 1000 + camera * 50 + number)
    rewards = 0.3 + 0.1 * (target - camera) + random.normal(0, 0.3, len(camera)).round(1)
    return Episodes(camera, target, random.permutation(5000)[keyed] if seeds is None else number % seeds, rewards)


def pick(episodes, chosen):
    return Episodes(*(getattr(episodes, name)[chosen] for name in ("camera", "target", "seed", "reward")))


def gather(episodes):
    return BoardEvidence(["c0", "c1", "c2", "c3"], ["t0", "t1", "t2"], episodes)


@pytest.mark.parametrize("seeds", [None, 6])
@pytest.mark.parametrize("blocks", [1, 3, 20])
def test_what_is_added_in_blocks_is_rated_like_what_was_there_at_once(blocks, seeds):
    episodes = invent(seeds=seeds)
    order = np.random.default_rng(blocks).permutation(len(episodes))
    first, *rest = np.array_split(order, blocks)
    evidence = gather(pick(episodes, first))
    for block in rest:
        evidence.add(pick(episodes, block))
    whole = gather(episodes)
    assert len(evidence) == len(whole) == len(episodes)
    assert evidence.rate(replicates=5) == whole.rate(replicates=5)


def test_evidence_is_rated_like_its_meta_game():
    episodes = invent()
    game = MetaGame.from_episodes(["c0", "c1", "c2", "c3"], ["t0", "t1", "t2"], episodes)
    found, expected = gather(episodes).rate(replicates=0), rate(game, replicates=0)
    for line, other in zip(found.cameras + found.targets, expected.cameras + expected.targets, strict=True):
        assert line.digest == other.digest
        assert (line.rating, line.lower, line.margin) == pytest.approx((other.rating, other.lower, other.margin))


def test_evidence_may_begin_with_nothing():
    episodes = invent()
    evidence = gather(pick(episodes, np.arange(0)))
    assert evidence.rate().cameras[0].rating is None
    evidence.add(episodes)
    assert evidence.rate(replicates=0) == gather(episodes).rate(replicates=0)


def test_an_episode_of_an_unknown_agent_is_refused_and_nothing_is_lost():
    evidence = gather(invent())
    before = evidence.rate(replicates=0)
    one = np.array([0])
    with pytest.raises(ValueError, match="camera is number 9"):
        evidence.add(Episodes(one + 9, one, one, one * 0.1))
    assert evidence.rate(replicates=0) == before
