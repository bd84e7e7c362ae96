"""The joint goal of a team of heuristic cameras: greedy choices of poses, in many random orders, of which the best
wins.

A camera's pose is worth its score, the sum over the targets in reach, plus one for every target that it covers and no
earlier camera of the order does. Of equally good poses the first counts. A target covered by several is counted once.

What makes the search fast changes no result: a camera's poses that cover the same set of targets differ in score alone,
so only the best of every set (and those within rounding of it) can be chosen, whatever is covered already; and
what a camera chooses depends on the covered set alone, so it is looked up when another order meets the same set.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.agents.laws.aim import orientation_of
from mate.agents.laws.poses import NUM_ORIENTATIONS, NUM_POSES, NUM_RADII, nearest_point
from mate.compilation import inlined, kernel
from mate.geometry import norm

MAX_TARGETS = 63
NUM_ORDERS = 32
NO_POSE = -1

_SLOTS = 256  # of the tables by covered set: up to 8 targets each set has a slot of its own
_HASH = np.uint64(0x9E3779B97F4A7C15)
_NOTHING = np.uint64(0)
_ONE = np.uint64(1)
_TURNS = np.uint64(NUM_ORIENTATIONS)
_ROUNDING = 1e-9  # far above what rounding can do to a score plus a count, far below a difference that matters


class Search(NamedTuple):
    """Working memory of one search at a time, for up to N cameras and M targets. A set of targets is a bit mask."""

    orders: NDArray[np.uint64]  # (32, N): the random orders to try, written by the caller
    goal: NDArray[np.int64]  # (N,): pose of each camera in the best order, NO_POSE without a target in reach
    orientation: NDArray[np.float64]  # (N,): in degrees
    num_reached: NDArray[np.int64]  # (N,): how many targets are in reach of each camera
    num_poses: NDArray[np.uint64]  # (N,): how many poses of each camera are worth considering
    pose: NDArray[np.uint64]  # (N, 756): their indices
    score: NDArray[np.float64]  # (N, 756): their scores
    covered: NDArray[np.uint64]  # (N, 756): the targets they cover
    touched: NDArray[np.uint64]  # (757,): poses of the camera at hand that cover anything
    sum: NDArray[np.float64]  # (756,): the score of each; zero between uses
    union: NDArray[np.uint64]  # (756,): the targets each covers; zero between uses
    set_key: NDArray[np.uint64]  # (256,): sets of targets that poses of the camera at hand cover
    set_best: NDArray[np.float64]  # (256,): the best score among those poses
    memo_key: NDArray[np.uint64]  # (N, 256): covered sets, plus 1, for which the camera's choice is known
    memo_choice: NDArray[np.uint64]  # (N, 256): where in the camera's list it is
    memo_cost: NDArray[np.float64]  # (N, 256): how many steps it takes to turn and zoom into it
    choice: NDArray[np.uint64]  # (N,): the choices of the order at hand


def new_search(num_cameras: int, num_targets: int) -> Search:
    """Working memory for up to this many cameras and targets. Raises ValueError above 63 targets."""
    if num_targets > MAX_TARGETS:
        raise ValueError(
            f"heuristic cameras plan for at most {MAX_TARGETS} targets, and the scenario has {num_targets}: "
            "use greedy cameras or a smaller scenario."
        )
    n = num_cameras
    return Search(
        orders=np.zeros((NUM_ORDERS, n), np.uint64),
        goal=np.zeros(n, np.int64),
        orientation=np.zeros(n),
        num_reached=np.zeros(n, np.int64),
        num_poses=np.zeros(n, np.uint64),
        pose=np.zeros((n, NUM_POSES), np.uint64),
        score=np.zeros((n, NUM_POSES)),
        covered=np.zeros((n, NUM_POSES), np.uint64),
        touched=np.zeros(NUM_POSES + 1, np.uint64),
        sum=np.zeros(NUM_POSES),
        union=np.zeros(NUM_POSES, np.uint64),
        set_key=np.zeros(_SLOTS, np.uint64),
        set_best=np.zeros(_SLOTS),
        memo_key=np.zeros((n, _SLOTS), np.uint64),
        memo_choice=np.zeros((n, _SLOTS), np.uint64),
        memo_cost=np.zeros((n, _SLOTS)),
        choice=np.zeros(n, np.uint64),
    )


@inlined
def _count_bits(bits):
    """How many bits of a uint64 are set."""
    bits = bits - ((bits >> np.uint64(1)) & np.uint64(0x5555555555555555))
    bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
    bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((bits * np.uint64(0x0101010101010101)) >> np.uint64(56))


@inlined
def _slot_of(targets):
    """Where a set of targets is noted in a table. Where two sets meet, one of them is forgotten."""
    return targets if targets < np.uint64(_SLOTS) else (targets * _HASH) >> np.uint64(56)


@kernel
def _add_point(point, bit, start, angle, turn, score, touched, num_touched, sums, unions):
    """Add the scores at a grid point to the poses that cover it; the new length of the list of poses touched.

    ``start``, ``angle``, ``turn`` and ``score`` are the lists of a pose table.
    """
    b, a = point // NUM_RADII, point % NUM_RADII
    parity, shift = b & 1, np.uint64(b >> 1)
    for entry in range(start[parity, a], start[parity, a + 1]):
        orientation = shift + turn[entry]
        if orientation >= _TURNS:
            orientation -= _TURNS
        pose = angle[entry] + orientation
        touched[num_touched] = pose
        num_touched += _ONE if unions[pose] == _NOTHING else _NOTHING
        sums[pose] += score[entry]
        unions[pose] |= bit
    return num_touched


@kernel
def _score_poses(search, table, camera, own, targets):
    """Score the poses of a camera by the targets in its reach; how many poses cover any."""
    points, radius_step = table.points, table.radii[1]
    start, angle, turn, score = table.start, table.angle, table.turn, table.score
    touched, sums, unions = search.touched, search.sum, search.union
    num_reached, num_touched = 0, _NOTHING
    for t in range(len(targets)):
        dx, dy = targets[t, 0] - own[0], targets[t, 1] - own[1]
        if norm(dx, dy) <= own[6]:
            num_reached += 1
            point, bit = nearest_point(points, radius_step, dx, dy), np.uint64(1) << np.uint64(t)
            num_touched = _add_point(point, bit, start, angle, turn, score, touched, num_touched, sums, unions)
    search.num_reached[camera] = num_reached
    return num_touched


@kernel
def _list_poses(search, camera, num_touched, num_slots):
    """List the poses of a camera that may be chosen: the best of each set of targets, or else the first. Clears the
    sums.

    Without branches, because which pose is the best yet cannot be predicted.
    """
    touched, sums, unions = search.touched, search.sum, search.union
    poses, scores, sets = search.pose[camera], search.score[camera], search.covered[camera]
    set_key, set_best = search.set_key, search.set_best
    set_key[:num_slots] = _NOTHING
    listed = _NOTHING
    for n in range(num_touched):
        pose = touched[n]
        score, covered = sums[pose], unions[pose]
        sums[pose], unions[pose] = 0.0, _NOTHING
        slot = _slot_of(covered)
        best = set_best[slot] if set_key[slot] == covered else 0.0
        set_key[slot], set_best[slot] = covered, max(best, score)
        poses[listed], scores[listed], sets[listed] = pose, score, covered
        listed += _ONE if score >= best - _ROUNDING else _NOTHING
    if listed == _NOTHING:
        poses[0], scores[0], sets[0], listed = _NOTHING, 0.0, _NOTHING, _ONE
    search.num_poses[camera] = _keep_best(poses, scores, sets, listed, set_key, set_best)


@inlined
def _keep_best(poses, scores, sets, listed, set_key, set_best):
    """Take out of a list the poses that a later one of the same set of targets surpasses; the new length."""
    kept = _NOTHING
    for n in range(listed):
        slot = _slot_of(sets[n])
        poses[kept], scores[kept], sets[kept] = poses[n], scores[n], sets[n]
        is_surpassed = set_key[slot] == sets[n] and scores[n] < set_best[slot] - _ROUNDING
        kept += _NOTHING if is_surpassed else _ONE
    return kept


@inlined
def _best_choice(poses, scores, sets, listed, covered):
    """Where in a camera's list its best pose is when ``covered`` are covered already."""
    best, most, first = _NOTHING, -1.0, _NOTHING
    for n in range(listed):
        value = scores[n] + np.float64(_count_bits(sets[n] & ~covered))
        is_better = value > most or (value == most and poses[n] < first)
        best, first = (np.uint64(n), poses[n]) if is_better else (best, first)
        most = max(most, value)
    return best


@inlined
def _turning_cost(table, search, camera, own, limits, pose):
    """Steps that a camera needs to turn and zoom into a pose; the turn is not taken the short way (Q34)."""
    turn = abs(table.orientations[pose % _TURNS] - search.orientation[camera]) / limits[0]
    zoom = abs(table.viewing_angles[pose // _TURNS] - own[5]) / limits[1]
    return max(turn, zoom)


@kernel
def _memorise_choice(search, table, camera, own, limits, covered, slot):
    """Note a camera's choice, and its cost, when ``covered`` are covered already."""
    poses, scores, sets = search.pose[camera], search.score[camera], search.covered[camera]
    choice = _best_choice(poses, scores, sets, search.num_poses[camera], covered)
    search.memo_key[camera, slot] = covered + _ONE
    search.memo_choice[camera, slot] = choice
    search.memo_cost[camera, slot] = _turning_cost(table, search, camera, own, limits, poses[choice])


@inlined
def _try_order(search, table, owns, limits, number):
    """Let the cameras choose in this order; the total worth and the total cost of their choices."""
    covered, total, cost = _NOTHING, 0.0, 0.0
    for n in range(len(owns)):
        camera = search.orders[number, n]
        slot = _slot_of(covered)
        if search.memo_key[camera, slot] != covered + _ONE:
            _memorise_choice(search, table, camera, owns[camera], limits, covered, slot)
        choice = search.memo_choice[camera, slot]
        search.choice[camera] = choice
        cost += search.memo_cost[camera, slot]
        total += search.score[camera, choice]
        covered |= search.covered[camera, choice]
    return total + np.float64(_count_bits(covered)), cost


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
        total, cost = _try_order(search, table, owns, limits, number)
        if best >= 0 and (total < most or (total == most and cost > cheapest)):
            continue
        is_tie = best >= 0 and total == most and cost == cheapest
        if is_tie and not _comes_later(search.orders[number], search.orders[best]):
            continue
        best, most, cheapest = number, total, cost
        for camera in range(len(owns)):
            search.goal[camera] = search.pose[camera, search.choice[camera]]


@kernel
def find_joint_goal(search, table, owns, targets, limits):
    """Write into ``search.goal`` the pose of each camera that covers the targets best, after ``search.orders``.

    ``owns`` (N, 9) are the cameras' private states, ``targets`` (M, 2) positions of the known targets, ``limits`` the
    largest rotation and zoom of the camera that plans. A camera without a target in reach takes part in the search, but
    gets no goal (NO_POSE).
    """
    num_slots = min(_SLOTS, 1 << len(targets))
    for camera in range(len(owns)):
        search.orientation[camera] = orientation_of(owns[camera])
        num_touched = _score_poses(search, table, camera, owns[camera], targets)
        _list_poses(search, camera, num_touched, num_slots)
    search.memo_key[:, :num_slots] = _NOTHING
    _try_orders(search, table, owns, limits)
    for camera in range(len(owns)):
        if search.num_reached[camera] == 0:
            search.goal[camera] = NO_POSE
