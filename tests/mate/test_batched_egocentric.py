"""Egocentric features say where entities lie as their observer sees them."""

import numpy as np
import pytest

from mate.batched.egocentric import append
from mate.batched.team_play import Layers, TeamPlay
from mate.engine import Batch
from mate.messages import Team
from mate.scenario import Scenario
from mate.sizes import FEATURES, RECORDS, size_of, widths_of
from tests.mate.opponents import BatchedDrift

COUNTS = (2, 4, 9)


def observe(team: Team, seed: int = 5) -> np.ndarray:
    """Raw observations (1, N, D) of a scenario with enhanced observation, so that everything is in sight."""
    batch = Batch(Scenario.load("MATE-2v4-9", enhanced_observation="both"), 1)
    batch.reset(np.array([seed], np.uint64))
    return batch.observe()[team.value].copy()


def part_of(team: Team, row: np.ndarray, kind: int, number: int) -> np.ndarray:
    """The features of the entity of this kind and number in a row with features."""
    widths, records, features = widths_of(team, True), RECORDS[team], FEATURES[team]
    counts = (4, 9, 2) if team is Team.CAMERA else (2, 9, 4)
    start = 13 + widths.own + sum(counts[one] * widths[1 + one] for one in range(kind)) + number * widths[1 + kind]
    return row[start + records[1 + kind] : start + records[1 + kind] + features[1 + kind]]


def test_a_camera_sees_a_target_by_angle_and_distance() -> None:
    raw = observe(Team.CAMERA)
    own, target = raw[0, 0, 13:22], raw[0, 0, 22:27]
    row = append(raw, raw, Team.CAMERA, COUNTS)[0, 0]
    offset = target[:2] - own[:2]
    angle = np.arctan2(offset[1], offset[0]) - np.arctan2(own[4], own[3])
    distance, reach = np.hypot(*offset), np.hypot(own[3], own[4])
    expected = [np.sin(angle), np.cos(angle), np.clip(np.log(distance / reach), -3, 3), distance / 1000, target[3]]
    assert part_of(Team.CAMERA, row, 0, 0)[:5] == pytest.approx(expected, abs=1e-5)


def test_a_target_in_a_cameras_view_has_a_margin_above_zero() -> None:
    raw = observe(Team.TARGET)
    raw[0, 0, 13:15], camera = [500.0, 0.0], raw[0, 0, 27:34]
    camera[:] = [0.0, 0.0, 40.0, 600.0, 0.0, 60.0, 1.0]
    features = part_of(Team.TARGET, append(raw, raw, Team.TARGET, COUNTS)[0, 0], 0, 0)
    assert features == pytest.approx([0.0, 1.0, np.log(5 / 6), 0.5, 30 / 180])
    raw[0, 0, 13:15] = [0.0, 500.0]
    assert part_of(Team.TARGET, append(raw, raw, Team.TARGET, COUNTS)[0, 0], 0, 0)[4] == pytest.approx(-60 / 180)


@pytest.mark.parametrize("team", Team)
def test_what_is_out_of_sight_has_no_features_and_records_stay(team: Team) -> None:
    raw = observe(team)
    own = RECORDS[team].own
    rest = raw[..., 13 + own :]
    flags = np.cumsum([RECORDS[team].opponent] * (4 if team is Team.CAMERA else 2)) - 1
    rest[..., flags] = 0.0
    row = append(raw, raw, team, COUNTS)[0, 0]
    assert not part_of(team, row, 0, 0).any() and part_of(team, row, 1, 0).any()
    assert row.shape == (size_of(team, *COUNTS),) and np.array_equal(row[: 13 + own], raw[0, 0, : 13 + own].astype("f"))


def test_a_team_mate_that_watches_a_target_counts() -> None:
    raw = observe(Team.CAMERA)
    mates = raw[0, 0, 22 + 5 * 4 + 4 * 9 :].reshape(2, 7)
    mates[:] = [[0.0, 0.0, 40.0, 600.0, 0.0, 60.0, 1.0], [0.0, 0.0, 40.0, 0.0, 600.0, 60.0, 1.0]]
    raw[0, 0, 22:24] = [500.0, 10.0]
    assert part_of(Team.CAMERA, append(raw, raw, Team.CAMERA, COUNTS)[0, 0], 0, 0)[5] == 0.5
    raw[0, 0, 22:24] = [700.0, 10.0]
    assert part_of(Team.CAMERA, append(raw, raw, Team.CAMERA, COUNTS)[0, 0], 0, 0)[5] == 0.0


def test_a_team_in_training_is_shown_them() -> None:
    layers = Layers(True, True, selection="pose", egocentric=True)
    play = TeamPlay(Scenario.load("MATE-2v4-9"), Team.CAMERA, BatchedDrift, 1, layers, np.float32)
    play.begin(np.array([0]), np.array([1], np.uint64))
    assert play.observation.shape == (1, 2, size_of(Team.CAMERA, *COUNTS)) and play.observation.dtype == np.float32
