"""Whether the heuristic camera's tables are as recorded: its poses, its grid of positions, and its scores."""

from __future__ import annotations

import numpy as np

from mate.agents.laws.poses import full_scores, grid_points, pose_mesh, pose_table
from mate_arena.conformance.recording import Recording
from mate_arena.conformance.report import Report

PREFIX, SUFFIX = "heuristic_", "_pose_mesh"
MIN_VIEWING_ANGLE = 30.0


def check(recording: Recording, report: Report) -> None:
    """Compare the tables ``heuristic_<longest sight range>_...``, recorded for a smallest viewing angle of 30
    degrees.
    """
    for name in recording:
        sight_range = name.removeprefix(PREFIX).removesuffix(SUFFIX)
        if name.startswith(PREFIX) and name.endswith(SUFFIX) and sight_range.isdecimal():
            check_table(recording, report, sight_range)


def check_table(recording: Recording, report: Report, sight_range: str) -> None:
    """Compare the tables of one sight range."""
    table = pose_table(float(sight_range), MIN_VIEWING_ANGLE)
    scores, rows = full_scores(table), recording[f"{PREFIX}{sight_range}_score_rows"]
    is_row = (rows >= 0) & (rows < len(scores)) & np.append(True, np.diff(rows) > 0)
    report.demand(f"{PREFIX}{sight_range}_score_rows", is_row, "it holds ascending indices of grid points")
    ours = {
        "pose_mesh": pose_mesh(table),
        "position_grid": grid_points(table),
        "scores": _rounded(scores[np.where(is_row, rows, 0)], recording[f"{PREFIX}{sight_range}_scores"]),
        "score_rowsum": scores.sum(axis=1),
        "score_colsum": scores.sum(axis=0),
    }
    for name, values in ours.items():
        full_name = f"{PREFIX}{sight_range}_{name}"
        report.compare(full_name, values, recording[full_name])


def _rounded(scores: np.ndarray, recorded: np.ndarray) -> np.ndarray:
    """Our scores in the single precision of the recorded ones; halfway between two numbers, the recorded one."""
    if scores.shape != recorded.shape:
        return scores
    is_half_a_unit = np.abs(scores - recorded) <= np.spacing(np.abs(recorded).astype(np.float32)) * 0.500001
    return np.where(is_half_a_unit, recorded, scores.astype(np.float32))
