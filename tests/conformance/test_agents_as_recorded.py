"""Recorded decisions of upstream's agents are reproduced, and changes of a recording are detected."""

from pathlib import Path

import numpy as np
import pytest

from mate_arena.conformance import agents, poses
from mate_arena.conformance.recording import Recording
from mate_arena.conformance.report import Report

RECORDINGS = Path(__file__).parent.parent / "data" / "recordings"
AGENTS = sorted(path.name for pattern in ("agent_*", "preset_*_agents*") for path in RECORDINGS.glob(pattern))


class AlteredRecording(Recording):
    """A recording with some arrays replaced."""

    def __init__(self, path, **arrays):
        super().__init__(path)
        self._arrays |= arrays


def check(recording):
    report = Report(str(recording.path))
    agents.check(recording, report)
    return report


def wrong(report):
    return {finding.name for finding in report.findings if not finding.passes}


@pytest.mark.parametrize("name", AGENTS)
def test_agents_decide_as_recorded(name):
    report = check(Recording(RECORDINGS / name))
    assert report.passes, "\n".join(report.lines())
    assert len(report.findings) >= 20


def test_all_reference_recordings_of_agents_are_reproduced(reference_data):
    paths = sorted(
        path
        for pattern in ("agent_*.npz", "preset_*_agents.npz", "full_*.npz")
        for path in (reference_data / "conformance" / "public").glob(pattern)
    )
    assert paths
    failures = [line for path in paths for line in failing_lines(path)]
    assert not failures, "\n".join(failures)


def failing_lines(path):
    report = check(Recording(path))
    return [] if report.passes else list(report.lines())


def test_all_reference_tables_of_the_heuristic_camera_are_reproduced(reference_data):
    recording = Recording(reference_data / "conformance" / "public" / "tables.npz")
    report = Report("tables")
    poses.check(recording, report)
    assert report.passes, "\n".join(report.lines())
    assert len(report.findings) == 12


def test_a_score_altered_in_its_last_digits_is_noticed(reference_data):
    path = reference_data / "conformance" / "public" / "tables.npz"
    scores = Recording(path)["heuristic_1000_scores"].copy()
    place = np.unravel_index(scores.argmax(), scores.shape)
    scores[place] = np.nextafter(scores[place], np.float32(0))
    report = Report("tables")
    poses.check(AlteredRecording(path, heuristic_1000_scores=scores), report)
    assert wrong(report) == {"heuristic_1000_scores"}
    assert next(finding for finding in report.findings if not finding.passes).where == tuple(map(int, place))


def test_rebuilt_observations_equal_the_stored_ones():
    from mate_arena.conformance.views import joint_observations

    recording = Recording(RECORDINGS / "preset_MATE-2v4-0_agents.npz")
    without = {name: array for name, array in recording.items() if not name.endswith("_obs")}
    for team in ("camera", "target"):
        rebuilt = joint_observations(without, team)[recording["obs_index"]]
        np.testing.assert_allclose(rebuilt, recording[f"{team}_obs"], rtol=0.0, atol=1e-9)


ALTERATIONS = [
    ("preset_MATE-2v4-0_agents", "camera_action", 1e-6),
    ("preset_MATE-2v4-0_agents", "target_action", 1e-6),
    ("preset_MATE-2v4-0_agents", "ca_draw_delay", 60),
    ("preset_MATE-2v4-0_agents", "ca_msg_code", 1),
    ("preset_MATE-2v4-0_agents", "ta_draw_binomial", 1),
    ("preset_MATE-2v4-0_agents", "ta_draw_sample", 1e-6),
    ("agent_MATE-2v4-0_heuristic_greedy", "ca_msg_goal", 10.0),
    ("agent_MATE-2v4-0_heuristic_greedy", "ca_msg_request", True),
    ("agent_MATE-2v4-0_heuristic_greedy", "ca_draw_perm", 1),
    ("agent_MATE-4v8-9_random_random", "ca_draw_sample", 1e-6),
    ("agent_deplete_greedy_greedy", "ta_msg_code", 1),
    ("agent_deplete_greedy_greedy", "ta_draw_choice", 1),
    ("agent_deplete_greedy_greedy", "info_camera_out_communication_edges", 1),
    ("agent_deplete_greedy_greedy", "info_target_in_communication_edges", 1),
    ("agent_MATE-2v4-0_heuristic_greedy", "info_camera_in_communication_edges", 1),
    ("preset_MATE-1v2-0_agents", "ca_draw_uniform", 1e-6),
    ("preset_MATE-1v1-9_agents", "ta_reset_choice", 1),
    ("preset_MATE-1v1-9_agents", "ta_reset_sample", 100.0),
]


@pytest.mark.parametrize(("file", "name", "change"), ALTERATIONS)
def test_an_altered_array_is_found_out(file, name, change):
    path = RECORDINGS / f"{file}.npz"
    altered = Recording(path)[name].copy()
    is_drawn = ~np.isnan(altered) if altered.dtype.kind == "f" else altered != -1
    place = tuple(np.argwhere(is_drawn)[0])
    altered[place] = not altered[place] if altered.dtype == bool else altered[place] + change
    assert not check(AlteredRecording(path, **{name: altered})).passes


def test_a_draw_recorded_where_the_agent_makes_none_is_found_out():
    path = RECORDINGS / "preset_MATE-2v4-0_agents.npz"
    draws = Recording(path)["ta_draw_sample"].copy()
    draws[tuple(np.argwhere(np.isnan(draws[..., 0]))[0])] = 0.0
    assert wrong(check(AlteredRecording(path, ta_draw_sample=draws))) == {"ta_draw_sample"}


def test_a_missing_draw_is_found_out():
    path = RECORDINGS / "preset_MATE-2v4-0_agents.npz"
    draws = np.full_like(Recording(path)["ca_draw_delay"], -1)
    assert "ca_draw_delay" in wrong(check(AlteredRecording(path, ca_draw_delay=draws)))


def test_orders_that_are_no_permutations_are_refused_without_being_used():
    path = RECORDINGS / "agent_MATE-2v4-0_heuristic_greedy.npz"
    orders = np.full_like(Recording(path)["ca_draw_perm"], 99)
    assert "ca_draw_perm" in wrong(check(AlteredRecording(path, ca_draw_perm=orders)))


def test_draws_of_the_wrong_shape_are_named():
    path = RECORDINGS / "preset_MATE-2v4-0_agents.npz"
    with pytest.raises(ValueError, match="ca_draw_delay has shape"):
        check(AlteredRecording(path, ca_draw_delay=np.zeros((3, 2, 2), np.int64)))


def test_an_unknown_agent_is_named():
    recording = Recording(RECORDINGS / "preset_MATE-2v4-0_agents.npz")
    recording.meta["camera_source"] = "clairvoyant"
    with pytest.raises(ValueError, match="clairvoyant"):
        check(recording)
