"""The order of rows in which a payoff table is shown."""

import numpy as np
import pytest

from tournament.arranging import by_similarity


def test_rows_that_are_alike_stand_beside_each_other() -> None:
    rng = np.random.default_rng(1)
    kinds = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])
    table = rng.normal(size=(3, 12))[kinds] + 0.01 * rng.normal(size=(9, 12))
    arranged = kinds[by_similarity(table)]
    assert (np.diff(arranged) != 0).sum() == 2


def test_the_stronger_end_comes_first() -> None:
    table = np.linspace(0, 1, 7)[:, None] + np.zeros((7, 4))
    assert by_similarity(table) == [6, 5, 4, 3, 2, 1, 0]
    assert by_similarity(table[::-1]) == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (2, 3)])
def test_so_few_rows_keep_their_order(shape: tuple[int, int]) -> None:
    assert by_similarity(np.zeros(shape)) == list(range(shape[0]))


def test_missing_numbers_do_not_hinder() -> None:
    table = np.array([[1, 1, np.nan], [0, np.nan, 0], [1, 1, 1], [0, 0, 0]])
    order = by_similarity(table)
    assert sorted(order) == [0, 1, 2, 3]
    assert {order.index(0), order.index(2)} == {0, 1}
    assert sorted(by_similarity(np.full((4, 2), np.nan))) == [0, 1, 2, 3]
