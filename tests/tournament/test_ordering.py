"""Seeds as small whole numbers, ordered without sorting them again."""

import numpy as np

from tournament.ordering import renumber
from tournament.payoffs import Episodes


def test_seeds_of_some_episodes_are_numbered_as_if_there_were_no_others():
    random = np.random.default_rng(1)
    camera, target, seed = random.integers(0, 5, 300), random.integers(0, 4, 300), random.integers(0, 2**62, 90)
    episodes = Episodes(camera, target, random.permutation(np.resize(seed, 300)), random.normal(size=300))
    mine = np.flatnonzero((camera < 3) & (target > 1))
    alone = Episodes(camera[mine], target[mine], episodes.seed[mine], episodes.reward[mine])
    assert renumber(episodes.cluster[mine], episodes.num_clusters).tolist() == alone.cluster.tolist()


def test_no_labels_have_no_numbers():
    assert renumber(np.empty(0, np.int64), 0).tolist() == []
