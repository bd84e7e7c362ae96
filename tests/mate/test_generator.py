"""Generated scenarios: cameras that cover the terrain, ranges that follow from it, files that load."""

import json

import numpy as np
import pytest
import yaml

from mate.assets.generator import generate, main, write
from mate.assets.placement import covering_radius, place_cameras
from mate.errors import UserError
from mate.scenario import Scenario


@pytest.fixture(scope="module")
def four_cameras() -> dict:
    return generate(num_cameras=4, num_targets=2, num_obstacles=3, obstacle_transmittance=7.0)


class TestPlacement:
    def test_four_cameras_find_the_middles_of_the_quadrants(self):
        positions = place_cameras(4, seed=3)
        assert np.allclose(np.sort(np.abs(positions), axis=None), 0.5, atol=0.01)
        assert len({tuple(corner) for corner in np.sign(positions)}) == 4
        assert covering_radius(positions) == pytest.approx(np.sqrt(0.5), abs=0.005)

    def test_a_single_camera_stands_in_the_middle(self):
        assert np.allclose(place_cameras(1, seed=0), 0, atol=0.01)

    def test_the_same_seed_gives_the_same_positions(self):
        assert (place_cameras(1, seed=5) == place_cameras(1, seed=5)).all()
        assert (place_cameras(1, seed=5) != place_cameras(1, seed=6)).any()

    def test_the_covering_radius_is_the_distance_of_the_worst_covered_point(self):
        assert covering_radius(np.array([[-1.0, -1.0]])) == pytest.approx(np.sqrt(8))
        assert covering_radius(np.array([[-0.5, 0.0], [0.5, 0.0]])) == pytest.approx(np.sqrt(1.25))


class TestConfiguration:
    def test_ranges_follow_from_the_covering_radius(self, four_cameras):
        boxes = np.array(four_cameras["camera"]["location_random_range"])
        radius = 1000 * covering_radius(np.stack([boxes[:, :2].mean(axis=1), boxes[:, 2:].mean(axis=1)], axis=1) / 1000)
        assert four_cameras["camera"]["max_sight_range"] == pytest.approx(2 * radius)
        assert four_cameras["target"]["sight_range"] == pytest.approx(radius)
        assert four_cameras["camera"]["radius"] == 40
        assert np.allclose(boxes[:, 1] - boxes[:, 0], 40) and np.allclose(boxes[:, 3] - boxes[:, 2], 40)

    def test_names_counts_and_obstacles_are_as_asked(self, four_cameras):
        assert four_cameras["name"] == "MultiAgentTracking(4v2, 3)"
        assert four_cameras["target"]["location_random_range"] == [[-500, 500, -500, 500]] * 2
        assert len(four_cameras["obstacle"]["location_random_range"]) == 3
        assert four_cameras["obstacle"]["radius_random_range"] == [25, 100]

    def test_the_transmittance_is_clipped(self, four_cameras):
        assert four_cameras["obstacle"]["transmittance"] == 1.0

    def test_sections_without_entities_are_left_out(self):
        config = generate(num_cameras=0, num_obstacles=0)
        assert "camera" not in config and "obstacle" not in config
        assert Scenario.load(config).num_cameras == 0

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ({"num_targets": 0}, "--num-targets is 0: it must be at least 1"),
            ({"num_cameras": -1}, "--num-cameras is -1"),
            ({"num_cargoes_per_target": 3}, "--num-cargoes-per-target is 3: it must be at least 4"),
        ],
    )
    def test_impossible_numbers_are_refused(self, wrong, message):
        with pytest.raises(UserError, match=message):
            generate(**wrong)


class TestFiles:
    @pytest.mark.parametrize("suffix", [".json", ".yaml", ".yml"])
    def test_what_is_written_loads_as_the_same_scenario(self, four_cameras, tmp_path, suffix):
        path = tmp_path / f"made{suffix}"
        scenario = write(four_cameras, path)
        assert scenario == Scenario.load(four_cameras) == Scenario.load(path)
        assert (json.loads if suffix == ".json" else yaml.safe_load)(path.read_text()) == four_cameras

    def test_another_suffix_is_refused_and_nothing_written(self, four_cameras, tmp_path):
        with pytest.raises(UserError, match=r"must end with one of \.json, \.yaml, \.yml"):
            write(four_cameras, tmp_path / "made.txt")
        assert not list(tmp_path.iterdir())


class TestCommand:
    def test_it_writes_the_scenario_and_says_so(self, tmp_path, capsys):
        path = tmp_path / "one.yaml"
        assert main(["--path", str(path), "--num-cameras", "1", "--num-targets", "3"]) == 0
        assert "MultiAgentTracking(1v3, 0)" in capsys.readouterr().out
        assert Scenario.load(path).num_targets == 3

    def test_a_mistake_is_one_line_and_status_two(self, tmp_path, capsys):
        assert main(["--path", str(tmp_path / "none.yaml"), "--num-targets", "0"]) == 2
        assert capsys.readouterr().err == "mate.assets.generator: --num-targets is 0: it must be at least 1.\n"

    def test_a_picture_can_be_written_beside_it(self, tmp_path):
        path = tmp_path / "two.yaml"
        assert main(["--path", str(path), "--num-cameras", "2", "--num-obstacles", "2", "--plot"]) == 0
        assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
