"""The compiled transform equals the game's transform of observations."""

import numpy as np
import pytest

from mate.messages import Team
from mate.observations import convert_coordinates, rescale_observation
from policies import Dimensions, Preprocessing
from policies.preprocessing import preprocess


@pytest.mark.parametrize("team", ["camera", "target"])
@pytest.mark.parametrize("dimensions", [Dimensions(4, 8, 9), Dimensions(2, 4, 0), Dimensions(1, 1, 3)])
@pytest.mark.parametrize("relative_coordinates", [True, False])
@pytest.mark.parametrize("rescaled", [True, False])
def test_inputs_are_the_games_transforms_rounded_to_float32(
    team: str, dimensions: Dimensions, relative_coordinates: bool, rescaled: bool
) -> None:
    generator = np.random.default_rng(3)
    rows = generator.uniform(-1500, 1500, (20, dimensions.observation_size(team)))
    rows[generator.random(rows.shape) < 0.3] = 0.0  # masked records, and flags that are not set
    sizes = (Team(team), dimensions.cameras, dimensions.targets, dimensions.obstacles)
    expected = convert_coordinates(rows, *sizes) if relative_coordinates else rows
    expected = rescale_observation(expected, *sizes) if rescaled else expected
    inputs = preprocess(rows, team, dimensions, Preprocessing(relative_coordinates, rescaled))
    assert inputs.tobytes() == expected.astype(np.float32).tobytes()


def test_a_record_out_of_sight_keeps_its_coordinates() -> None:
    dimensions = Dimensions(1, 1, 0)
    rows = np.zeros((1, dimensions.observation_size("camera")))
    rows[0, 13:15] = 100.0, -200.0
    rows[0, 22:27] = 300.0, 400.0, 50.0, 0.0, 0.0
    unseen = preprocess(rows, "camera", dimensions, Preprocessing(rescaled=False))
    rows[0, 26] = 1.0
    seen = preprocess(rows, "camera", dimensions, Preprocessing(rescaled=False))
    assert unseen[0, 22:24].tolist() == [300.0, 400.0] and seen[0, 22:24].tolist() == [200.0, 600.0]
    assert seen[0, 13:15].tolist() == [100.0, -200.0]
