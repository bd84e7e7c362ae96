"""Growing evidence: the ratings do not depend on the order of episodes."""

import numpy as np
import pytest

from tournament.payoffs import Episodes, MetaGame
from tournament.ratings import BoardEvidence, rate
from tournament.strips import split

FIELDS = ["c0", "c1", "c2", "c3"], ["t0", "t1", "t2"]


def invent(seed=0, cameras=4, targets=3, episodes=6, seeds=None):
    random = np.random.default_rng(seed)
    camera, target, number = (axis.ravel() for axis in np.indices((cameras, targets, episodes)))
    keyed = np.where(number % 2 == 0, target * 50 + number, 1000 + camera * 50 + number)
    rewards = 0.3 + 0.1 * (target - camera) + random.normal(0, 0.3, len(camera)).round(1)
    return Episodes(camera, target, random.permutation(5000)[keyed] if seeds is None else number % seeds, rewards)


def pick(episodes, chosen):
    return Episodes(*(getattr(episodes, name)[chosen] for name in ("camera", "target", "seed", "reward")))


def gather(episodes):
    return BoardEvidence(*FIELDS, split(episodes))


def grow(evidence, episodes):
    """Update evidence with episodes of which many are known; cells that have not changed are the same objects."""
    known = getattr(evidence, "known", {})
    evidence.known = {
        place: known[place] if place in known and np.array_equal(known[place].seed, cell.seed) else cell
        for place, cell in split(episodes).items()
    }
    evidence.update(evidence.known)


@pytest.mark.parametrize("seeds", [None, 6])
@pytest.mark.parametrize("blocks", [1, 3, 20])
def test_what_is_added_in_blocks_is_rated_like_what_was_there_at_once(blocks, seeds):
    episodes = invent(seeds=seeds)
    order = np.random.default_rng(blocks).permutation(len(episodes))
    evidence = BoardEvidence(*FIELDS)
    for block in np.array_split(np.arange(len(order)), blocks):
        grow(evidence, pick(episodes, order[: block[-1] + 1]))
    whole = gather(episodes)
    assert len(evidence) == len(whole) == len(episodes)
    assert rate(evidence, replicates=5) == rate(whole, replicates=5)


def test_a_block_of_a_pairing_sums_its_two_strips_alone():
    """The pairing of one camera and one target: 3 cells of the camera, 4 of the target, 6 episodes each."""
    episodes, evidence = invent(), BoardEvidence(*FIELDS)
    grow(evidence, episodes)
    before = evidence.num_summed
    assert before == 2 * len(episodes)
    more = Episodes(*(np.array([value]) for value in (1, 1, 9999, 0.5)))
    columns = ("camera", "target", "seed", "reward")
    grow(evidence, Episodes(*(np.append(getattr(episodes, name), getattr(more, name)) for name in columns)))
    assert evidence.num_summed - before == (3 + 4) * 6 + 2


def test_evidence_is_rated_like_its_meta_game():
    episodes = invent()
    game = MetaGame.from_episodes(*FIELDS, episodes)
    found, expected = rate(gather(episodes), replicates=0), rate(game, replicates=0)
    for line, other in zip(found.cameras + found.targets, expected.cameras + expected.targets, strict=True):
        assert line.digest == other.digest
        assert (line.rating, line.lower, line.margin) == pytest.approx((other.rating, other.lower, other.margin))


def test_evidence_may_begin_with_nothing():
    episodes, evidence = invent(), BoardEvidence(*FIELDS)
    assert rate(evidence).cameras[0].rating is None
    grow(evidence, episodes)
    assert rate(evidence, replicates=0) == rate(gather(episodes), replicates=0)
