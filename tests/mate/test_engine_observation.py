"""Observations of agents, and the global state."""

import numpy as np
import pytest

from mate.depth import Depth
from mate.engine import Batch
from mate.scenario import Scenario
from tests.mate.engine_worlds import step, world


def records(observation: np.ndarray, first: int, size: int, count: int) -> np.ndarray:
    return observation[..., first : first + size * count].reshape(*observation.shape[:-1], count, size)


def test_a_camera_is_told_its_own_state_and_what_it_sees():
    batch = world([(100, 0), (-100, 0)], [(0, 400, 30)], [(0, 0)], camera_pose=(0.0, 90.0))
    camera, _ = batch.observe()
    row = camera[0, 0]
    assert row[:13].tolist() == [1, 2, 1, 0, 925, 925, -925, 925, -925, -925, 925, -925, 75]
    reach = np.sqrt(30 * 1500**2 / 90)
    np.testing.assert_allclose(row[13:22], [0, 0, 40, reach, 0, 90, 1500, 5, 2.5])
    assert records(row, 22, 5, 2).tolist() == [[100, 0, 500, 0, 1], [0, 0, 0, 0, 0]]
    assert records(row, 32, 4, 1).tolist() == [[0, 400, 30, 1]]
    np.testing.assert_allclose(records(row, 36, 7, 1)[0], [0, 0, 40, reach, 0, 90, 1])


def test_a_target_is_told_its_own_state_and_what_it_sees():
    batch = world([(0, 0), (300, 0), (0, 600)], [(0, -520, 30)], [(520, 0)], camera_pose=(180.0, 180.0))
    batch.target_goal[0, 0], batch.target_goal_bits[0, 0, 2] = 2, 1
    batch.target_empty_bits[0, 0, 3] = True
    batch.refresh()
    row = batch.observe()[1][0, 0]
    assert row[13:27].tolist() == [0, 0, 500, 1, 20, 1, 0, 0, 1, 0, 0, 0, 0, 1]
    reach = np.sqrt(30 * 1500**2 / 180)
    np.testing.assert_allclose(records(row, 27, 7, 1)[0], [520, 0, 40, -reach, 0, 180, 1], atol=1e-9)
    assert records(row, 34, 4, 1).tolist() == [[0, -520, 30, 1]]
    assert records(row, 38, 5, 3).tolist() == [[0, 0, 500, 1, 1], [300, 0, 500, 0, 1], [0, 0, 0, 0, 0]]


@pytest.mark.parametrize(("depth", "stop"), [(Depth.OWN, 22), (Depth.OPPONENTS, 32), (Depth.ALL, 43)])
def test_no_more_of_an_observation_is_written_than_is_asked_for(depth, stop):
    batch = world([(100, 0), (-100, 0)], [(0, 400, 30)], [(0, 0)], camera_pose=(0.0, 90.0))
    whole = batch.observe()[0].copy()
    batch.camera_observation[:] = np.nan
    written = batch.observe(depths=(depth, Depth.OWN))[0]
    np.testing.assert_array_equal(written[..., 13:stop], whole[..., 13:stop])
    assert np.isnan(written[..., stop:]).all()


def test_enhanced_teams_are_told_everything():
    batch = world([(0, 900), (0, -900)], [(500, 500, 30)], [(0, 0)], enhanced_observation="both")
    batch.remaining_cargoes[0, 2] = 0
    camera, target = batch.observe()
    assert (records(camera[0], 22, 5, 2)[..., 4] == 1).all()
    assert (records(target[0], 38, 5, 2)[..., 4] == 1).all()
    assert target[0, :, 23:27].tolist() == [[0, 0, 1, 0]] * 2
    raw = batch.observe(raw=True)[1]
    assert (raw[0, :, 23:27] == 0).all()
    assert records(raw[0], 38, 5, 2)[..., 4].tolist() == [[1, 0], [0, 1]]


def test_an_enhanced_team_leaves_the_other_as_it_is():
    batch = world([(0, 900), (0, -900)], [], [(0, 0)], enhanced_observation="camera")
    _, target = batch.observe()
    assert records(target[0], 34, 5, 2)[..., 4].tolist() == [[1, 0], [0, 1]]


def test_teams_share_what_any_of_them_sees():
    batch = world([(100, 0), (900, 0)], [], [(0, 0), (0, 500)], camera_pose=(-90.0, 30.0), shared_field_of_view="both")
    batch.camera_orientation[0] = [0.0, 90.0]
    batch.target_empty_bits[0, 0, 1] = True
    batch.refresh()
    camera, target = batch.observe()
    assert records(camera[0], 22, 5, 2)[..., 4].tolist() == [[1, 1], [1, 1]]
    assert (records(camera[0], 32, 7, 2)[..., 6] == 1).all()
    assert target[0, :, 24].tolist() == [1, 1]
    assert (
        records(target[0], 27, 7, 2)[..., 6].tolist() == [[1, 0], [1, 0]]
        or (target[0, 0, 27:41] == target[0, 1, 27:41]).all()
    )


@pytest.mark.parametrize("preset", ["MATE-4v8-9", "MATE-Navigation", "MATE-1v1-0"])
def test_observations_have_the_size_of_the_scenario(preset):
    scenario = Scenario.load(preset)
    batch = Batch(scenario, 2)
    batch.reset([1, 2])
    camera, target = batch.observe()
    assert camera.shape == (2, scenario.num_cameras, scenario.camera_observation_dim)
    assert target.shape == (2, scenario.num_targets, scenario.target_observation_dim)
    assert (target[:, :, 3] == np.arange(scenario.num_targets)).all()
    assert batch.state().shape == (2, scenario.state_dim)


def test_the_state_lists_everybody_and_all_cargo():
    batch = world([(1, 2)], [(300, 300, 30)], [(600, 0)])
    step(batch)
    state = batch.state()[0]
    assert state[:4].tolist() == [1, 1, 1, 0]
    assert state[13:15].tolist() == [600, 0]
    assert state[22:24].tolist() == [1, 2]
    assert state[36:39].tolist() == [300, 300, 30]
    assert state[39:41].tolist() == [batch.freights[0, 0], batch.bounties[0, 0]]
    np.testing.assert_array_equal(state[41:].reshape(4, 4), batch.remaining_cargoes[0])
