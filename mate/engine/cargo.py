"""Cargo: who carries what where, what it earns, and the rates that are made of it."""

from mate import streams
from mate.compilation import inlined, part
from mate.constants import NUM_WAREHOUSES, WAREHOUSE_RADIUS, WAREHOUSES
from mate.geometry import norm


@part
def has_cargo(w, b, warehouse):
    """Whether anything waits at the warehouse."""
    for goal in range(NUM_WAREHOUSES):  # noqa: SIM110 (no generators in compiled code)
        if w.remaining_cargoes[b, warehouse, goal] > 0:
            return True
    return False


@part
def draw_destination(w, b, t, warehouse):
    """One of the destinations with cargo waiting at the warehouse, all alike whatever the amounts (Q16)."""
    if w.goal_given[b, t] >= 0:
        return w.goal_given[b, t]
    count = 0
    for goal in range(NUM_WAREHOUSES):
        if w.remaining_cargoes[b, warehouse, goal] > 0:
            count += 1
    chosen = streams.integers(w.key[b], streams.DESTINATION, t, w.goal_count[b, t], count)
    for goal in range(NUM_WAREHOUSES):
        if w.remaining_cargoes[b, warehouse, goal] > 0:
            if chosen == 0:
                return goal
            chosen -= 1
    return -1


@part
def load(w, rules, b, t, warehouse):
    """Give target t as much as it can carry of one destination's cargo at the warehouse, which has some."""
    goal = draw_destination(w, b, t, warehouse)
    weight = min(w.target_capacity[b, t], w.remaining_cargoes[b, warehouse, goal])
    w.remaining_cargoes[b, warehouse, goal] -= weight
    w.target_goal[b, t] = goal
    w.target_goal_bits[b, t, goal] = weight
    w.target_is_loaded[b, t] = weight != 0
    w.freights[b, t] = weight * int(rules.freight_scale)
    w.bounties[b, t] = weight * int(rules.bounty_scale)
    w.goal_draw[b, t] = goal
    w.goal_count[b, t] += 1


@part
def unload(w, b, t):
    """Take whatever target t carries."""
    w.freights[b, t] = 0
    w.bounties[b, t] = 0
    w.target_steps[b, t] = 0
    w.tracked_steps[b, t] = 0
    w.target_goal[b, t] = -1
    w.target_is_loaded[b, t] = False
    for goal in range(NUM_WAREHOUSES):
        w.target_goal_bits[b, t, goal] = 0


@inlined
def find_warehouse(x, y):
    """The warehouse whose square holds the point, its edge included, or -1."""
    for warehouse in range(NUM_WAREHOUSES):
        away = max(abs(x - WAREHOUSES[warehouse, 0]), abs(y - WAREHOUSES[warehouse, 1]))
        if away <= WAREHOUSE_RADIUS:
            return warehouse
    return -1


@inlined
def measure_distances(w, b, t):
    """Distances of target t to the centres of the warehouses."""
    for warehouse in range(NUM_WAREHOUSES):
        x = w.target_location[b, t, 0] - WAREHOUSES[warehouse, 0]
        y = w.target_location[b, t, 1] - WAREHOUSES[warehouse, 1]
        w.target_warehouse_distances[b, t, warehouse] = norm(x, y)


@part
def serve(w, rules, b, t, warehouse):
    """Deliver and load at the warehouse where target t stands; what it earns now, and for the whole trip."""
    reward, delayed = 0.0, 0.0
    goal = w.target_goal[b, t]
    if goal < 0 or goal == warehouse:
        if goal == warehouse:
            weight = w.target_goal_bits[b, t, goal]
            reward = float(w.freights[b, t] + w.bounties[b, t])
            delayed = reward - (weight * rules.bounty_scale - w.bounties[b, t])
            w.num_delivered_cargoes[b] += weight
            w.awaiting_cargo_counts[b, goal] -= weight
            w.target_dones[b, t] = True
        unload(w, b, t)
        if has_cargo(w, b, warehouse):
            load(w, rules, b, t, warehouse)
    w.target_empty_bits[b, t, warehouse] = not has_cargo(w, b, warehouse)  # Q14: passers-by see it too
    return reward, delayed


@inlined
def assign_goals(w, rules, b, measures_distances):
    """Reduce bounties (Q13), then serve the targets that stand in warehouses, in index order (Q16)."""
    reward, delayed = 0.0, 0.0
    for t in range(w.target_goal.shape[1]):
        if w.tracked_bits[b, t] and w.bounties[b, t] > 0:
            reward -= 1.0
            w.bounties[b, t] -= 1
    for t in range(w.target_goal.shape[1]):
        w.goal_draw[b, t] = -1
        w.target_dones[b, t] = False
        if measures_distances:
            measure_distances(w, b, t)
        warehouse = find_warehouse(w.target_location[b, t, 0], w.target_location[b, t, 1])
        if warehouse >= 0:
            now, later = serve(w, rules, b, t, warehouse)
            reward += now
            delayed += later
    return reward, delayed


@inlined
def refresh_rates(w, rules, b):
    """Shares of tracked targets and of tracked carriers with bounty left, and the mean pay of a delivery (Q25)."""
    tracked, tracked_with_bounty, with_bounty = 0, 0, 0
    num_targets = w.target_goal.shape[1]
    for t in range(num_targets):
        tracked += w.tracked_bits[b, t]
        if w.bounties[b, t] > 0:
            with_bounty += 1
            tracked_with_bounty += w.tracked_bits[b, t]
    w.coverage_rate[b] = tracked / num_targets
    w.real_coverage_rate[b] = tracked_with_bounty / with_bounty if with_bounty > 0 else 0.0
    delivered = w.num_delivered_cargoes[b]
    earned = w.delayed_target_team_episode_reward[b]
    w.mean_transport_rate[b] = earned / (rules.reward_scale * delivered) if delivered > 0 else 0.0
