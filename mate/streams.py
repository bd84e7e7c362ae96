"""Randomness addressed by what it is for, instead of by what was drawn before.

Philox-4x32-10 (Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011) turns a 64-bit
key and a 128-bit counter into 128 random bits. A draw's counter is (a, b, c, purpose): ``purpose`` is one of the
constants below, a and b are whatever identifies the draw (an entity, an attempt, a step: 32 bits each), and c numbers
the blocks of one draw that needs several. So a draw never depends on which other draws were made.

Compiled kernels and Python call the same functions; ``Stream`` is the sequential generator that objects of the
upstream interface own (``env.np_random``).
"""

from typing import Any

import numpy as np
from numba import uint64
from numba.extending import overload

from mate.compilation import kernel

# Purposes 0x0100 to 0x01ff: reset of an environment.
CAMERA_ORDER = 0x0100
TARGET_ORDER = 0x0101
OBSTACLE_ORDER = 0x0102
CAPACITY = 0x0103
CAMERA_LOCATION = 0x0104
CAMERA_POSE = 0x0105
OBSTACLE_LOCATION = 0x0106
OBSTACLE_RADIUS = 0x0107
TARGET_LOCATION = 0x0108
CARGO = 0x0109
FIRST_WAREHOUSE = 0x010A
TARGET_ORIENTATION = 0x010B
# 0x0200 to 0x02ff: an environment's step (and the same draws at reset).
TRANSMITTANCE = 0x0200
DESTINATION = 0x0201
# 0x1000 to 0x1fff: rule-based agents.
AGENTS = 0x1000
# 0x2000 to 0x2fff: playing, such as sampling from a policy's distribution or a mixture's member.
PLAY = 0x2000
# Words for ``derive`` that name whose key it is.
TEAM = 0x3000
# The last purpose belongs to ``derive``.
DERIVE = 0xFFFFFFFF

_MASK = 0xFFFFFFFFFFFFFFFF
_LOW = np.uint64(0xFFFFFFFF)
_SHIFT = np.uint64(32)
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85
_MULTIPLIER_0, _MULTIPLIER_1 = map(np.uint64, MULTIPLIERS)
_WEYL_0, _WEYL_1 = map(np.uint64, WEYL)


@kernel
def philox(key, c0, c1, c2, c3):
    """Four 32-bit words (as uint64) of the block with this uint64 key and counter words c0 to c3."""
    k0 = uint64(key) & _LOW
    k1 = uint64(key) >> _SHIFT
    x0, x1, x2, x3 = uint64(c0) & _LOW, uint64(c1) & _LOW, uint64(c2) & _LOW, uint64(c3) & _LOW
    for _ in range(10):
        p0 = _MULTIPLIER_0 * x0
        p1 = _MULTIPLIER_1 * x2
        x0, x1, x2, x3 = (p1 >> _SHIFT) ^ x1 ^ k0, p1 & _LOW, (p0 >> _SHIFT) ^ x3 ^ k1, p0 & _LOW
        k0 = (k0 + _WEYL_0) & _LOW
        k1 = (k1 + _WEYL_1) & _LOW
    return x0, x1, x2, x3


@kernel
def _fraction(high, low):
    """Two 32-bit words as one of the 2**53 evenly spaced numbers of [0, 1)."""
    return float(((high << _SHIFT) | low) >> uint64(11)) * (1.0 / 9007199254740992.0)


@kernel
def uniform_pair(key, purpose, a, b):
    """Two independent numbers, uniform in [0, 1) with 53 bits each; the first is what ``uniform`` gives."""
    x0, x1, x2, x3 = philox(key, a, b, 0, purpose)
    return _fraction(x0, x1), _fraction(x2, x3)


@kernel
def uniform(key, purpose, a, b):
    """A number uniform in [0, 1) with 53 bits."""
    x0, x1, _, _ = philox(key, a, b, 0, purpose)
    return _fraction(x0, x1)


@kernel
def bernoulli(key, purpose, a, b, probability):
    """1 with the given probability, else 0."""
    return 1 if uniform(key, purpose, a, b) < probability else 0


@kernel
def integers(key, purpose, a, b, n):
    """An integer uniform in [0, n), 1 <= n < 2**32, without bias.

    Lemire, "Fast random integer generation in an interval", TOMACS 2019.
    """
    bound = uint64(n)
    threshold = (uint64(0x100000000) - bound) % bound
    c = 0
    while True:
        for word in philox(key, a, b, c, purpose):
            product = word * bound
            if (product & _LOW) >= threshold:
                return np.int64(product >> _SHIFT)
        c += 1


@kernel
def permute(key, purpose, a, order):
    """Shuffle the 1-D array ``order`` in place, all permutations alike (Fisher and Yates); b runs over positions."""
    for i in range(order.shape[0] - 1, 0, -1):
        j = integers(key, purpose, a, i, i + 1)
        order[i], order[j] = order[j], order[i]


@kernel
def derive_one(key, word):
    """The sub-key of ``key`` for one 64-bit word."""
    w = uint64(word)
    x0, x1, _, _ = philox(key, w & _LOW, w >> _SHIFT, 0, DERIVE)
    return (x0 << _SHIFT) | x1


def derive(key: int, *words: int) -> int:
    """The sub-key (a 64-bit integer) of ``key`` for the given integers: ``derive(k, a, b) == derive(derive(k, a), b)``.

    Words are taken modulo 2**64. In compiled code ``derive`` takes up to four words and gives a uint64.
    """
    for word in words:
        key = int(derive_one(np.uint64(key & _MASK), np.uint64(word & _MASK)))
    return key & _MASK


@overload(derive)
def _derive_compiled(key, *words):
    if len(words) == 1:
        return lambda key, *words: derive_one(key, words[0])
    if len(words) == 2:
        return lambda key, *words: derive_one(derive_one(key, words[0]), words[1])
    if len(words) == 3:
        return lambda key, *words: derive_one(derive_one(derive_one(key, words[0]), words[1]), words[2])
    if len(words) == 4:
        return lambda key, *words: derive_one(
            derive_one(derive_one(derive_one(key, words[0]), words[1]), words[2]), words[3]
        )
    return None


class Stream(np.random.Generator):
    """A sequential generator (NumPy's, over Philox) that also answers to the names of the older ``RandomState``."""

    def __init__(self, seed: Any = None) -> None:
        bits = seed if isinstance(seed, np.random.BitGenerator) else np.random.Philox(seed)
        super().__init__(bits)

    def __reduce__(self) -> Any:
        return _restore_stream, (self.bit_generator.state,)

    def __deepcopy__(self, memo: dict) -> "Stream":
        return _restore_stream(self.bit_generator.state)

    def rand(self, *size: int) -> Any:
        """Uniform in [0, 1), of the given shape."""
        return self.random(size or None)

    def randn(self, *size: int) -> Any:
        """Standard normal, of the given shape."""
        return self.standard_normal(size or None)

    def random_sample(self, size: Any = None) -> Any:
        """Uniform in [0, 1)."""
        return self.random(size)

    def randint(self, low: Any, high: Any = None, size: Any = None, dtype: Any = np.int64) -> Any:
        """Integers in [0, low), or in [low, high)."""
        return self.integers(low, high, size=size, dtype=dtype)

    def random_integers(self, low: int, high: int | None = None, size: Any = None) -> Any:
        """Integers in [1, low], or in [low, high]."""
        low, high = (1, low) if high is None else (low, high)
        return self.integers(low, high, size=size, endpoint=True)


def _restore_stream(state: Any) -> Stream:
    bits = np.random.Philox()
    bits.state = state
    return Stream(bits)
