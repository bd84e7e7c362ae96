"""Each process of a parallel run begins with tests of every kind, in the order of kinds."""

from itertools import groupby
from types import SimpleNamespace

import pytest

from tests.spreading import spread

KINDS = (("rolled back", 5, 40), ("waiting", 7, 9), ("computing", 11, 23))


@pytest.mark.parametrize("processes", [1, 2, 3, 8])
def test_each_share_has_every_kind_of_test_in_the_order_of_kinds(processes: int) -> None:
    items = [
        SimpleNamespace(path=f"{kind} {file}", kind=number, test=test)
        for number, (kind, files, tests) in enumerate(KINDS)
        for file in range(files)
        for test in range(tests + file)
    ]
    found = spread(items, processes)
    assert sorted(map(id, found)) == sorted(map(id, items))
    start = 0
    for number in range(processes):
        share = found[start : start + (len(found) - start) // (processes - number)]
        start += len(share)
        kinds = [item.kind for item in share]
        assert kinds == sorted(kinds)
        assert processes > 2 or [kind for kind, _ in groupby(kinds)] == [0, 1, 2]
