"""Counter-based randomness: right bits, no bias, and no dependence on what was drawn before."""

import copy
import pickle

import numpy as np
import pytest

from mate import streams
from mate.compilation import kernel
from mate.philox_lanes import LANES, draw_eight
from mate.streams import Stream, derive

WORD = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("key", "counter", "words"),
    [
        (0, (0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        (2**64 - 1, (WORD,) * 4, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            0x299F31D0A4093822,
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_known_answers_of_random123(key, counter, words):
    assert tuple(int(word) for word in streams.philox(np.uint64(key), *counter)) == words


@kernel
def draw_words(key, a, c, purpose, words):
    for b in range(0, len(words), LANES):
        draw_eight(key, a, b, c, purpose, words)


@pytest.mark.parametrize("key", [0, 2**64 - 1, 0x299F31D0A4093822])
@pytest.mark.parametrize(("a", "c", "purpose"), [(0, 0, 0), (9999, 3, 0x1008), (WORD, WORD, WORD)])
def test_eight_words_at_once_are_those_of_eight_blocks(key, a, c, purpose):
    words = np.zeros(24, np.uint64)
    draw_words(np.uint64(key), a, c, purpose, words)
    blocks = [streams.philox(np.uint64(key), a, b, c, purpose) for b in range(24)]
    assert words.tolist() == [int(high) << 32 | int(low) for high, low, _, _ in blocks]


def test_uniform_numbers_fill_the_unit_interval_evenly():
    values = np.array([streams.uniform(np.uint64(7), 1, a, 0) for a in range(20_000)])
    assert values.min() >= 0.0
    assert values.max() < 1.0
    counts = np.histogram(values, bins=20, range=(0.0, 1.0))[0]
    assert ((counts - 1000) ** 2 / 1000).sum() < 60.0


def test_a_pair_of_uniform_numbers_begins_with_the_single_one():
    pair = streams.uniform_pair(np.uint64(3), 4, 5, 6)
    assert pair[0] == streams.uniform(np.uint64(3), 4, 5, 6)
    assert pair[0] != pair[1]


@pytest.mark.parametrize("n", [1, 2, 3, 12, 1000])
def test_integers_are_uniform_below_n(n):
    values = np.array([streams.integers(np.uint64(1), 2, a, 9, n) for a in range(6000)])
    counts = np.bincount(values, minlength=n)
    assert len(counts) == n
    assert ((counts - 6000 / n) ** 2 / (6000 / n)).sum() < n + 8 * np.sqrt(2 * n) + 10


def test_bernoulli_draws_have_their_probability():
    draws = [streams.bernoulli(np.uint64(5), 1, a, 0, 0.1) for a in range(20_000)]
    assert abs(np.mean(draws) - 0.1) < 0.01


def test_permutations_are_all_alike():
    counts: dict[tuple[int, ...], int] = {}
    for a in range(6000):
        order = np.arange(3)
        streams.permute(np.uint64(11), 1, a, order)
        counts[tuple(order.tolist())] = counts.get(tuple(order.tolist()), 0) + 1
    assert len(counts) == 6
    assert max(counts.values()) < 1.2 * min(counts.values())


def test_draws_of_different_purposes_and_addresses_differ():
    draws = {streams.uniform(np.uint64(0), purpose, a, b) for purpose in (1, 2) for a in range(10) for b in range(10)}
    assert len(draws) == 200


def test_deriving_by_two_words_is_deriving_twice():
    assert derive(5, 1, 2) == derive(derive(5, 1), 2)
    assert derive(5, 1, 2) != derive(5, 2, 1)
    assert 0 <= derive(5, 1) < 2**64


def test_kernels_derive_the_same_keys_as_python():
    @kernel
    def derive_in_kernel(key, a, b):
        return derive(key, a, b)

    assert int(derive_in_kernel(np.uint64(2**63 + 5), 3, -4)) == derive(2**63 + 5, 3, -4)


def test_a_stream_answers_to_the_older_names():
    stream = Stream(3)
    assert stream.rand(2, 3).shape == (2, 3)
    assert stream.randn(2).shape == (2,)
    assert 0 <= stream.randint(5) < 5
    assert 5 <= stream.randint(5, 7) < 7
    assert set(stream.random_integers(1, 2, size=50)) == {1, 2}
    assert 0.0 <= stream.random_sample() < 1.0
    assert sorted(stream.permutation(4)) == [0, 1, 2, 3]
    assert stream.choice(4, size=2, replace=False).shape == (2,)
    assert stream.binomial(1, 1.0) == 1


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda stream: pickle.loads(pickle.dumps(stream))])
def test_a_copied_stream_goes_on_where_the_original_was(duplicate):
    stream = Stream(3)
    stream.random(10)
    twin = duplicate(stream)
    assert isinstance(twin, Stream)
    assert twin.randint(2**40) == stream.randint(2**40)
