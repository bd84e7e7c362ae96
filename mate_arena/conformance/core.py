"""Does the game behave as recorded: every trace, whatever else is in it.

The recorded state before each step is restored into a slot of a batch, recorded draws are handed over, one step is made
and everything that came out is compared. So an error does not hide behind an earlier one, and is reported where it
happens.
"""

import numpy as np

from mate.constants import TERRAIN_SIZE
from mate.engine import Batch
from mate.geometry import DEG2RAD, normalize_angle
from mate.messages import Team
from mate.scenario import Scenario
from mate_arena.conformance.ambiguity import check_ambiguity
from mate_arena.conformance.orders import find_reordered
from mate_arena.conformance.recording import Recording
from mate_arena.conformance.report import Report
from mate_arena.conformance.start import check_start
from mate_arena.conformance.statics import check_configuration, check_sight, check_statics

CHUNK = 256
"""Steps replayed at once."""
STATIC = ("camera_location", "obstacle_location", "obstacle_radius", "target_capacity")
RESTORED = (
    "camera_orientation",
    "camera_viewing_angle",
    "camera_sight_range",
    "target_location",
    "target_goal",
    "target_goal_bits",
    "target_empty_bits",
    "freights",
    "bounties",
    "target_steps",
    "tracked_steps",
    "remaining_cargoes",
    "awaiting_cargo_counts",
    "num_delivered_cargoes",
    "episode_step",
    "target_team_episode_reward",
    "delayed_target_team_episode_reward",
)
MASKS = {
    "camera_target_view_mask": "ambig_ct",
    "target_camera_view_mask": "ambig_tc",
    "target_obstacle_view_mask": "ambig_to",
    "camera_camera_view_mask": "ambig_cc",
    "target_target_view_mask": "ambig_tt",
}
STEPPED = (
    *RESTORED,
    "target_is_loaded",
    "target_is_colliding",
    "target_warehouse_distances",
    "remaining_cargo_counts",
    "target_dones",
    "coverage_rate",
    "real_coverage_rate",
    "mean_transport_rate",
)
"""What follows from a step once the recorded masks are used, so that one ambiguous mask does not spread."""
INFOS = ("coverage_rate", "real_coverage_rate", "mean_transport_rate", "num_delivered_cargoes")
EDGES = ("out_communication_edges", "in_communication_edges")


def check(recording: Recording, report: Report) -> None:
    """Compare all core arrays of a trace with what the engine makes of them."""
    scenario = Scenario.load(recording.meta["config_resolved"])
    check_configuration(recording, report, scenario)
    check_shapes(recording, report, scenario)
    check_ranges(recording, report)
    if not report.passes:
        return
    check_statics(recording, report, scenario)
    check_sight(recording, report, scenario)
    check_start(recording, report, scenario)
    check_ambiguity(recording, report, scenario)
    replay_states(recording, report, scenario)
    replay_steps(recording, report, scenario)
    check_infos(recording, report, scenario)


def check_shapes(recording: Recording, report: Report, scenario: Scenario) -> None:
    """Every array must be there, and of the size that the number of entities and steps gives it."""
    c, t, o = scenario.num_cameras, scenario.num_targets, scenario.num_obstacles
    steps = len(recording["done"])
    states, stored = steps + 1, len(recording["obs_index"])
    expected = {
        **{name: (states, *shape) for name, shape in _state_shapes(c, t, o).items()},
        "camera_action": (steps, c, 2),
        "target_action": (steps, t, 2),
        "reward": (steps, 2),
        "done": (steps,),
        "goal_draw": (steps, t),
        "ambig_move": (steps, t),
        "num_blockers_hit": (steps, t),
        "state": (states, scenario.state_dim),
        "obs_index": (stored,),
        "camera_obs": (stored, c, scenario.camera_observation_dim),
        "target_obs": (stored, t, scenario.target_observation_dim),
        "camera_location": (c, 2),
        "obstacle_location": (o, 2),
        "obstacle_radius": (o,),
        "target_capacity": (t,),
        "camera_obstacle_view_mask": (c, o),
    }
    for name, shape in expected.items():
        recording[name]  # raises if it is missing
        if recording[name].shape != shape:
            report.demand(name, False, f"its shape is {shape}, not {recording[name].shape}")


def _state_shapes(c: int, t: int, o: int) -> dict[str, tuple[int, ...]]:
    per_target = dict.fromkeys(
        ["target_orientation", "target_goal", "target_is_loaded", "target_is_colliding", "freights", "bounties",
        "target_steps", "tracked_steps", "tracked_bits", "target_dones", "ambig_warehouse"], (t,),
    )  # fmt: skip
    numbers = dict.fromkeys(
        ["coverage_rate", "real_coverage_rate", "mean_transport_rate", "num_delivered_cargoes", "episode_step",
        "target_team_episode_reward", "delayed_target_team_episode_reward"], (),
    )  # fmt: skip
    return {
        **dict.fromkeys(("camera_orientation", "camera_viewing_angle", "camera_sight_range"), (c,)),
        **per_target,
        **numbers,
        "target_location": (t, 2),
        **dict.fromkeys(("target_goal_bits", "target_empty_bits", "target_warehouse_distances"), (t, 4)),
        "remaining_cargoes": (4, 4),
        **dict.fromkeys(("remaining_cargo_counts", "awaiting_cargo_counts"), (4,)),
        **dict.fromkeys(("camera_target_view_mask", "ambig_ct", "transmit_draw"), (c, t)),
        **dict.fromkeys(("target_camera_view_mask", "ambig_tc"), (t, c)),
        **dict.fromkeys(("target_obstacle_view_mask", "ambig_to"), (t, o)),
        **dict.fromkeys(("camera_camera_view_mask", "ambig_cc"), (c, c)),
        **dict.fromkeys(("target_target_view_mask", "ambig_tt"), (t, t)),
    }


def check_ranges(recording: Recording, report: Report) -> None:
    """Values that are used as indices or counts must be possible, and reals finite, before anything is replayed."""
    bounds = {"target_goal": (-1, 3), "goal_draw": (-1, 3), "transmit_draw": (-1, 1), "target_capacity": (1, 2)}
    bounds |= dict.fromkeys(
        ("target_goal_bits", "remaining_cargoes", "freights", "bounties", "episode_step"), (0, 2**30)
    )
    for name, (low, high) in bounds.items():
        values = recording[name]
        report.demand(name, (values >= low) & (values <= high), f"values lie between {low} and {high}")
    for name in (*STATIC, *RESTORED, "camera_action", "target_action", "target_orientation"):
        if recording[name].dtype.kind == "f":
            report.demand(name, np.isfinite(recording[name]), "values are finite")
    index = recording["obs_index"]
    fits = index.dtype.kind in "iu" and len(index) and index[0] >= 0 and index[-1] <= len(recording["done"])
    report.demand("obs_index", fits and (np.diff(index) > 0).all(), "it lists states in ascending order")
    inside = np.abs(recording["target_location"]) <= TERRAIN_SIZE
    report.demand("target_location", inside, "targets are on the terrain")


def restore(batch: Batch, recording: Recording, first: int, count: int) -> None:
    """Write the recorded states first, first + 1, ... into the first ``count`` slots, with the draws that made them."""
    world = batch.world
    for name in STATIC:
        getattr(world, name)[:count] = recording[name]
    for name in RESTORED:
        getattr(world, name)[:count] = recording[name][first : first + count]
    angle = recording["target_orientation"][first : first + count] * DEG2RAD
    world.target_heading[:count] = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    world.transmit_given[:count] = recording["transmit_draw"][first : first + count]
    world.goal_given[:count] = -1
    batch.refresh(np.arange(count))


def _chunks(total: int) -> list[tuple[int, int]]:
    return [(first, min(CHUNK, total - first)) for first in range(0, total, CHUNK)]


def replay_states(recording: Recording, report: Report, scenario: Scenario) -> None:
    """Masks, see-through draws, state vectors and observations of every recorded state, index 0 included."""
    total = len(recording["done"]) + 1
    batch = Batch(scenario, min(CHUNK, total))
    outcome: dict[str, list[np.ndarray]] = {}
    for first, count in _chunks(total):
        restore(batch, recording, first, count)
        for name in (*MASKS, "transmit_draw"):
            outcome.setdefault(name, []).append(getattr(batch.world, name)[:count].copy())
            getattr(batch.world, name)[:count] = recording[name][first : first + count]
        outcome.setdefault("state", []).append(batch.state()[:count].copy())
        stored = [k - first for k in recording["obs_index"] if first <= k < first + count]
        for name, rows in zip(("camera_obs", "target_obs"), batch.observe(), strict=True):
            outcome.setdefault(name, []).append(rows[stored].copy())
    ours = {name: np.concatenate(parts) for name, parts in outcome.items()}
    for name, ambiguous in (*MASKS.items(), ("transmit_draw", "ambig_ct")):
        report.compare(name, ours[name], recording[name], ignore=recording[ambiguous])
    for name in ("state", "camera_obs", "target_obs"):
        report.compare(name, ours[name], recording[name])
    tracked = recording["camera_target_view_mask"].any(axis=1)
    report.compare("tracked_bits", tracked, recording["tracked_bits"])


def replay_steps(recording: Recording, report: Report, scenario: Scenario) -> None:
    """One step from every recorded state but the last, with the recorded actions and draws."""
    total = len(recording["done"])
    if total == 0:
        return
    batch = Batch(scenario, min(CHUNK, total))
    outcome: dict[str, list[np.ndarray]] = {}
    for first, count in _chunks(total):
        _replay_chunk(batch, recording, first, count)
        for name in (*STEPPED, "target_orientation", "goal_draw", "camera_reward", "target_reward", "done", *MASKS):
            outcome.setdefault(name, []).append(np.array(getattr(batch, name)[:count]))
    ours = {name: np.concatenate(parts) for name, parts in outcome.items()}
    _compare_steps(recording, report, scenario, ours)


def _replay_chunk(batch: Batch, recording: Recording, first: int, count: int) -> None:
    restore(batch, recording, first, count)
    batch.world.transmit_given[:count] = recording["transmit_draw"][first + 1 : first + 1 + count]
    batch.world.goal_given[:count] = recording["goal_draw"][first : first + count]
    actions = []
    for team in Team:
        rows = recording[f"{team}_action"][first : first + count]
        actions.append(np.zeros((batch.size, *rows.shape[1:])))
        actions[-1][:count] = rows
    batch.step(actions[0], actions[1], np.arange(batch.size) < count)


def _compare_steps(recording: Recording, report: Report, scenario: Scenario, ours: dict[str, np.ndarray]) -> None:
    moved = recording["ambig_move"] | find_reordered(recording, scenario, ours["target_location"])
    # A move, a view or an arrival decided by rounding may come out differently, and then so may all that follows from
    # it.
    viewed = np.zeros(len(moved), dtype=bool)
    for name, ambiguous in MASKS.items():
        differs = (ours[name] != recording[name][1:]) & recording[ambiguous][1:]
        viewed |= differs.any(axis=(1, 2)) if name == "camera_target_view_mask" else False
    unsure = viewed | moved.any(axis=1) & _location_differs(recording, ours).any(axis=1)
    arrived = recording["ambig_warehouse"][1:].any(axis=1) & (ours["goal_draw"] != recording["goal_draw"]).any(axis=1)
    for name in STEPPED:
        skip = (
            moved
            if name in ("target_location", "target_is_colliding", "target_warehouse_distances")
            else unsure | arrived
        )
        if name.startswith("camera_") or name == "episode_step":
            skip = None
        report.compare(name, ours[name], recording[name][1:], ignore=skip)
    turn = normalize_angle(ours["target_orientation"] - recording["target_orientation"][1:])
    report.compare("target_orientation", turn, np.zeros_like(turn), ignore=moved | _barely_moves(recording))
    report.compare("goal_draw", ours["goal_draw"], recording["goal_draw"], ignore=arrived | unsure)
    rewards = np.stack([ours["camera_reward"], ours["target_reward"]], axis=1)
    report.compare("reward", rewards, recording["reward"], ignore=unsure | arrived)
    report.compare("done", ours["done"], recording["done"], ignore=unsure | arrived)


def _location_differs(recording: Recording, ours: dict[str, np.ndarray]) -> np.ndarray:
    return (np.abs(ours["target_location"] - recording["target_location"][1:]) > 1e-9).any(axis=-1)


def _barely_moves(recording: Recording) -> np.ndarray:
    """Moves so short that rounding decides their direction."""
    moves = np.diff(recording["target_location"], axis=0)
    return np.sqrt((moves**2).sum(axis=-1)) < 1e-3


def check_infos(recording: Recording, report: Report, scenario: Scenario) -> None:
    """Infos repeat rewards and rates for every agent; edges count messages."""
    teams = (("camera", scenario.num_cameras, 0), ("target", scenario.num_targets, 1))
    for team, count, column in teams:
        reward = recording["reward"][:, column]
        expected = {"raw_reward": reward, "normalized_raw_reward": reward / scenario.max_target_team_episode_reward}
        expected |= {name: recording[name][1:].astype(np.float64) for name in INFOS}
        for name, values in expected.items():
            ours = np.repeat(values[:, None], count, axis=1)
            report.compare(f"info_{team}_{name}", ours, recording[f"info_{team}_{name}"])
        check_edges(recording, report, team)
    report.cover("meta", *(name for name in recording if name.startswith("sight_outer_")))


def check_edges(recording: Recording, report: Report, team: str) -> None:
    """As many messages arrive as are sent; none where nobody who could send them played."""
    out, into = (recording[f"info_{team}_{name}"] for name in EDGES)
    counts = (out >= 0) & (out == np.round(out))
    report.demand(f"info_{team}_{EDGES[0]}", counts, "messages are counted in whole numbers")
    report.demand(f"info_{team}_{EDGES[1]}", into.sum(axis=1) == out.sum(axis=1), "all sent messages arrive")
    if not recording.meta.get(f"{team}_is_agent", True):
        report.demand(f"info_{team}_{EDGES[0]}", out == 0, "scripts send no messages")
