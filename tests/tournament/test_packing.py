"""Sets of row keys in few bytes."""

import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tournament.packing import find_edges, unpack
from tournament.packing import pack as pack_edges


def pack(*parts):
    """Pack the keys of several pairings."""
    return pack_edges(map(find_edges, parts))


@given(st.sets(st.integers(0, 2**62)))
def test_keys_come_back_sorted(keys):
    assert unpack(pack(np.array(list(keys), dtype=np.int64))).tolist() == sorted(keys)


def test_the_same_keys_give_the_same_bytes_in_any_order():
    assert pack(np.array([5, 3, 9])) == pack(np.array([9, 5, 3]))


def test_the_same_keys_give_the_same_bytes_however_they_are_divided():
    keys = np.array([1, 2, 3, 7, 8, 12])
    assert pack(keys) == pack(keys[::2], keys[1::2]) == pack(keys[3:], keys[:3])
    assert unpack(pack(keys[::2], keys[1::2])).tolist() == keys.tolist()


def test_no_keys_are_packed_too():
    assert unpack(pack()).tolist() == []


def test_keys_that_were_packed_as_differences_can_still_be_read():
    packed = zlib.compress(np.diff(np.array([3, 5, 6, 90]), prepend=0).astype("<i8").tobytes())
    assert unpack(packed).tolist() == [3, 5, 6, 90]


def test_keys_in_a_row_take_next_to_nothing():
    assert len(pack(np.arange(1, 100_001))) < 5000
