"""Do our resets have the distribution of the recorded ones?

Each recorded reset must obey the rules by itself, and each coordinate of all of them must look like a sample of ours:
two-sample Kolmogorov-Smirnov tests, against so many alternatives that only a tiny p-value means anything.
"""

import numpy as np
from scipy.stats import ks_2samp

from mate.engine import Batch
from mate.scenario import Scenario
from mate_arena.conformance.recording import Recording
from mate_arena.conformance.report import Report
from mate_arena.conformance.start import check_loads, check_places, check_poses

SIGNIFICANCE = 1e-6
OUR_RESETS = 2000
BY_ENTITY = {
    "camera": ("camera_location", "camera_orientation", "camera_viewing_angle"),
    "obstacle": ("obstacle_location", "obstacle_radius"),
    "target": (
        "target_location",
        "target_capacity",
        "target_orientation",
        "target_goal",
        "target_goal_bits",
        "freights",
        "bounties",
    ),
}
WHOLE = ("remaining_cargoes", "awaiting_cargo_counts", "camera_order", "target_order", "obstacle_order")
FIXED = (
    "camera_location",
    "obstacle_location",
    "obstacle_radius",
    "target_capacity",
    "camera_order",
    "target_order",
    "obstacle_order",
)
"""Arrays that a trace holds once, not per state."""


def check(recording: Recording, report: Report) -> None:
    """Check every reset by the rules, then all of them together against our own sampler."""
    scenario = Scenario.load(recording.meta["config_resolved"])
    counts = [scenario.num_cameras, scenario.num_targets, scenario.num_obstacles]
    report.compare("num_entities", counts, recording["num_entities"])
    check_lengths(recording, report, counts)
    report.cover("meta")
    if not report.passes:
        return
    for i in range(len(recording["target_goal"])):
        check_reset(recording, report, scenario, i)
    batch = Batch(scenario, OUR_RESETS)
    batch.reset(np.arange(OUR_RESETS))
    compare_distributions(recording, report, batch)


def check_lengths(recording: Recording, report: Report, counts: list[int]) -> None:
    """As many resets as ``meta`` says, of as many entities."""
    n = recording.meta.get("n", len(recording["target_goal"]))
    numbers = dict(zip(("camera", "target", "obstacle"), counts, strict=True))
    for kind, names in BY_ENTITY.items():
        for name in (*names, f"{kind}_order"):
            report.demand(
                name, recording[name].shape[:2] == (n, numbers[kind]), f"it holds {n} resets of {numbers[kind]} {kind}s"
            )
            if recording[name].dtype.kind == "f":
                report.demand(name, np.isfinite(recording[name]), "values are finite")
    for name, shape in (("remaining_cargoes", (n, 4, 4)), ("awaiting_cargo_counts", (n, 4))):
        report.demand(name, recording[name].shape == shape, f"its shape is {shape}")
    goal = recording["target_goal"]
    report.demand("target_goal", (goal >= -1) & (goal < 4), "goals are warehouses, or -1")


def check_reset(recording: Recording, report: Report, scenario: Scenario, i: int) -> None:
    """The rules that one reset obeys by itself; only what it breaks is reported."""
    names = (*BY_ENTITY["camera"], *BY_ENTITY["obstacle"], *BY_ENTITY["target"], *WHOLE)
    one = {name: recording[name][i] if name in FIXED else recording[name][i][None] for name in names}
    own = Report(report.file)
    for kind, count in (
        ("camera", scenario.num_cameras),
        ("target", scenario.num_targets),
        ("obstacle", scenario.num_obstacles),
    ):
        order = one[f"{kind}_order"]
        is_permutation = np.array_equal(np.sort(order), np.arange(count))
        own.demand(f"{kind}_order", is_permutation, f"it is a permutation of 0 to {count - 1}")
    check_places(one, own, scenario)
    check_poses(one, own, scenario)
    check_loads(one, own, scenario)
    for finding in own.findings:
        if not finding.passes:
            finding.detail += f" (reset {i})"
            report.findings.append(finding)


def compare_distributions(recording: Recording, report: Report, batch: Batch) -> None:
    """One test for each coordinate of each entity of the configuration, wherever it was shuffled to."""
    for kind, names in BY_ENTITY.items():
        theirs_order, our_order = recording[f"{kind}_order"], getattr(batch, f"{kind}_order")
        for name in names:
            theirs, ours = unshuffle(recording[name], theirs_order), unshuffle(getattr(batch, name), our_order)
            compare_columns(name, ours, theirs, report)
    for name in WHOLE:
        compare_columns(name, getattr(batch, name), recording[name], report)


def unshuffle(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """(n, N, ...) values of entities, put back into the configuration's order."""
    place = np.argsort(order, axis=1)
    return np.take_along_axis(values, place.reshape(place.shape + (1,) * (values.ndim - 2)), axis=1)


def compare_columns(name: str, ours: np.ndarray, theirs: np.ndarray, report: Report) -> None:
    """Kolmogorov-Smirnov tests of all columns; reals that differ by rounding count as equal."""
    a, b = (np.round(values.reshape(len(values), -1).astype(np.float64), 9) for values in (ours, theirs))
    chances = [ks_2samp(a[:, j], b[:, j], method="asymp").pvalue for j in range(b.shape[1])]
    least = min(chances, default=1.0)
    where = f"in column {int(np.argmin(chances))}" if chances else ""
    report.demand(name, least > SIGNIFICANCE, f"it is distributed like our resets; p = {least:.1e} {where}")
