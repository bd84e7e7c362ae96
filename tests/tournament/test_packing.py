"""Sets of row keys in few bytes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tournament.packing import pack, unpack


@given(st.sets(st.integers(0, 2**62)))
def test_keys_come_back_sorted(keys):
    assert unpack(pack(np.array(list(keys), dtype=np.int64))).tolist() == sorted(keys)


def test_the_same_keys_give_the_same_bytes_in_any_order():
    assert pack(np.array([5, 3, 9])) == pack(np.array([9, 5, 3]))


def test_keys_in_a_row_take_next_to_nothing():
    assert len(pack(np.arange(1, 100_001))) < 5000
