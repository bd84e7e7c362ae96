"""A remote process answers turns: a repeated turn with the same answer, and an unknown one with the reason."""

import numpy as np
import pytest

import mate
from mate.remote.player import TurnTaker
from mate.remote.wire import WireError, pack, unpack

SCENARIO = mate.Scenario.load("MATE-2v4-0")


def turn(number: int, begun: list[int]) -> bytes:
    header = {"match": "m", "turn": number, "team": "target", "size": 2, "scenario": SCENARIO.to_json()}
    batch = mate.engine.Batch(SCENARIO, 2)
    batch.reset(np.arange(2, dtype=np.uint64))
    batch.observe()
    slots = np.arange(2)
    return pack(header, [np.array(begun), np.array(begun, np.uint64), slots, np.array(batch.target_observation)])


def test_a_turn_that_is_asked_for_again_gets_the_same_answer() -> None:
    player = TurnTaker(lambda seed: mate.RandomTargetAgent(seed=seed))
    first, second = player.answer(turn(0, [0, 1])), player.answer(turn(1, []))
    assert player.answer(turn(1, [])) == second != first and player.num_turns == 2
    header, (actions, edges) = unpack(first[1])
    assert header["process"] == player.process and actions.shape == (2, 4, 2) and edges.shape == (2, 4, 4)


def test_a_match_that_began_with_another_process_is_not_played_and_nobody_is_told() -> None:
    complaints: list[str] = []
    player = TurnTaker(lambda seed: mate.RandomTargetAgent(seed=seed), complaints.append)
    header, arrays = unpack(player.answer(turn(3, []))[1])
    assert "has not seen" in header["error"] and not arrays and not complaints


@pytest.mark.parametrize("content", [b"", b"\x00" * 3, b"\xff" * 30, pack({}, [np.zeros(3)])[:-1], pack({}) + b"x"])
def test_bytes_of_another_form_are_refused(content: bytes) -> None:
    with pytest.raises(WireError):
        unpack(content)
