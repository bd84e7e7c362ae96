"""Pictures of the game: which shapes, in which order, in which colours; pixels; films."""

from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from mate.engine import Batch
from mate.errors import UserError
from mate.rendering import Film, Frame, Line, Polygon, draw, scene
from mate.rendering.overlays import communication_arrows
from mate.rendering.scene import fields_of_view, ground, targets
from mate.scenario import Scenario
from mate_arena.conformance.core import restore
from mate_arena.conformance.recording import Recording

RECORDINGS = Path(__file__).resolve().parent.parent / "data" / "recordings"
BEARINGS = np.arange(-180.0, 181.0)


def frame(**changes) -> Frame:
    """A camera in the middle that looks east over the whole range, two targets (one carrying to warehouse 1), one
    obstacle.
    """
    fields = {
        "camera_location": np.zeros((1, 2)),
        "camera_radius": np.array([40.0]),
        "camera_orientation": np.array([0.0]),
        "camera_viewing_angle": np.array([90.0]),
        "camera_sight_range": np.array([500.0]),
        "sight": [(BEARINGS, np.where(np.abs(BEARINGS) < 20, 300.0, 800.0))],
        "obstacle_location": np.array([[-600.0, -600.0]]),
        "obstacle_radius": np.array([100.0]),
        "target_location": np.array([[-500.0, 0.0], [-500.0, 500.0]]),
        "target_orientation": np.array([90.0, 0.0]),
        "target_capacity": np.array([1, 2]),
        "target_goal": np.array([1, -1]),
        "bounties": np.array([50.0, 0.0]),
        "camera_target_view_mask": np.zeros((1, 2), dtype=bool),
        "target_camera_view_mask": np.zeros((2, 1), dtype=bool),
        "remaining_cargoes": np.zeros((4, 4), dtype=int),
        "awaiting_cargo_counts": np.zeros(4, dtype=int),
    }
    return Frame(**(fields | changes))


def colour_at(picture: np.ndarray, x: float, y: float) -> tuple[int, ...]:
    """The pixel that shows a place of the map."""
    scale = len(picture) / 2100
    return tuple(int(part) for part in picture[int((1050 - y) * scale), int((x + 1050) * scale)])


def blend(colour: tuple[float, float, float], alpha: float, below: tuple[float, ...] = (1, 1, 1)) -> np.ndarray:
    return 255 * (alpha * np.array(colour) + (1 - alpha) * np.array(below))


class TestGround:
    def test_the_terrain_is_outlined_first_in_black_three_pixels_wide(self):
        border = ground(frame())[0]
        assert isinstance(border, Line) and border.is_closed and border.width == 3 and border.colour == (0, 0, 0, 1)
        assert np.abs(border.points).min() == np.abs(border.points).max() == 1000

    def test_a_warehouse_is_pale_when_it_neither_holds_nor_awaits_cargo(self):
        remaining = np.zeros((4, 4), dtype=int)
        remaining[0, 3] = 2
        shapes = ground(frame(remaining_cargoes=remaining, awaiting_cargo_counts=np.array([0, 1, 0, 0])))
        alphas = [shape.colour[3] for shape in shapes if shape.colour[:3] != (0, 0, 0)][:4]
        assert alphas == [0.6, 0.6, 0.3, 0.3]

    def test_the_four_states_of_a_warehouse_have_four_signs(self):
        remaining = np.zeros((4, 4), dtype=int)
        remaining[0, 3] = remaining[1, 3] = 1
        picture = draw(
            scene(frame(remaining_cargoes=remaining, awaiting_cargo_counts=np.array([1, 0, 1, 0]))), size=2100
        )
        signs = [
            (
                picture[slice(50, 200) if y > 0 else slice(1900, 2050), slice(1900, 2050) if x > 0 else slice(50, 200)]
                == 0
            )
            .all(axis=-1)
            .tobytes()
            for x, y in ((1, 1), (-1, 1), (-1, -1), (1, -1))
        ]
        assert len(set(signs)) == 4

    def test_an_obstacle_without_extent_is_not_drawn(self):
        assert len(ground(frame())) == len(ground(frame(obstacle_radius=np.array([0.0])))) + 1


class TestFieldsOfView:
    def test_the_sector_reaches_as_far_as_the_camera_sees(self):
        sector, _ = fields_of_view(frame())
        assert np.allclose(np.hypot(*sector.points[1:].T), 500)
        assert np.allclose(sector.points[[1, -1]], 500 / np.sqrt(2) * np.array([[1, -1], [1, 1]]))

    def test_the_visible_part_is_cut_by_obstacles_and_by_the_sight_range(self):
        _, visible = fields_of_view(frame())
        lengths = np.hypot(*visible.points[1:].T)
        assert lengths.min() == pytest.approx(300) and lengths.max() == pytest.approx(500)

    def test_the_visible_part_covers_at_least_the_cameras_base(self):
        _, visible = fields_of_view(frame(sight=[(BEARINGS, np.zeros(361))]))
        assert np.allclose(np.hypot(*visible.points[1:].T), 40)

    def test_the_visible_part_is_green_only_while_the_camera_tracks_somebody(self):
        assert fields_of_view(frame())[1].colour == (0.6, 0.6, 0, 0.25)
        tracking = frame(camera_target_view_mask=np.array([[True, False]]))
        assert fields_of_view(tracking)[1].colour == (0, 0.6, 0, 0.25)

    def test_a_view_across_the_seam_at_180_degrees_is_one_piece(self):
        lengths = np.where(np.abs(BEARINGS) > 160, 200.0, 800.0)
        _, visible = fields_of_view(frame(camera_orientation=np.array([179.5]), sight=[(BEARINGS, lengths)]))
        arms = visible.points[1:]
        bearings = np.rad2deg(np.unwrap(np.arctan2(arms[:, 1], arms[:, 0])))
        assert bearings[0] == pytest.approx(134.5) and bearings[-1] == pytest.approx(224.5)
        assert (np.diff(bearings) > 0).all() and np.hypot(*arms.T).min() == pytest.approx(200)

    def test_the_picture_of_a_batch_hides_what_the_engine_hides(self):
        batch = Batch(Scenario.load("MATE-4v8-9"), 2)
        batch.reset([3, 4])
        picture = Frame.of_batch(batch, 1)
        for camera in range(4):
            reach = batch.camera_sight_range[1, camera]
            sector, visible = fields_of_view(picture)[2 * camera : 2 * camera + 2]
            lengths = np.hypot(*(visible.points - picture.camera_location[camera]).T)[1:]
            assert np.hypot(*(sector.points - picture.camera_location[camera]).T)[1:] == pytest.approx(reach)
            for index in range(len(lengths)):
                bearing = np.rad2deg(np.arctan2(*(visible.points[index + 1] - picture.camera_location[camera])[::-1]))
                free = np.interp(bearing, *batch.sight_table(1, camera))
                assert lengths[index] == pytest.approx(np.clip(free, 40, reach), rel=1e-6, abs=2)

    def test_the_picture_of_a_recording_is_that_of_the_engine_in_the_same_state(self):
        recording = Recording(RECORDINGS / "agent_MATE-4v8-9_random_random.npz")
        batch = Batch(Scenario.load(recording.meta["config_resolved"]), 1)
        for index in (0, 5):
            restore(batch, recording, index, 1)
            pictures = [draw(scene(one)) for one in (Frame.of_recording(recording, index), Frame.of_batch(batch, 0))]
            assert np.array_equal(*pictures) and len(np.unique(pictures[0])) > 10
        with pytest.raises(IndexError):
            Frame.of_recording(recording, len(recording["done"]) + 1)


class TestEntities:
    def test_a_loaded_target_has_the_colour_of_its_destination(self):
        loaded, unloaded = targets(frame())
        assert loaded.colour == (1, 34 / 255, 34 / 255, 1) and unloaded.colour == (0.2, 0.6, 0.2, 1)

    def test_capacity_shows_in_the_outline_and_heading_in_its_direction(self):
        small, large = targets(frame())
        assert len(small.points) == 6 and len(large.points) == 5
        assert np.allclose(small.points[0], [-500, 27.5]) and np.allclose(large.points[0], [-472.5, 500])

    def test_a_loaded_target_without_bounty_carries_a_white_glyph(self):
        *_, glyph, _ = targets(frame(bounties=np.array([0.0, 0.0])))
        assert glyph.colour == (1, 1, 1, 0.66)
        assert np.ptp(glyph.points[:, 1]) == pytest.approx(0.4 * 1.8 * 27.5)

    def test_tracked_targets_are_marked_below_all_targets(self):
        marker, *rest = targets(frame(camera_target_view_mask=np.array([[False, True]])))
        assert marker.colour == (1, 1, 0, 1) and len(marker.points) == 15 and len(rest) == 2
        assert np.allclose(np.hypot(*(marker.points - [-500, 500]).T), 33)

    def test_a_camera_that_a_target_sees_changes_colour(self):
        assert colour_at(draw(scene(frame())), 0, 35) == (26, 51, 153)
        assert colour_at(draw(scene(frame(target_camera_view_mask=np.array([[True], [False]])))), 0, 35) == (
            153,
            51,
            26,
        )

    def test_overlays_go_below_fields_of_view_or_on_top(self):
        below, above = (Polygon(np.zeros((3, 2)), (0, 0, 0, 1)) for _ in range(2))
        shapes = scene(frame(), [below], [above])
        assert shapes.index(below) == len(ground(frame())) and shapes[-1] is above


class TestOverlays:
    def test_an_arrow_fades_and_ends_short_of_the_recipient(self):
        counters = np.array([[0, 5], [0, 0]])
        shaft, *barbs = communication_arrows("camera", [[0, 0], [1000, 0]], counters, 20)
        assert shaft.points.tolist() == [[50, 0], [950, 0]] and shaft.colour == (0, 0, 1, 0.3) and shaft.is_dashed
        assert np.allclose([barb.points[1] for barb in barbs], [[912, 14.25], [912, -14.25]])

    def test_arrows_in_both_directions_move_apart_and_have_one_barb_each(self):
        shapes = communication_arrows("target", [[0, 0], [1000, 0]], np.array([[0, 20], [20, 0]]), 20)
        assert len(shapes) == 4 and {shape.colour for shape in shapes} == {(1, 0, 0, 1)}
        assert shapes[0].points[0, 1] == 10 and shapes[2].points[0, 1] == -10

    def test_nobody_points_at_himself(self):
        assert communication_arrows("target", np.zeros((2, 2)), np.full((2, 2), 20), 20) == []


class TestPixels:
    def test_a_picture_is_a_square_of_bytes_with_north_at_the_top(self):
        picture = draw(scene(frame()), size=420)
        assert picture.shape == (420, 420, 3) and picture.dtype == np.uint8
        assert colour_at(picture, -600, -600) == (76, 76, 76) and colour_at(picture, -600, 600) == (255, 255, 255)

    def test_translucent_shapes_are_blended_in_order(self):
        picture = draw(scene(frame()))
        sector = blend((0, 0.6, 0.8), 0.10)
        assert np.abs(colour_at(picture, 450, 0) - sector).max() <= 2
        assert np.abs(colour_at(picture, 250, 0) - blend((0.6, 0.6, 0), 0.25, sector / 255)).max() <= 2

    def test_edges_are_smooth(self):
        picture = draw([Polygon(np.array([[-500, -500], [500, -500], [0, 533]]), (0, 0, 0, 1))], size=100)
        assert len(np.unique(picture)) > 3

    def test_a_dashed_line_has_gaps(self):
        line = Line(np.array([[-1000.0, 0.0], [1000.0, 0.0]]), width=2, is_dashed=True)
        row = draw([line])[399, 20:780, 0]
        assert 0.4 < np.mean(row < 128) < 0.6

    def test_the_same_frame_gives_the_same_bytes(self):
        assert (draw(scene(frame())) == draw(scene(frame()))).all()

    def test_a_picture_without_size_is_refused(self):
        with pytest.raises(ValueError, match="at least 1"):
            draw([], size=0)


class TestFilm:
    pictures = tuple(np.full((64, 64, 3), shade, dtype=np.uint8) for shade in range(0, 240, 20))

    def shoot(self, path):
        with Film(path) as film:
            for picture in self.pictures:
                film.add(picture)

    def test_a_video_has_every_picture_at_sixty_a_second(self, tmp_path):
        self.shoot(tmp_path / "film.mp4")
        frames, seconds = imageio_ffmpeg.count_frames_and_secs(str(tmp_path / "film.mp4"))
        assert frames == len(self.pictures) and seconds == pytest.approx(len(self.pictures) / 60, abs=0.05)

    def test_an_animation_keeps_the_pace_with_every_third_picture(self, tmp_path):
        self.shoot(tmp_path / "film.gif")
        with Image.open(tmp_path / "film.gif") as animation:
            assert animation.n_frames == 4 and animation.info["duration"] == 50

    def test_pictures_are_numbered_files(self, tmp_path):
        self.shoot(tmp_path / "film.png")
        assert sorted(path.name for path in tmp_path.iterdir())[:2] == ["film-000000.png", "film-000001.png"]
        assert (np.asarray(Image.open(tmp_path / "film-000003.png")) == self.pictures[3]).all()

    def test_an_unknown_kind_of_file_is_refused_before_anything_is_drawn(self, tmp_path):
        with pytest.raises(UserError, match=r"must end with one of \.mp4"):
            Film(tmp_path / "film.doc")

    def test_a_folder_that_does_not_exist_is_named(self, tmp_path):
        with pytest.raises(UserError, match="there is no folder"):
            Film(tmp_path / "nowhere" / "film.mp4")
