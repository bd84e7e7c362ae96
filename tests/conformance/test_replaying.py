"""Recordings of the game are reproduced; changes of a recording are detected."""

import pickle
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import mate
from mate_arena.conformance import core, resets, start, statics
from mate_arena.conformance.__main__ import main
from mate_arena.conformance.orders import find_reordered
from mate_arena.conformance.recording import Recording, UnreadableRecording
from mate_arena.conformance.report import Report
from tests.mate.engine_worlds import step, world

RECORDINGS = Path(__file__).resolve().parent.parent / "data" / "recordings"
TRACES = sorted(path for path in RECORDINGS.glob("*.npz") if not path.name.startswith(("resets", "tables")))
OTHERS = ("w_", "ca_", "ta_", "discrete_", "selection", "action_mask", "inner_index", "meta")
"""Prefixes of the names of arrays that belong to other checkers."""
UNSEEN = {"camera_action"}
"""Arrays in which a change may be undetectable: two actions beyond the limit have the same recorded effects."""


def examine(recording: Recording, check=core.check) -> Report:
    report = Report(recording.path.name)
    check(recording, report)
    return report


def alter(path: Path, target: Path, **changes) -> Path:
    """Copy a recording with some arrays replaced, or left out (None)."""
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files} | changes
    np.savez(target, **{name: values for name, values in arrays.items() if values is not None})
    return target


@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.stem)
def test_the_engine_reproduces_a_recording(path):
    report = examine(Recording(path))
    assert report.passes, "\n".join(report.lines())
    assert max(finding.worst for finding in report.findings if not finding.is_exact) < 1e-9


def test_the_engine_reproduces_all_reference_recordings(reference_data):
    paths = sorted((reference_data / "conformance" / "public").glob("*.npz"))
    failures = []
    for path in paths:
        if path.name.startswith(("resets", "tables")):
            continue
        report = examine(Recording(path))
        failures += [] if report.passes else list(report.lines())
    assert paths
    assert not failures, "\n".join(failures)


def test_our_resets_are_distributed_like_recorded_ones():
    report = examine(Recording(RECORDINGS / "resets_MATE-2v4-0.npz"), resets.check)
    assert report.passes, "\n".join(report.lines())


def changed(values: np.ndarray, place: tuple[int, ...]) -> np.ndarray:
    """Return the values with a small change of one entry."""
    altered = values.copy()
    if values.dtype.kind == "b":
        altered[place] = ~altered[place]
    elif values.dtype.kind == "f":
        altered[place] += 1e-3 * max(1.0, abs(altered[place]))
    else:
        altered[place] += 1
    return altered


@pytest.mark.parametrize("name", ["custom_start_in_warehouse", "adv_07_MATE-Navigation_zero_oblique"])
def test_altering_one_number_of_any_array_is_noticed(name):
    recording = Recording(RECORDINGS / f"{name}.npz")
    arrays, rng, unnoticed = dict(recording), np.random.default_rng(0), set()
    for key, values in arrays.items():
        if key.startswith(OTHERS) or values.size == 0:
            continue
        place = tuple(int(rng.integers(0, size)) for size in values.shape)
        recording._arrays = arrays | {key: changed(values, place)}
        if examine(recording).passes:
            unnoticed.add(key)
    assert unnoticed <= UNSEEN


def test_altering_recorded_resets_is_noticed():
    recording = Recording(RECORDINGS / "resets_MATE-2v4-0.npz")
    arrays = dict(recording)
    for key in (
        "target_location",
        "target_goal_bits",
        "freights",
        "remaining_cargoes",
        "target_order",
        "camera_orientation",
    ):
        values = arrays[key].copy()
        values[3] = values[3] + 1000 if key == "target_location" else values[3] + 1
        recording._arrays = arrays | {key: values}
        assert not examine(recording, resets.check).passes, key


def test_a_biased_sampler_is_noticed():
    recording = Recording(RECORDINGS / "resets_MATE-2v4-0.npz")
    arrays = dict(recording)
    recording._arrays = arrays | {"camera_viewing_angle": 30.0 + (arrays["camera_viewing_angle"] - 30.0) * 0.6}
    report = examine(recording, resets.check)
    assert [finding.name for finding in report.findings if not finding.passes] == ["camera_viewing_angle"]


def test_a_difference_is_reported_with_its_place():
    recording = Recording(RECORDINGS / "custom_shortep.npz")
    arrays = dict(recording)
    reward = arrays["reward"].copy()
    reward[7, 1] += 0.5
    recording._arrays = arrays | {"reward": reward}
    finding = next(
        finding for finding in examine(recording).findings if finding.name == "reward" and not finding.passes
    )
    assert finding.where == (7, 1)
    assert "ours" in str(finding)


def test_the_command_says_that_all_is_well(capsys):
    assert main([str(RECORDINGS / "custom_shortep.npz"), str(RECORDINGS / "resets_MATE-2v4-0.npz")]) == 0
    assert capsys.readouterr().out.count("passes") == 2


def test_the_command_replays_all_recordings_of_a_folder(tmp_path, capsys):
    (tmp_path / "deeper").mkdir()
    for name in ("custom_shortep.npz", "resets_MATE-2v4-0.npz"):
        (tmp_path / "deeper" / name).symlink_to((RECORDINGS / name).resolve())
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("passes") == 2


def test_a_folder_without_recordings_is_refused(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert "no recording" in capsys.readouterr().err


def test_the_command_tells_the_worst_error_of_every_array_and_where(capsys):
    path = RECORDINGS / "custom_shortep.npz"
    assert main([str(path)]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^ +ok +state: worst \d\.\de-\d+ of \d+ at \[\d+, \d+\]", text, re.MULTILINE)
    told = set(re.findall(r"\w+", text))
    with np.load(path) as archive:
        assert {name for name in archive.files if name != "meta"} <= told


def test_a_knot_of_a_sight_table_altered_near_a_tangent_is_noticed(tmp_path):
    source = RECORDINGS / "wrap_aux_camera_max.npz"
    with np.load(source) as archive:
        arrays = dict(archive)
    scenario = mate.Scenario.load(Recording(source).meta["config_resolved"])
    tangents = statics.find_tangents(Recording(source), scenario, 0)
    for prefix in ("sight", "sight_outer"):
        end = arrays[f"{prefix}_ptr"][1]
        away = np.abs(arrays[f"{prefix}_phi"][1 : end - 1, None] - tangents).min(axis=1)
        knot = 1 + np.flatnonzero((away > 0.02) & (away < 0.9))[0]
        rho = arrays[f"{prefix}_rho"].copy()
        rho[knot] *= 1.0 - 1e-8
        assert main([str(alter(source, tmp_path / f"{prefix}.npz", **{f"{prefix}_rho": rho}))]) == 1, prefix


def _sight_report(radius: float, error: float) -> Report:
    """Return the report on a camera 1500 from an obstacle, whose tables have one ray with an error of ``error``."""
    overrides = {"camera": {"max_sight_range": 2000}, "obstacle": {"radius": radius}}
    batch = world(cameras=[(0.0, 0.0)], discs=[(900.0, 1200.0, radius)], **overrides)
    phi, rho = batch.sight_table(0, 0)
    cut = np.flatnonzero(rho < 1500.0)
    rho[cut[len(cut) // 2]] += error
    recording = {
        "camera_location": batch.camera_location[0],
        "obstacle_location": batch.obstacle_location[0],
        "obstacle_radius": batch.obstacle_radius[0],
        "sight_ptr": np.array([0, len(phi)]),
        "sight_phi": phi,
        "sight_rho": rho,
    }
    report = Report("sight")
    statics.check_sight(recording, report, batch.scenario)
    return report


def test_only_the_range_to_an_obstacle_too_small_to_tell_may_err_by_rounding():
    assert _sight_report(radius=0.05, error=2e-9).passes
    assert not _sight_report(radius=5.0, error=2e-9).passes
    assert not _sight_report(radius=100.0, error=2e-9).passes


def test_a_move_that_meets_several_discs_may_pass_them_in_any_order_q02():
    discs, action = [(25.0, 18.0, 20.0), (25.0, -14.0, 20.0)], (20.0, 1.0)
    ours, theirs = (world(discs=order) for order in (discs, discs[::-1]))
    for batch in (ours, theirs):
        step(batch, action)
    end, other = ours.target_location.copy(), theirs.target_location[0]
    assert np.abs(end - other).max() > 1e-3
    recording = {
        "target_location": np.stack([np.zeros((1, 2)), other]),
        "target_action": np.array([[action]]),
        "target_capacity": np.array([1]),
        "target_is_colliding": np.array([[False], [True]]),
        "obstacle_location": ours.obstacle_location[0],
        "obstacle_radius": ours.obstacle_radius[0],
        "camera_location": ours.camera_location[0],
    }
    assert find_reordered(recording, ours.scenario, end).all()
    recording["target_location"] = recording["target_location"] + [[[0.0, 0.0]], [[1e-6, 0.0]]]
    assert not find_reordered(recording, ours.scenario, end).any()


@pytest.mark.parametrize(("sight_range", "is_plausible"), [(2500.0, True), (500.0, False)])
def test_a_camera_may_overlap_another_only_where_none_could_stand_apart(sight_range, is_plausible):
    camera = {"location": None, "location_random_range": [[-60, 60, -60, 60]] * 2, "radius": 5}
    scenario = world(cameras=[(0.0, 0.0)], camera={**camera, "max_sight_range": sight_range}).scenario
    recording = {
        "camera_location": np.array([[0.0, 0.0], [10.0, 0.0]]),
        "camera_order": np.arange(2),
        "obstacle_location": np.zeros((0, 2)),
        "obstacle_radius": np.zeros(0),
        "obstacle_order": np.arange(0),
        "target_location": np.zeros((1, 1, 2)),
        "target_order": np.arange(1),
    }
    report = Report("places")
    start.check_places(recording, report, scenario)
    complaints = [finding for finding in report.findings if "camera 1 stands clear" in finding.detail]
    assert bool(complaints) is not is_plausible


def test_a_place_that_is_far_off_and_altered_a_little_is_noticed(tmp_path):
    path = RECORDINGS / "custom_shortep.npz"
    location = np.load(path)["target_location"].copy()
    location[np.unravel_index(np.abs(location).argmax(), location.shape)] += 3e-9
    assert main([str(alter(path, tmp_path / "altered.npz", target_location=location))]) == 1


def test_the_command_fails_on_an_altered_recording(tmp_path, capsys):
    path = RECORDINGS / "custom_shortep.npz"
    done = np.load(path)["done"].copy()
    done[0] = True
    assert main([str(alter(path, tmp_path / "altered.npz", done=done)), "--verbose"]) == 1
    assert "WRONG done" in capsys.readouterr().out


def test_an_array_that_nobody_knows_is_an_error(tmp_path, capsys):
    path = alter(RECORDINGS / "custom_shortep.npz", tmp_path / "more.npz", surprise=np.zeros(3))
    assert main([str(path)]) == 1
    assert "surprise" in capsys.readouterr().out


def damaged(kind: str, folder: Path) -> Path:
    path = folder / "damaged.npz"
    source = RECORDINGS / "custom_shortep.npz"
    if kind == "absent":
        return path
    if kind == "text":
        path.write_text("hello")
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "cut":
        path.write_bytes(source.read_bytes()[:20_000])
    elif kind == "objects":
        np.savez(path, meta=np.array([{"a": 1}], dtype=object))
    elif kind == "array":
        np.save(folder / "one.npy", np.zeros(3))
        shutil.move(folder / "one.npy", path)
    elif kind == "meta":
        alter(source, path, meta=np.array("no json"))
    elif kind == "missing":
        alter(source, path, target_location=None)
    return path


@pytest.mark.parametrize("kind", ["absent", "text", "empty", "cut", "objects", "array", "meta", "missing"])
def test_unreadable_files_are_named_and_end_with_status_2(kind, tmp_path, capsys):
    path = damaged(kind, tmp_path)
    assert main([str(path)]) == 2
    assert str(path) in capsys.readouterr().err


def test_pickled_objects_are_refused_and_never_loaded(tmp_path, capsys):
    mark = tmp_path / "mark"

    class Hostile:
        def __reduce__(self):
            return Path.touch, (mark,)

    np.savez(tmp_path / "objects.npz", meta=np.array("{}"), done=np.array([Hostile()], dtype=object))
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(Hostile()))
    assert main([str(tmp_path / "objects.npz"), str(tmp_path / "pickle.npz")]) == 2
    assert capsys.readouterr().err.count("never loaded") == 2
    assert not mark.exists()


def test_an_archive_without_meta_is_told_what_it_lacks(tmp_path, capsys):
    np.savez(tmp_path / "bare.npz", done=np.zeros(3))
    assert main([str(tmp_path / "bare.npz"), str(RECORDINGS / "custom_shortep.npz")]) == 2
    told = capsys.readouterr()
    assert "`meta` does not say 'config_resolved'" in told.err
    assert "custom_shortep.npz: passes" in told.out


def test_arrays_of_other_shapes_fail_or_are_refused(tmp_path):
    source = RECORDINGS / "custom_shortep.npz"
    arrays = np.load(source)
    for name in ("target_location", "camera_action", "sight_phi", "reward", "camera_order", "obs_index"):
        cut = arrays[name][:-1] if arrays[name].ndim else arrays[name]
        assert main([str(alter(source, tmp_path / f"{name}.npz", **{name: cut}))]) in (1, 2), name


def test_impossible_indices_are_found_before_they_are_used(tmp_path):
    source = RECORDINGS / "custom_shortep.npz"
    for name in ("goal_draw", "target_goal", "transmit_draw", "target_capacity"):
        values = np.load(source)[name].copy()
        values.flat[0] = 100
        assert main([str(alter(source, tmp_path / f"{name}.npz", **{name: values}))]) == 1


@pytest.mark.parametrize("module", ["mate_arena.conformance", "mate.conformance"])
def test_the_command_runs_as_a_module_by_either_name(module):
    command = [sys.executable, "-m", module, str(RECORDINGS / "custom_shortep.npz")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=RECORDINGS.parents[2], check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "passes" in done.stdout


def test_a_recording_names_the_array_that_it_lacks():
    with pytest.raises(UnreadableRecording, match="nothing"):
        Recording(RECORDINGS / "custom_shortep.npz")["nothing"]
