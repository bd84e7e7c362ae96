"""The joint goal of a team of heuristic cameras: greedy choices of poses, in many random orders, of which the best wins.

A camera's pose is worth its score, the sum over the targets in reach, plus one for every target that it covers and no
earlier camera of the order does. Of equally good poses the first counts. A target covered by several is counted once.

What makes the search fast changes no result: a camera's poses that cover the same set of targets differ in score alone, so
only the best of every set (and those within rounding of it) can be chosen, whatever is covered already; and
what a camera chooses depends on the covered set alone, so it is looked up when another order meets the same set.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.agents.laws.aim import orientation_of
from mate.agents.laws.poses import NUM_ORIENTATIONS, NUM_POSES, NUM_RADII, nearest_point
from mate.compilation import kernel
from mate.geometry import norm

MAX_TARGETS = 64
NUM_ORDERS = 32
NO_POSE = -1

_SLOTS = 2048  # of the hash table of covered sets; a power of two above twice the number of poses
_MEMOS = 256
_HASH = np.uint64(0x9E3779B97F4A7C15)
_ROUNDING = 1e-9  # far above what rounding can do to a score plus a count, far below a difference that matters


class Search(NamedTuple):
    """Working memory of one search at a time, for up to N cameras and M targets."""

    num_reached: NDArray[np.int64]  # (N,): how many targets are in reach of each camera
    num_poses: NDArray[np.int64]  # (N,): how many poses of each camera are worth considering
    pose: NDArray[np.int64]  # (N, 756): their indices, ascending
    score: NDArray[np.float64]  # (N, 756): their scores
    covered: NDArray[np.uint64]  # (N, 756): the targets they cover, a bit each
    point: NDArray[np.int64]  # (M,): the grid point of each target in reach of the camera at hand
    bit: NDArray[np.uint64]  # (M,): its bit
    row_score: NDArray[np.float64]  # (36,): scores of the poses of one viewing angle
    row_covered: NDArray[np.uint64]  # (36,)
    set_stamp: NDArray[np.int64]  # (2048,): hash table from covered set to the best score
    set_key: NDArray[np.uint64]  # (2048,)
    set_best: NDArray[np.float64]  # (2048,)
    memo_stamp: NDArray[np.int64]  # (N, 256): choices by covered set
    memo_key: NDArray[np.uint64]  # (N, 256)
    memo_choice: NDArray[np.int64]  # (N, 256)
    memo_cost: NDArray[np.float64]  # (N, 256): how many steps it takes to turn into the chosen pose
    stamp: NDArray[np.int64]  # (1,): entries of the tables above with another stamp are void
    orders: NDArray[np.int64]  # (32, N): the random orders to try
    choice: NDArray[np.int64]  # (N,): where in its list of poses each camera's choice is, in the order at hand
    goal: NDArray[np.int64]  # (N,): pose of each camera in the best order, NO_POSE without a target in reach


def new_search(num_cameras: int, num_targets: int) -> Search:
    """Working memory for up to this many cameras and targets. Raises ValueError above 64 targets."""
    if num_targets > MAX_TARGETS:
        raise ValueError(
            f"heuristic cameras plan for at most {MAX_TARGETS} targets, and the scenario has {num_targets}: "
            "use greedy cameras or a smaller scenario."
        )
    n, m = num_cameras, max(num_targets, 1)
    return Search(
        num_reached=np.zeros(n, np.int64),
        num_poses=np.zeros(n, np.int64),
        pose=np.zeros((n, NUM_POSES), np.int64),
        score=np.zeros((n, NUM_POSES)),
        covered=np.zeros((n, NUM_POSES), np.uint64),
        point=np.zeros(m, np.int64),
        bit=np.zeros(m, np.uint64),
        row_score=np.zeros(NUM_ORIENTATIONS),
        row_covered=np.zeros(NUM_ORIENTATIONS, np.uint64),
        set_stamp=np.zeros(_SLOTS, np.int64),
        set_key=np.zeros(_SLOTS, np.uint64),
        set_best=np.zeros(_SLOTS),
        memo_stamp=np.zeros((n, _MEMOS), np.int64),
        memo_key=np.zeros((n, _MEMOS), np.uint64),
        memo_choice=np.zeros((n, _MEMOS), np.int64),
        memo_cost=np.zeros((n, _MEMOS)),
        stamp=np.zeros(1, np.int64),
        orders=np.zeros((NUM_ORDERS, n), np.int64),
        choice=np.zeros(n, np.int64),
        goal=np.zeros(n, np.int64),
    )


@kernel
def count_bits(bits):
    """How many bits of a uint64 are set."""
    bits = bits - ((bits >> np.uint64(1)) & np.uint64(0x5555555555555555))
    bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (bits * np.uint64(0x0101010101010101)) >> np.uint64(56)


@kernel
def _find_reached(search, table, camera, own, targets):
    """Note the targets (M, 2) in reach of a camera with private state ``own``, each by its nearest grid point."""
    count = 0
    for t in range(len(targets)):
        dx, dy = targets[t, 0] - own[0], targets[t, 1] - own[1]
        if norm(dx, dy) <= own[6]:
            search.point[count] = nearest_point(table, dx, dy)
            search.bit[count] = np.uint64(1) << np.uint64(t)
            count += 1
    search.num_reached[camera] = count
    return count


@kernel
def _score_row(search, table, angle, count):
    """Scores and covered sets of the poses of one viewing angle, over the targets in reach."""
    search.row_score[:] = 0.0
    search.row_covered[:] = np.uint64(0)
    for t in range(count):
        b, a = search.point[t] // NUM_RADII, search.point[t] % NUM_RADII
        parity, bit = b & 1, search.bit[t]
        i = (b >> 1) + table.first[parity, a, angle]
        if i < 0:
            i += NUM_ORIENTATIONS
        for n in range(table.count[parity, a, angle]):
            if i >= NUM_ORIENTATIONS:
                i -= NUM_ORIENTATIONS
            search.row_score[i] += table.windows[parity, a, angle, n]
            search.row_covered[i] |= bit
            i += 1


@kernel
def _find_set(search, covered):
    """Slot of a covered set in the hash table; a new entry starts with best score 0."""
    slot = np.int64(covered)
    if covered >= np.uint64(_SLOTS):
        slot = np.int64((covered * _HASH) >> np.uint64(32))
    slot &= _SLOTS - 1
    while search.set_stamp[slot] == search.stamp[0]:
        if search.set_key[slot] == covered:
            return slot
        slot = (slot + 1) & (_SLOTS - 1)
    search.set_stamp[slot] = search.stamp[0]
    search.set_key[slot] = covered
    search.set_best[slot] = 0.0
    return slot


@kernel
def _list_poses(search, table, camera, count):
    """List the poses of a camera that cover any of the ``count`` targets in reach, by ascending index."""
    search.stamp[0] += 1
    num_angles, listed = 0, 0
    for t in range(count):
        num_angles = max(num_angles, table.num_angles[search.point[t] % NUM_RADII])
    for angle in range(num_angles):
        _score_row(search, table, angle, count)
        for i in range(NUM_ORIENTATIONS):
            covered, score = search.row_covered[i], search.row_score[i]
            if covered != np.uint64(0):
                slot = _find_set(search, covered)
                if score < search.set_best[slot] - _ROUNDING:
                    continue
                search.set_best[slot] = max(search.set_best[slot], score)
                search.pose[camera, listed] = angle * NUM_ORIENTATIONS + i
                search.score[camera, listed] = score
                search.covered[camera, listed] = covered
                listed += 1
    return listed


@kernel
def _keep_best(search, camera, listed):
    """Shorten a camera's list to the best poses of every covered set."""
    kept = 0
    for n in range(listed):
        covered, score = search.covered[camera, n], search.score[camera, n]
        if score >= search.set_best[_find_set(search, covered)] - _ROUNDING:
            search.pose[camera, kept] = search.pose[camera, n]
            search.score[camera, kept] = score
            search.covered[camera, kept] = covered
            kept += 1
    search.num_poses[camera] = kept


@kernel
def _best_choice(search, camera, covered):
    """Where in the camera's list its best pose is when ``covered`` are covered already; -1 if the list is empty."""
    best, most = -1, -math.inf
    for n in range(search.num_poses[camera]):
        value = search.score[camera, n] + np.float64(count_bits(search.covered[camera, n] & ~covered))
        if value > most:
            best, most = n, value
    return best


@kernel
def _turning_cost(search, table, camera, own, limits, choice):
    """Steps that a camera needs to turn and zoom into a listed pose; the turn is not taken the short way (Q34)."""
    pose = search.pose[camera, choice] if choice >= 0 else 0
    turn = abs(table.orientations[pose % NUM_ORIENTATIONS] - orientation_of(own)) / limits[0]
    zoom = abs(table.viewing_angles[pose // NUM_ORIENTATIONS] - own[5]) / limits[1]
    return max(turn, zoom)


@kernel
def _choose(search, table, camera, own, limits, covered):
    """Slot of the memo that holds the camera's choice and its cost when ``covered`` are covered already."""
    slot = np.int64(covered)
    if covered >= np.uint64(_MEMOS):
        slot = np.int64((covered * _HASH) >> np.uint64(32)) & (_MEMOS - 1)
    if search.memo_stamp[camera, slot] != search.stamp[0] or search.memo_key[camera, slot] != covered:
        choice = _best_choice(search, camera, covered)
        search.memo_stamp[camera, slot] = search.stamp[0]
        search.memo_key[camera, slot] = covered
        search.memo_choice[camera, slot] = choice
        search.memo_cost[camera, slot] = _turning_cost(search, table, camera, own, limits, choice)
    return slot


@kernel
def _try_order(search, table, owns, limits, order):
    """Let the cameras choose in this order; the total worth and the total cost of their choices."""
    covered, total, cost = np.uint64(0), 0.0, 0.0
    for n in range(len(order)):
        camera = order[n]
        slot = _choose(search, table, camera, owns[camera], limits, covered)
        choice = search.memo_choice[camera, slot]
        search.choice[camera] = choice
        cost += search.memo_cost[camera, slot]
        if choice >= 0:
            total += search.score[camera, choice]
            covered |= search.covered[camera, choice]
    return total + np.float64(count_bits(covered)), cost


@kernel
def _comes_later(order, other):
    """Whether ``order`` is lexicographically greater than ``other``."""
    for n in range(len(order)):
        if order[n] != other[n]:
            return order[n] > other[n]
    return False


@kernel
def _try_orders(search, table, owns, limits):
    """Set the goals of the best order: most worth, then least cost, then lexicographically last."""
    best, most, cheapest = -1, 0.0, 0.0
    for number in range(len(search.orders)):
        order = search.orders[number]
        total, cost = _try_order(search, table, owns, limits, order)
        if best >= 0 and (total < most or (total == most and cost > cheapest)):
            continue
        is_tie = best >= 0 and total == most and cost == cheapest
        if is_tie and not _comes_later(order, search.orders[best]):
            continue
        best, most, cheapest = number, total, cost
        for camera in range(len(owns)):
            choice = search.choice[camera]
            search.goal[camera] = search.pose[camera, choice] if choice >= 0 else 0


@kernel
def find_joint_goal(search, table, owns, targets, limits):
    """Write into ``search.goal`` the pose of each camera that covers the targets best, after ``search.orders``.

    ``owns`` (N, 9) are the cameras' private states, ``targets`` (M, 2) positions of the known targets, ``limits`` the
    largest rotation and zoom of the camera that plans. A camera without a target in reach takes part in the search, but gets
    no goal (NO_POSE).
    """
    for camera in range(len(owns)):
        count = _find_reached(search, table, camera, owns[camera], targets)
        _keep_best(search, camera, _list_poses(search, table, camera, count))
    search.stamp[0] += 1
    _try_orders(search, table, owns, limits)
    for camera in range(len(owns)):
        if search.num_reached[camera] == 0:
            search.goal[camera] = NO_POSE
