"""Recordings of wrappers are reproduced, and every change of a recorded number is detected."""

import json
from pathlib import Path

import numpy as np
import pytest

from mate_arena.conformance import tables, wrappers
from mate_arena.conformance.recording import Recording
from mate_arena.conformance.report import Report

RECORDINGS = Path(__file__).parent.parent / "data" / "recordings"
NAMES = sorted(path.stem for path in RECORDINGS.glob("wrap_*.npz"))
pytestmark = pytest.mark.filterwarnings("ignore::mate.configuration.ConfigWarning")


def verdict_on(path: Path) -> Report:
    recording, report = Recording(path), Report(str(path))
    wrappers.check(recording, report)
    return report


def altered_copy(path: Path, folder: Path, name: str, **changes: object) -> Path:
    """Copy a recording, with one entry of the array ``name`` changed."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    values = arrays[name].copy()
    entry = np.unravel_index(values.size // 2, values.shape)
    values[entry] = (
        ~values[entry] if values.dtype == bool else values[entry] + (1 if values.dtype.kind in "iu" else 1e-5)
    )
    copy = folder / "altered.npz"
    np.savez(copy, **{**arrays, name: values, **changes})
    return copy


@pytest.mark.parametrize("name", NAMES)
def test_wrappers_make_of_recorded_states_what_was_recorded(name):
    report = verdict_on(RECORDINGS / f"{name}.npz")
    assert report.passes, "\n".join(report.lines())
    outer = [key for key in Recording(RECORDINGS / f"{name}.npz") if key.startswith(("w_", "discrete_"))]
    assert report.covered.issuperset(outer)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("wrap_discrete_L3", "discrete_camera_action"),
        ("wrap_discrete_L3", "discrete_target_grid"),
        ("wrap_enhanced_target", "w_target_obs"),
        ("wrap_shared_target", "w_reward"),
        ("wrap_navigation_relative_rescaled", "w_target_obs"),
        ("wrap_aux_camera_max", "w_camera_reward"),
        ("wrap_aux_target_mean", "w_tgtinfo_soft_coverage_score"),
        ("wrap_aux_target_mean", "w_target_done"),
        ("wrap_stack_mappo_target", "w_state"),
        ("wrap_stack_mappo_target", "w_done_all"),
        ("wrap_stack_mappo_target", "inner_index"),
        ("wrap_stack_hrl_single_selection", "action_mask"),
        ("wrap_stack_hrl_single_selection", "w_info_num_valid_selected_targets"),
    ],
)
def test_an_altered_entry_is_noticed(name, array, tmp_path):
    assert not verdict_on(altered_copy(RECORDINGS / f"{name}.npz", tmp_path, array)).passes


def test_a_missing_or_additional_outer_array_is_noticed(tmp_path):
    with np.load(RECORDINGS / "wrap_shared_target.npz", allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    np.savez(tmp_path / "less.npz", **{key: value for key, value in arrays.items() if key != "w_done"})
    np.savez(tmp_path / "more.npz", **arrays, w_invented=np.zeros(3))
    assert not verdict_on(tmp_path / "less.npz").passes
    assert not verdict_on(tmp_path / "more.npz").passes


def test_an_impossible_discrete_action_is_reported_before_anything_is_played(tmp_path):
    path = altered_copy(
        RECORDINGS / "wrap_discrete_L3.npz", tmp_path, "w_done", discrete_camera_action=np.full((30, 4), 9)
    )
    (finding,) = [finding for finding in verdict_on(path).findings if not finding.passes]
    assert finding.name == "discrete_camera_action"


def test_a_layer_may_leave_its_default_levels_unsaid(tmp_path):
    source = RECORDINGS / "wrap_stack_mappo_target.npz"
    chain = [
        [name, {} if name == "DiscreteTarget" else arguments] for name, arguments in Recording(source).meta["chain"]
    ]
    with np.load(source, allow_pickle=False) as archive:
        arrays = {**archive, "meta": np.array(json.dumps({**Recording(source).meta, "chain": chain}))}
    np.savez(tmp_path / "brief.npz", **arrays)
    assert verdict_on(tmp_path / "brief.npz").passes


@pytest.mark.parametrize("chain", [[["Teleporter", {}]], [["MultiCamera", {}], ["DiscreteCamera", {"levels": 5}]]])
def test_a_chain_that_does_not_exist_is_refused(chain, tmp_path):
    source = RECORDINGS / "wrap_enhanced_target.npz"
    meta = {**Recording(source).meta, "chain": chain}
    path = altered_copy(source, tmp_path, "w_done", meta=np.array(json.dumps(meta)))
    with pytest.raises(wrappers.UnknownWrapper, match=chain[-1][0]):
        verdict_on(path)


def test_tables_of_grids_and_layouts_agree():
    recording, report = Recording(RECORDINGS / "tables_layouts.npz"), Report("tables")
    tables.check_grids(recording, report)
    for config in ("4v8-9", "2v4-0", "8v8-9", "Navigation", "1v1-9"):
        tables.check_layouts(recording, report, config)
    assert report.passes, "\n".join(report.lines())
    assert set(recording) - report.covered == {"meta"}


@pytest.mark.parametrize(
    "array", ["discrete_target_grid_7", "8v8-9_rescaled_target_obs_high", "Navigation_target_coordinate_mask"]
)
def test_an_altered_table_is_noticed(array, tmp_path):
    recording, report = Recording(altered_copy(RECORDINGS / "tables_layouts.npz", tmp_path, array)), Report("tables")
    tables.check_grids(recording, report)
    tables.check_layouts(recording, report, "8v8-9")
    tables.check_layouts(recording, report, "Navigation")
    assert [finding.name for finding in report.findings if not finding.passes] == [array]


def test_all_reference_recordings_of_wrappers_agree(reference_data):
    paths = sorted((reference_data / "conformance" / "public").glob("wrap_*.npz"))
    assert paths, f"{reference_data} has no recordings of wrappers"
    failing = [path.name for path in paths if not verdict_on(path).passes]
    assert failing == []


def test_states_that_cannot_be_are_reported(tmp_path):
    path = altered_copy(RECORDINGS / "wrap_shared_target.npz", tmp_path, "done", camera_order=np.array([0, 5]))
    assert [finding.name for finding in verdict_on(path).findings if not finding.passes] == ["outer steps"]
