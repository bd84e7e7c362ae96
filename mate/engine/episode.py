"""The kernels that Python calls: reset, step, observe, state, refresh. All work on every slot they are told to."""

import math

import numpy as np

from mate.compilation import inlined, kernel, part
from mate.depth import Depth
from mate.engine import cargo, motion, observation, placement, sight
from mate.engine.rules import read_rules
from mate.engine.world import carve

_VIEWS = int(Depth.VIEWS)


@inlined
def hash_word(digest, word):
    """Take one 64-bit word into a running hash."""
    digest = (digest ^ word) * np.uint64(0x9E3779B97F4A7C15)
    return digest ^ (digest >> np.uint64(29))


@inlined
def hash_real(digest, value):
    """Take the bits of a number into a running hash; both zeros count as the same."""
    return hash_word(digest, np.float64(value + 0.0).view(np.uint64))


@inlined
def update_digest(w, b):
    """Take what the step led to into the trajectory's hash: poses, places, goals, rewards, who is tracked."""
    digest = w.digest[b]
    for c in range(w.camera_orientation.shape[1]):
        digest = hash_real(digest, w.camera_orientation[b, c])
        digest = hash_real(digest, w.camera_viewing_angle[b, c])
    for t in range(w.target_goal.shape[1]):
        digest = hash_real(digest, w.target_location[b, t, 0])
        digest = hash_real(digest, w.target_location[b, t, 1])
        bits = (w.target_goal[b, t] + 1) * 4 + 2 * w.tracked_bits[b, t] + w.target_is_colliding[b, t]
        digest = hash_word(digest, np.uint64(bits))
    digest = hash_real(digest, w.target_reward[b])
    w.digest[b] = digest


@part
def are_finite(actions, active):
    """Whether every action of the active slots is a number."""
    for b in range(actions.shape[0]):
        if active[b]:
            for i in range(actions.shape[1]):
                if not (math.isfinite(actions[b, i, 0]) and math.isfinite(actions[b, i, 1])):
                    return False
    return True


@part
def round_actions(actions):
    """Round to float32, in place."""
    for b in range(actions.shape[0]):
        for i in range(actions.shape[1]):
            actions[b, i, 0] = np.float32(actions[b, i, 0])
            actions[b, i, 1] = np.float32(actions[b, i, 1])


@inlined
def score(w, rules, b, measures_distances):
    """Serve the warehouses, then rewards, rates, counters and the end of the episode (Q10)."""
    reward, delayed = cargo.assign_goals(w, rules, b, measures_distances)
    w.target_team_episode_reward[b] += reward
    w.delayed_target_team_episode_reward[b] += delayed
    cargo.refresh_rates(w, rules, b)
    w.target_reward[b] = delayed if rules.is_sparse != 0.0 else reward
    w.camera_reward[b] = -w.target_reward[b]
    for t in range(w.target_goal.shape[1]):
        w.target_steps[b, t] += 1
        w.tracked_steps[b, t] += w.tracked_bits[b, t]
    w.episode_step[b] += 1
    w.coverage_rate_sum[b] += w.coverage_rate[b]
    w.real_coverage_rate_sum[b] += w.real_coverage_rate[b]
    is_waiting = False
    for i in range(w.awaiting_cargo_counts.shape[1]):
        is_waiting = is_waiting or w.awaiting_cargo_counts[b, i] != 0
    w.done[b] = not (w.episode_step[b] <= rules.max_episode_steps and is_waiting)


@kernel
def step(
    reals, integers, flags, words, size, numbers, camera_actions, target_actions, active, is_rounding, limit, depths
):
    """One environment step of the active slots; how many of their episodes are over, or have ``limit`` steps.

    -1, and nothing done, if an action is not finite. With ``is_rounding``, actions are rounded first. Views that no
    observation of the (2,) ``depths`` needs are left alone.
    """
    w = carve(reals, integers, flags, words, size)
    rules = read_rules(numbers)
    if is_rounding:
        round_actions(camera_actions)
        round_actions(target_actions)
    if not (are_finite(camera_actions, active) and are_finite(target_actions, active)):
        return -1
    motion.move_cameras(w, rules, camera_actions, active)
    motion.move_targets(w, rules, target_actions, active)
    num_over = 0
    for b in range(size[0]):
        if active[b]:
            sight.look(w, rules, b, depths)
            score(w, rules, b, depths[0] >= _VIEWS)
            update_digest(w, b)
            num_over += w.done[b] or w.episode_step[b] >= limit
    return num_over


@part
def clear(w, b, seed):
    """Forget everything about the slot's previous episode."""
    w.key[b] = seed
    w.digest[b] = hash_word(np.uint64(0), seed)
    w.episode_step[b] = 0
    w.num_delivered_cargoes[b] = 0
    w.coverage_rate_sum[b] = 0.0
    w.real_coverage_rate_sum[b] = 0.0
    w.done[b] = False
    w.transmit_given[b] = -1
    w.goal_given[b] = -1
    w.goal_count[b] = 0
    w.target_is_colliding[b] = False
    w.target_empty_bits[b] = False
    for t in range(w.target_goal.shape[1]):
        cargo.unload(w, b, t)


@part
def clear_earnings(w, b):
    """Zero what a reset must not count."""
    w.target_team_episode_reward[b] = 0.0
    w.delayed_target_team_episode_reward[b] = 0.0
    w.camera_reward[b] = 0.0
    w.target_reward[b] = 0.0
    w.target_dones[b] = False


@part
def start(w, rules, boxes, b, seed):
    """Begin the episode of this seed in a slot."""
    clear(w, b, seed)
    placement.place_all(w, rules, boxes, b)
    sight.survey(w, rules, b)
    sight.look_anew(w, rules, b)
    placement.stock_warehouses(w, rules, b)
    cargo.assign_goals(w, rules, b, True)  # whoever stands in a warehouse is served, whatever the options say (Q15)
    for t in range(w.target_goal.shape[1]):
        if rules.targets_start_with_cargoes != 0.0 and w.target_goal[b, t] < 0:
            placement.load_at_start(w, rules, b, t)
        placement.face_goal(w, b, t)
    clear_earnings(w, b)
    cargo.refresh_rates(w, rules, b)
    update_digest(w, b)


@kernel
def reset(reals, integers, flags, words, size, numbers, boxes, slots, seeds):
    """Begin new episodes in these slots with these uint64 seeds."""
    w = carve(reals, integers, flags, words, size)
    rules = read_rules(numbers)
    for k in range(slots.shape[0]):
        start(w, rules, boxes, slots[k], seeds[k])


@kernel
def refresh(reals, integers, flags, words, size, numbers, slots):
    """Recompute what follows from places, poses, capacities and goals that were written by hand."""
    w = carve(reals, integers, flags, words, size)
    rules = read_rules(numbers)
    for k in range(slots.shape[0]):
        b = slots[k]
        for c in range(w.camera_location.shape[1]):
            motion.aim_camera(w, rules, b, c)
        for t in range(w.target_goal.shape[1]):
            w.target_step_size[b, t] = rules.target_step_size / w.target_capacity[b, t]
            w.target_is_loaded[b, t] = w.target_goal[b, t] >= 0
        sight.survey(w, rules, b)
        sight.look_anew(w, rules, b)


@kernel
def observe(reals, integers, flags, words, size, numbers, is_raw, active, depths, camera_rows, target_rows):
    """Write both teams' observations of the active slots, as much of them as the (2,) ``depths`` say.

    Raw ones ignore enhanced observation and shared fields of view.
    """
    w = carve(reals, integers, flags, words, size)
    rules = read_rules(numbers)
    cameras_know = rules.camera_is_enhanced != 0.0 and not is_raw
    cameras_share = rules.camera_is_shared != 0.0 and not is_raw
    targets_know = rules.target_is_enhanced != 0.0 and not is_raw
    targets_share = rules.target_is_shared != 0.0 and not is_raw
    for b in range(size[0]):
        if not active[b]:
            continue
        for c in range(size[1]):
            observation.observe_as_camera(camera_rows[b, c], w, rules, b, c, depths[0], cameras_know, cameras_share)
        for t in range(size[2]):
            observation.observe_as_target(target_rows[b, t], w, rules, b, t, depths[1], targets_know, targets_share)


@kernel
def write_states(reals, integers, flags, words, size, numbers, state):
    """Write every slot's global state."""
    w = carve(reals, integers, flags, words, size)
    rules = read_rules(numbers)
    for b in range(size[0]):
        observation.write_state(state[b], w, rules, b)
