"""Observations of many episodes are transformed as the wrappers transform those of one."""

import numpy as np
import pytest

import mate
from mate.batched.transforms import transform, transform_of
from mate.messages import Team
from tests.mate.batched_play import play_both


@pytest.mark.parametrize("relative", [True, False])
@pytest.mark.parametrize("rescaled", [True, False])
def test_episodes_look_the_same_in_a_batch_and_alone(relative: bool, rescaled: bool) -> None:
    def wrap(env):
        env = mate.RelativeCoordinates(env) if relative else env
        return mate.RescaledObservation(env) if rescaled else env

    for batch, results in play_both("MATE-4v8-9", wrap, [3, 5, 8], 25):
        for team, rows in ((Team.CAMERA, batch.camera_observation), (Team.TARGET, batch.target_observation)):
            together = transform(rows, transform_of(team, 4, 8, 9, relative, rescaled))
            for slot, (observations, *_) in enumerate(results):
                assert together[slot].tobytes() == observations[team.value].tobytes()


def test_both_transforms_at_once_are_one_after_the_other() -> None:
    rows = np.random.default_rng(1).uniform(-1500, 1500, (30, 131))
    rows[:, 17:] *= np.random.default_rng(2).random((30, 114)) < 0.7
    sizes = (Team.TARGET, 4, 8, 9)
    one_by_one = mate.rescale_observation(mate.convert_coordinates(rows, *sizes), *sizes)
    assert transform(rows, transform_of(*sizes, True, True)).tobytes() == one_by_one.tobytes()


def test_what_is_written_to_a_given_array_has_its_precision_and_further_columns_are_copied() -> None:
    rows = np.random.default_rng(1).uniform(-1500, 1500, (2, 5, 130))
    out = np.empty(rows.shape, np.float32)
    how = transform_of(Team.CAMERA, 4, 8, 9, True, True)
    assert transform(rows, how, out) is out
    assert (out == transform(rows, how).astype(np.float32)).all()
    assert (transform(rows, how)[..., 126:] == rows[..., 126:]).all()
