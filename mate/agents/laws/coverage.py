"""The joint goal of a team of heuristic cameras: greedy choices of poses, in many random orders, of which the best
wins.

A camera's pose is worth its score, the sum over the targets in reach, plus one for every target that it covers and no
earlier camera of the order does. Of equally good poses the first counts. A target covered by several is counted once.

What makes the search fast changes no result. A pose can be chosen only if it is worth as much as every other pose for
some set of targets that are covered already. Whatever that set is, a pose P is worth less than Q if the score of Q is
above that of P by more than the number of targets that P covers and Q does not. So of the poses that cover one target
alone only the best counts, and few of the others are left once two are compared with all: the best while nothing is
covered, and the best once its targets are. What a camera chooses depends on the covered set alone, so it is looked up
when another order meets the same set.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mate.agents.laws.aim import orientation_of
from mate.agents.laws.poses import (
    NUM_LANES,
    NUM_ORIENTATIONS,
    NUM_POSES,
    NUM_RADII,
    ROUNDING,
    nearest_point,
)
from mate.borrowing import borrowed
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
_LANES = np.uint64(NUM_LANES)


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
    bit: NDArray[np.uint64]  # (M,): for each target in reach of the camera at hand, the set of it alone
    kind: NDArray[np.uint64]  # (M,): the kind of its grid point
    bearing: NDArray[np.uint64]  # (M,): the orientation at its bearing
    alone: NDArray[np.uint64]  # (32 * M): poses for one target alone
    first: NDArray[np.uint64]  # (36 + M,): first pose of each row of the next two
    sum: NDArray[np.float64]  # (36 + M, 32): scores of the poses of the camera at hand; else zero
    union: NDArray[np.uint64]  # (36 + M, 32): the targets that they cover
    memo_key: NDArray[np.uint64]  # (N, 256): covered sets, plus 1, for which the camera's choice is known
    memo_pose: NDArray[np.uint64]  # (N, 256): the choice
    memo_score: NDArray[np.float64]  # (N, 256): its score
    memo_cost: NDArray[np.float64]  # (N, 256): how many steps it takes to turn and zoom into it
    memo_next: NDArray[np.uint64]  # (N, 256): the set that is covered then
    choice: NDArray[np.uint64]  # (N,): the choices of the order at hand


def new_search(num_cameras: int, num_targets: int) -> Search:
    """Working memory for up to this many cameras and targets. Raises ValueError above 63 targets."""
    if num_targets > MAX_TARGETS:
        raise ValueError(
            f"heuristic cameras plan for at most {MAX_TARGETS} targets, and the scenario has {num_targets}: "
            "use greedy cameras or a smaller scenario."
        )
    n, num_rows = num_cameras, NUM_ORIENTATIONS + num_targets
    return Search(
        orders=np.zeros((NUM_ORDERS, n), np.uint64),
        goal=np.zeros(n, np.int64),
        orientation=np.zeros(n),
        num_reached=np.zeros(n, np.int64),
        num_poses=np.zeros(n, np.uint64),
        pose=np.zeros((n, NUM_POSES), np.uint64),
        score=np.zeros((n, NUM_POSES)),
        covered=np.zeros((n, NUM_POSES), np.uint64),
        bit=np.zeros(num_targets, np.uint64),
        kind=np.zeros(num_targets, np.uint64),
        bearing=np.zeros(num_targets, np.uint64),
        alone=np.zeros(num_targets * NUM_LANES, np.uint64),
        first=np.zeros(num_rows, np.uint64),
        sum=np.zeros((num_rows, NUM_LANES)),
        union=np.zeros((num_rows, NUM_LANES), np.uint64),
        memo_key=np.zeros((n, _SLOTS), np.uint64),
        memo_pose=np.zeros((n, _SLOTS), np.uint64),
        memo_score=np.zeros((n, _SLOTS)),
        memo_cost=np.zeros((n, _SLOTS)),
        memo_next=np.zeros((n, _SLOTS), np.uint64),
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


@inlined
def _find_reached(search, table, owns, camera, targets):
    """Note the targets in reach of a camera; how many there are."""
    count = _NOTHING
    for t in range(len(targets)):
        dx, dy = targets[t, 0] - owns[camera, 0], targets[t, 1] - owns[camera, 1]
        if norm(dx, dy) <= owns[camera, 6]:
            point = nearest_point(table.points, table.radii[1], dx, dy)
            b, a = point // NUM_RADII, point % NUM_RADII
            search.bit[count] = _ONE << np.uint64(t)
            search.kind[count] = np.uint64((b & 1) * NUM_RADII + a)
            search.bearing[count] = np.uint64((b >> 1) % NUM_ORIENTATIONS)
            count += _ONE
    return count


@inlined
def _first_of(bits):
    """The least element of a set."""
    return np.uint64(_count_bits((bits & (~bits + _ONE)) - _ONE))


@inlined
def _case_of(search, n, orientation):
    """Kind and turn of an orientation for the n-th target in reach, as one number."""
    turn = orientation + _TURNS - search.bearing[n]
    return search.kind[n] * _TURNS + (turn - _TURNS if turn >= _TURNS else turn)


@inlined
def _covered_twice(search, table, num_reached, orientation):
    """The viewing angles that cover several targets."""
    once, twice = _NOTHING, _NOTHING
    for n in range(num_reached):
        covers = table.covers[_case_of(search, n, orientation)]
        twice |= once & covers
        once |= covers
    return twice


@inlined
def _overlaps(search, table, num_reached):
    """The orientations in which several targets are covered, though perhaps by different viewing angles."""
    once, twice = _NOTHING, _NOTHING
    for n in range(num_reached):
        turns, bearing = table.turns[search.kind[n]], search.bearing[n]
        turns = (turns << bearing) | (turns >> (_TURNS - bearing))
        twice |= once & turns
        once |= turns
    return twice & ((_ONE << _TURNS) - _ONE)


@inlined
def _score_orientation(search, table, num_reached, orientation, twice, row):
    """Write the scores of the poses of one orientation into a row, those right that cover several targets."""
    for n in range(num_reached):
        case = _case_of(search, n, orientation)
        if table.covers[case] & twice != _NOTHING:
            scored, bit = table.row[case], search.bit[n]
            for i in range(search.sum.shape[1]):  # not a constant: the compiler would take the loop apart
                score = table.score[scored, i]
                search.sum[row, i] += score
                search.union[row, i] |= bit if score > 0.0 else _NOTHING


@inlined
def _add_alone(search, table, num_reached, num_rows):
    """Add rows of the best poses for each target that cover it alone; the new number of rows."""
    count = _NOTHING
    for n in range(num_reached):
        kind = search.kind[n]
        for k in range(table.alone.shape[1]):
            if table.alone[kind, k, 0] < 0:
                break
            turn, angle = np.uint64(table.alone[kind, k, 0]), np.uint64(table.alone[kind, k, 1])
            orientation = (search.bearing[n] + turn) % _TURNS
            if (_covered_twice(search, table, num_reached, orientation) >> angle) & _ONE == _NOTHING:
                row, lane = num_rows + count // _LANES, count % _LANES
                search.alone[count] = angle * _TURNS + orientation
                search.sum[row, lane] = table.score[table.row[kind * _TURNS + turn], angle]
                search.union[row, lane] = search.bit[n]
                count += _ONE
    return num_rows + (count + _LANES - _ONE) // _LANES


@inlined
def _score_poses(search, table, num_reached):
    """Score a camera's poses that may be chosen, in rows; how many are of one orientation each, and how many in all."""
    num_orientations, overlaps = _NOTHING, _overlaps(search, table, num_reached)
    while overlaps != _NOTHING:
        orientation = _first_of(overlaps)
        overlaps &= overlaps - _ONE
        twice = _covered_twice(search, table, num_reached, orientation)
        if twice != _NOTHING:
            _score_orientation(search, table, num_reached, orientation, twice, num_orientations)
            search.first[num_orientations] = orientation
            num_orientations += _ONE
    return num_orientations, _add_alone(search, table, num_reached, num_orientations)


@inlined
def _worth(score, targets, covered):
    """What a pose with this score is worth that covers these targets, when ``covered`` are covered already."""
    return score + np.float64(_count_bits(targets & ~covered))


@inlined
def _rank(score, targets, covered):
    """The bits of ``_worth``: numbers from zero on compare like the integers of the same bits.

    The compiler finds the greatest of many integers at once, but not of numbers.
    """
    worth = _worth(score, targets, covered)
    return np.float64(worth).view(np.int64)


@kernel
def _find_best(sums, unions, length, covered):
    """Score (but for rounding) and targets of a pose that is worth most when ``covered`` are covered already."""
    most, targets, none = np.int64(0), np.int64(0), np.int64(0)
    for n in range(length):
        most = max(most, _rank(sums[n], unions[n], covered))
    for n in range(length):
        targets = max(targets, np.int64(unions[n]) if _rank(sums[n], unions[n], covered) == most else none)
    found = np.uint64(targets)
    return np.int64(most).view(np.float64) - np.float64(_count_bits(found & ~covered)), found


@inlined
def _find_winners(search, row, covered_1, least_1, covered_2, least_2):
    """The poses of a row, as bits, that are worth enough when either set is covered already."""
    winners = _NOTHING
    for n in range(search.sum.shape[1]):
        is_good = _worth(search.sum[row, n], search.union[row, n], covered_1) >= least_1
        is_good &= _worth(search.sum[row, n], search.union[row, n], covered_2) >= least_2
        winners |= (_ONE if is_good else _NOTHING) << np.uint64(n)
    return winners


@inlined
def _list_row(search, camera, num_orientations, row, winners, listed):
    """List poses of a row; the new length of the list."""
    while winners != _NOTHING:
        n = _first_of(winners)
        winners &= winners - _ONE
        if row < num_orientations:
            search.pose[camera, listed] = search.first[row] + n * _TURNS
        else:
            search.pose[camera, listed] = search.alone[(row - num_orientations) * _LANES + n]
        search.score[camera, listed], search.covered[camera, listed] = search.sum[row, n], search.union[row, n]
        listed += _ONE
    return listed


@inlined
def _list_poses(search, camera, num_orientations, num_rows):
    """List the poses of a camera that may be chosen, or else the first. Clears the sums."""
    sums, unions, length = search.sum.ravel(), search.union.ravel(), num_rows * _LANES
    score_1, set_1 = _find_best(sums, unions, length, _NOTHING)
    score_2, set_2 = _find_best(sums, unions, length, set_1)
    listed = _NOTHING
    for row in range(num_rows):
        winners = _find_winners(search, row, set_1, score_1 - ROUNDING, set_2, score_2 - ROUNDING)
        listed = _list_row(search, camera, num_orientations, row, winners, listed)
        for n in range(search.sum.shape[1]):
            search.sum[row, n], search.union[row, n] = 0.0, _NOTHING
    if listed == _NOTHING:
        search.pose[camera, 0], search.score[camera, 0], search.covered[camera, 0] = _NOTHING, 0.0, _NOTHING
        listed = _ONE
    search.num_poses[camera] = listed


@inlined
def _best_choice(search, camera, covered):
    """Where in a camera's list its best pose is when ``covered`` are covered already."""
    best, most, first = _NOTHING, -1.0, _NOTHING
    for n in range(search.num_poses[camera]):
        value = _worth(search.score[camera, n], search.covered[camera, n], covered)
        pose = search.pose[camera, n]
        is_better = value > most or (value == most and pose < first)
        best, first = (np.uint64(n), pose) if is_better else (best, first)
        most = max(most, value)
    return best


@inlined
def _turning_cost(search, table, camera, owns, limits, pose):
    """Steps that a camera needs to turn and zoom into a pose; the turn is not taken the short way (Q34)."""
    turn = abs(table.orientations[pose % _TURNS] - search.orientation[camera]) / limits[0]
    zoom = abs(table.viewing_angles[pose // _TURNS] - owns[camera, 5]) / limits[1]
    return max(turn, zoom)


@inlined
def _memorise_choice(search, table, camera, owns, limits, covered, slot):
    """Note a camera's choice when ``covered`` are covered already."""
    choice = _best_choice(search, camera, covered)
    pose = search.pose[camera, choice]
    search.memo_key[camera, slot] = covered + _ONE
    search.memo_pose[camera, slot] = pose
    search.memo_score[camera, slot] = search.score[camera, choice]
    search.memo_cost[camera, slot] = _turning_cost(search, table, camera, owns, limits, pose)
    search.memo_next[camera, slot] = covered | search.covered[camera, choice]


@inlined
def _try_order(search, table, owns, limits, number):
    """Let the cameras choose in this order; the total worth and the total cost of their choices."""
    covered, total, cost = _NOTHING, 0.0, 0.0
    for n in range(len(owns)):
        camera = search.orders[number, n]
        slot = _slot_of(covered)
        if search.memo_key[camera, slot] != covered + _ONE:
            _memorise_choice(search, table, camera, owns, limits, covered, slot)
        search.choice[camera] = search.memo_pose[camera, slot]
        cost += search.memo_cost[camera, slot]
        total += search.memo_score[camera, slot]
        covered = search.memo_next[camera, slot]
    return total + np.float64(_count_bits(covered)), cost


@inlined
def _comes_later(orders, number, other):
    """Whether one order is lexicographically greater than another."""
    for n in range(orders.shape[1]):
        if orders[number, n] != orders[other, n]:
            return orders[number, n] > orders[other, n]
    return False


@inlined
def _try_orders(search, table, owns, limits):
    """Set the goals of the best order: most worth, then least cost, then lexicographically last."""
    best, most, cheapest = -1, 0.0, 0.0
    for number in range(len(search.orders)):
        total, cost = _try_order(search, table, owns, limits, number)
        if best >= 0 and (total < most or (total == most and cost > cheapest)):
            continue
        is_tie = best >= 0 and total == most and cost == cheapest
        if is_tie and not _comes_later(search.orders, number, best):
            continue
        best, most, cheapest = number, total, cost
        for camera in range(len(owns)):
            search.goal[camera] = search.choice[camera]


@kernel
def find_joint_goal(search, table, owns, targets, limits):
    """Write into ``search.goal`` the pose of each camera that covers the targets best, after ``search.orders``.

    ``owns`` (N, 9) are the cameras' private states, ``targets`` (M, 2) positions of the known targets, ``limits`` the
    largest rotation and zoom of the camera that plans. A camera without a target in reach takes part in the search, but
    gets no goal (NO_POSE).
    """
    search, table, owns, targets, limits = borrowed((search, table, owns, targets, limits))
    num_slots = min(_SLOTS, 1 << len(targets))
    for camera in range(len(owns)):
        search.orientation[camera] = orientation_of(owns[camera])
        num_reached = _find_reached(search, table, owns, camera, targets)
        search.num_reached[camera] = num_reached
        num_orientations, num_rows = _score_poses(search, table, num_reached)
        _list_poses(search, camera, num_orientations, num_rows)
    search.memo_key[:, :num_slots] = _NOTHING
    _try_orders(search, table, owns, limits)
    for camera in range(len(owns)):
        if search.num_reached[camera] == 0:
            search.goal[camera] = NO_POSE
