"""What a replay buffer keeps, and how often it gives it back."""

import numpy as np
import pytest

from training.replay.buffer import ReplayBuffer


def fill(buffer: ReplayBuffer, first: int, count: int, made: int = 3) -> None:
    mask = np.tile(np.arange(3) < made, (count, 1))
    buffer.add({"number": np.arange(first, first + count)}, mask, mask)


def test_the_newest_fragments_replace_the_oldest() -> None:
    buffer = ReplayBuffer(5)
    for first in range(0, 8, 2):
        fill(buffer, first, 2)
    assert sorted(buffer.arrays["number"]) == [3, 4, 5, 6, 7]
    assert (buffer.size, buffer.decisions) == (5, 15)


def test_more_fragments_than_it_holds_leave_the_last_ones() -> None:
    buffer = ReplayBuffer(3)
    fill(buffer, 0, 10)
    assert sorted(buffer.arrays["number"]) == [7, 8, 9]


def test_decisions_that_were_not_made_are_never_drawn() -> None:
    buffer = ReplayBuffer(8)
    fill(buffer, 0, 4, made=1)
    fill(buffer, 4, 4, made=0)
    draw = buffer.draw(500, np.random.default_rng(0), whole_rows=False)
    assert set(draw.rows) == {0, 1, 2, 3} and set(draw.entries) == {0} and (draw.weights == 1.0).all()
    assert set(buffer.draw(500, np.random.default_rng(0), whole_rows=True).rows) == {0, 1, 2, 3}


def test_decisions_are_drawn_in_proportion_to_their_errors_and_weighted_against_it() -> None:
    buffer = ReplayBuffer(4, exponent=1.0, correction=1.0)
    fill(buffer, 0, 4)
    random = np.random.default_rng(0)
    everything = buffer.draw(4000, random, whole_rows=False)
    buffer.update(everything, np.where((everything.rows == 2) & (everything.entries == 1), 11.0, 1.0))
    draw = buffer.draw(20_000, random, whole_rows=False)
    is_large = (draw.rows == 2) & (draw.entries == 1)
    assert is_large.mean() == pytest.approx(0.5, abs=0.02)
    assert draw.weights[~is_large] == pytest.approx(1.0) and draw.weights[is_large] == pytest.approx(1 / 11, rel=1e-3)


def test_whole_fragments_have_priorities_too() -> None:
    buffer = ReplayBuffer(2, exponent=1.0)
    fill(buffer, 0, 2)
    everything = buffer.draw(50, np.random.default_rng(0), whole_rows=True)
    buffer.update(everything, np.where(everything.rows == 1, 3.0, 1.0)[:, np.newaxis].repeat(3, axis=1))
    rows = buffer.draw(20_000, np.random.default_rng(1), whole_rows=True).rows
    assert rows.mean() == pytest.approx(0.75, abs=0.02)
