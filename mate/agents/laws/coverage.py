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
from mate.agents.laws.lanes import NUM_LANES, add_scores, find_most
from mate.agents.laws.poses import (
    NUM_ORIENTATIONS,
    NUM_POSES,
    NUM_RADII,
    ROUNDING,
    PoseTable,
    aligned,
    nearest_point,
)
from mate.borrowing import borrowed
from mate.compilation import inlined, kernel
from mate.geometry import norm

MAX_TARGETS = 63
NUM_ORDERS = 32
NO_POSE = -1

_SLOTS = 256  # of the tables by covered set: up to 8 targets each set has a slot of its own
_FEW = 4  # cameras: many of their 24 orders are drawn more than once, and many begin alike
_HASH = np.uint64(0x9E3779B97F4A7C15)
_NOTHING = np.uint64(0)
_ONE, _TWO = np.uint64(1), np.uint64(2)
_TURNS = np.uint64(NUM_ORIENTATIONS)
_LANES = np.uint64(NUM_LANES)


_MEMO = np.dtype(
    [
        ("number", np.int64),  # of the search that this is part of; 0 in none
        ("covered", np.uint64),  # the set that is covered already
        ("pose", np.uint64),
        ("targets", np.uint64),  # that the pose covers
        ("score", np.float64),
        ("cost", np.float64),  # how many steps it takes to turn and zoom into it
        ("unused", np.uint64, 2),  # so that one lies in a line of the cache of its own
    ]
)


class Search(NamedTuple):
    """Working memory of one search at a time, for up to N cameras and M targets. A set of targets is a bit mask.

    Poses that are considered lie in up to R rows of 24: a row for each orientation, then the K best of each target
    alone.
    """

    orders: NDArray[np.uint64]  # (32, N): the random orders to try, written by the caller
    goal: NDArray[np.int64]  # (N,): pose of each camera in the best order, NO_POSE without a target in reach
    orientation: NDArray[np.float64]  # (N,): in degrees
    num_poses: NDArray[np.uint64]  # (N,): how many poses of each camera are worth considering
    pose: NDArray[np.uint64]  # (N, 757): their indices
    score: NDArray[np.float64]  # (N, 757): their scores
    covered: NDArray[np.uint64]  # (N, 757): the targets they cover
    bit: NDArray[np.uint64]  # (M,): for each target in reach of the camera at hand, the set of it alone
    kind: NDArray[np.uint64]  # (M,): the kind of its grid point
    start: NDArray[np.int64]  # (M,): where in the flat table its scores in the orientation at hand begin
    first_turn: NDArray[np.uint64]  # (M,): how far orientation 0 is turned from its bearing
    reached: NDArray[np.uint64]  # (N,): the targets in reach of each camera
    once: NDArray[np.uint64]  # (36,): the viewing angles that cover any target in each orientation
    twice: NDArray[np.uint64]  # (36,): the viewing angles that cover several
    alone: NDArray[np.uint64]  # (M * K,): poses for one target alone
    first: NDArray[np.uint64]  # (R,): first pose of each row of the next two
    sum: NDArray[np.float64]  # (R, 24): scores of the poses of the camera at hand
    union: NDArray[np.uint64]  # (R, 24): the targets that they cover
    most: NDArray[np.float64]  # (24,): the greatest worth in each lane of these rows
    most_union: NDArray[np.uint64]  # (24,): the targets of the pose that is worth it
    number: NDArray[np.int64]  # (1,): of the search at hand
    memo: NDArray[np.void]  # (N, 256) of _MEMO: what a camera chooses when a set of targets is covered already
    choice: NDArray[np.uint64]  # (N,): the choices of the order at hand
    sum_targets: NDArray[np.uint64]  # (N + 1,): what the first cameras of the order at hand cover
    sum_score: NDArray[np.float64]  # (N + 1,): their scores
    sum_cost: NDArray[np.float64]  # (N + 1,): their costs
    listed: NDArray[np.uint64]  # (4,): the set of the orders of up to four cameras, by their numbers


def new_search(num_cameras: int, num_targets: int, table: PoseTable) -> Search:
    """Working memory for up to this many cameras and targets, with a table. Raises ValueError above 63 targets."""
    if num_targets > MAX_TARGETS:
        raise ValueError(
            f"heuristic cameras plan for at most {MAX_TARGETS} targets, and the scenario has {num_targets}: "
            "use greedy cameras or a smaller scenario."
        )
    n, num_alone = num_cameras, num_targets * table.alone.shape[1]
    num_rows = NUM_ORIENTATIONS + num_alone // NUM_LANES + 1
    return Search(
        orders=np.zeros((NUM_ORDERS, n), np.uint64),
        goal=np.zeros(n, np.int64),
        orientation=np.zeros(n),
        num_poses=np.zeros(n, np.uint64),
        pose=np.zeros((n, NUM_POSES + 1), np.uint64),
        score=np.zeros((n, NUM_POSES + 1)),
        covered=np.zeros((n, NUM_POSES + 1), np.uint64),
        bit=np.zeros(num_targets, np.uint64),
        kind=np.zeros(num_targets, np.uint64),
        start=np.zeros(num_targets, np.int64),
        first_turn=np.zeros(num_targets, np.uint64),
        reached=np.zeros(n, np.uint64),
        once=np.zeros(NUM_ORIENTATIONS, np.uint64),
        twice=np.zeros(NUM_ORIENTATIONS, np.uint64),
        alone=np.zeros(num_alone, np.uint64),
        first=np.zeros(num_rows, np.uint64),
        sum=aligned(np.zeros((num_rows, NUM_LANES))),
        union=aligned(np.zeros((num_rows, NUM_LANES), np.uint64)),
        most=aligned(np.zeros(NUM_LANES)),
        most_union=aligned(np.zeros(NUM_LANES, np.uint64)),
        number=np.zeros(1, np.int64),
        memo=aligned(np.zeros((n, _SLOTS), _MEMO)),
        choice=np.zeros(n, np.uint64),
        sum_targets=np.zeros(n + 1, np.uint64),
        sum_score=np.zeros(n + 1),
        sum_cost=np.zeros(n + 1),
        listed=np.zeros(_FEW**_FEW // 64, np.uint64),
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
    search.reached[camera] = _NOTHING
    for t in range(len(targets)):
        dx, dy = targets[t, 0] - owns[camera, 0], targets[t, 1] - owns[camera, 1]
        if norm(dx, dy) <= owns[camera, 6]:
            point = nearest_point(table.directions, table.radii, dx, dy)
            b, a = point // NUM_RADII, point % NUM_RADII
            search.bit[count] = _ONE << np.uint64(t)
            search.reached[camera] |= search.bit[count]
            search.kind[count] = np.uint64((b & 1) * NUM_RADII + a)
            search.first_turn[count] = np.uint64(NUM_ORIENTATIONS - (b >> 1) % NUM_ORIENTATIONS)
            count += _ONE
    return count


@inlined
def _count_covers(search, table, num_reached):
    """Find the viewing angles that cover targets once and more than once, in every orientation."""
    length = search.once.shape[0]  # not a constant: the compiler would take the loops apart
    for i in range(length):
        search.once[i], search.twice[i] = _NOTHING, _NOTHING
    for n in range(num_reached):
        kind, turn = search.kind[n], search.first_turn[n]
        for i in range(length):
            covers = table.covers[kind, turn + np.uint64(i)]
            search.twice[i] |= search.once[i] & covers
            search.once[i] |= covers


@inlined
def _score_orientation(search, table, num_reached, row):
    """Write the scores of the poses of one orientation into a row."""
    for n in range(num_reached):
        search.start[n] = table.row[search.kind[n], search.first_turn[n] + search.first[row]] * _LANES
    add_scores(table.score, search.start, search.bit, search.sum, search.union, num_reached, row)


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
            orientation = (turn + _TURNS - search.first_turn[n]) % _TURNS
            row, lane = num_rows + count // _LANES, count % _LANES
            search.alone[count] = angle * _TURNS + orientation
            search.sum[row, lane] = table.score[table.row[kind, turn], angle]
            search.union[row, lane] = search.bit[n]
            count += _ONE if (search.twice[orientation] >> angle) & _ONE == _NOTHING else _NOTHING
    used = num_rows + (count + _LANES - _ONE) // _LANES
    for place in range(count, (used - num_rows) * _LANES):
        search.sum[used - _ONE, place % _LANES], search.union[used - _ONE, place % _LANES] = 0.0, _NOTHING
    return used


@inlined
def _score_poses(search, table, num_reached):
    """Score the poses of a camera, in rows; how many rows are of an orientation each, and how many there are in all."""
    _count_covers(search, table, num_reached)
    num_orientations = _NOTHING
    for orientation in range(_TURNS):
        search.first[num_orientations] = orientation
        num_orientations += _ONE if search.twice[orientation] != _NOTHING else _NOTHING
    for row in range(num_orientations):
        _score_orientation(search, table, num_reached, row)
    return num_orientations, _add_alone(search, table, num_reached, num_orientations)


@inlined
def _worth(score, targets, covered):
    """What a pose with this score is worth that covers these targets, when ``covered`` are covered already."""
    return score + np.float64(_count_bits(targets & ~covered))


@inlined
def _find_best(search, num_rows, covered):
    """Score (but for rounding) and targets of a pose that is worth most when ``covered`` are covered already."""
    find_most(search.sum, search.union, search.most, search.most_union, num_rows, covered)
    best = 0
    for n in range(1, len(search.most)):  # not a constant: taken apart, it would be slower
        best = n if search.most[n] > search.most[best] else best
    found = search.most_union[best]
    return search.most[best] - np.float64(_count_bits(found & ~covered)), found


@inlined
def _first_of(bits):
    """The least element of a set."""
    return np.uint64(_count_bits((bits & (~bits + _ONE)) - _ONE))


@inlined
def _find_winners(search, row, covered_1, least_1, covered_2, least_2):
    """The poses of a row, as bits, that are worth enough when either set is covered already."""
    winners = _NOTHING
    for n in range(NUM_LANES):
        is_good = _worth(search.sum[row, n], search.union[row, n], covered_1) >= least_1
        is_good &= _worth(search.sum[row, n], search.union[row, n], covered_2) >= least_2
        winners |= (_ONE if is_good else _NOTHING) << np.uint64(n)
    return winners


@inlined
def _append(search, camera, pose, score, targets, listed):
    """Append a pose to the list, or put it in place of the last if it is better by the same targets; the new length.

    Without branches, because which pose is the best yet cannot be predicted.
    """
    last = listed - _ONE if listed > _NOTHING else _NOTHING
    is_alike = (listed > _NOTHING) & (search.covered[camera, last] == targets)
    is_worse = is_alike & (score < search.score[camera, last] - ROUNDING)
    is_better = is_alike & (score > search.score[camera, last] + ROUNDING)
    place = last if is_better else listed
    search.pose[camera, place], search.score[camera, place], search.covered[camera, place] = pose, score, targets
    return listed if is_worse else place + _ONE


@inlined
def _list_row(search, camera, num_orientations, row, winners, listed):
    """List poses of a row; the new length of the list."""
    while winners != _NOTHING:
        n = _first_of(winners)
        winners &= winners - _ONE
        if row < num_orientations:
            pose = search.first[row] + n * _TURNS
        else:
            pose = search.alone[(row - num_orientations) * _LANES + n]
        listed = _append(search, camera, pose, search.sum[row, n], search.union[row, n], listed)
    return listed


@inlined
def _list_poses(search, camera, num_orientations, num_rows):
    """List the poses of a camera that may be chosen, or else the first."""
    score_1, set_1 = _find_best(search, num_rows, _NOTHING)
    score_2, set_2 = _find_best(search, num_rows, set_1)
    listed = _NOTHING
    for row in range(num_rows):
        winners = _find_winners(search, row, set_1, score_1 - ROUNDING, set_2, score_2 - ROUNDING)
        listed = _list_row(search, camera, num_orientations, row, winners, listed)
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
def _memorise_choice(search, table, camera, owns, limits, covered, memo):
    """Note a camera's choice when ``covered`` are covered already."""
    choice = _best_choice(search, camera, covered)
    memo.number, memo.covered, memo.pose = search.number[0], covered, search.pose[camera, choice]
    memo.targets, memo.score = search.covered[camera, choice], search.score[camera, choice]
    memo.cost = _turning_cost(search, table, camera, owns, limits, memo.pose)


@inlined
def _choose(search, table, owns, limits, camera, n):
    """Let a camera choose at place ``n`` of an order, and add its choice to the sums of the cameras before it."""
    concerned = search.sum_targets[n] & search.reached[camera]
    memo = search.memo[camera, _slot_of(concerned)]
    if memo.number != search.number[0] or memo.covered != concerned:
        _memorise_choice(search, table, camera, owns, limits, concerned, memo)
    search.choice[camera] = memo.pose
    search.sum_cost[n + 1] = search.sum_cost[n] + memo.cost
    search.sum_score[n + 1] = search.sum_score[n] + memo.score
    search.sum_targets[n + 1] = search.sum_targets[n] | memo.targets


@inlined
def _keep_better(search, count, best, order, is_later, most, cheapest):
    """Keep the choices of an order if it is better than the best; the best order, its worth and its cost.

    More worth is better, then less cost, then to come later in lexicographic order.
    """
    total = search.sum_score[count] + np.float64(_count_bits(search.sum_targets[count]))
    cost = search.sum_cost[count]
    if best >= 0 and (total < most or (total == most and (cost > cheapest or (cost == cheapest and not is_later)))):
        return best, most, cheapest
    for camera in range(count):
        search.goal[camera] = search.choice[camera]
    return order, total, cost


@inlined
def _comes_later(orders, number, other):
    """Whether one order is lexicographically greater than another."""
    for n in range(orders.shape[1]):
        if orders[number, n] != orders[other, n]:
            return orders[number, n] > orders[other, n]
    return False


@inlined
def _try_each(search, table, owns, limits):
    """Try the orders of many cameras one by one."""
    best, most, cheapest, count = -1, 0.0, 0.0, len(owns)
    for number in range(len(search.orders)):
        for n in range(count):
            _choose(search, table, owns, limits, search.orders[number, n], n)
        is_later = best < 0 or _comes_later(search.orders, number, best)
        best, most, cheapest = _keep_better(search, count, best, number, is_later, most, cheapest)


@inlined
def _list_orders(search, count):
    """Note the orders of ``count`` cameras, at most four, as numbers to the base 4 with a digit for each camera."""
    for n in range(len(search.listed)):
        search.listed[n] = _NOTHING
    for number in range(len(search.orders)):
        code = _NOTHING
        for n in range(count):
            code = (code << _TWO) | search.orders[number, n]
        search.listed[code >> np.uint64(6)] |= _ONE << (code & np.uint64(63))


@inlined
def _try_sorted(search, table, owns, limits):
    """Try each order of few cameras once, in lexicographic order: orders that begin alike share these choices."""
    best, most, cheapest, count, last = -1, 0.0, 0.0, len(owns), ~_NOTHING
    _list_orders(search, count)
    for word in range(len(search.listed)):
        listed = search.listed[word]
        while listed != _NOTHING:
            code = np.uint64(word) * np.uint64(64) + _first_of(listed)
            listed &= listed - _ONE
            for n in range(count):
                shift = _TWO * np.uint64(count - 1 - n)
                if code >> shift != last >> shift:
                    _choose(search, table, owns, limits, (code >> shift) & np.uint64(_FEW - 1), n)
            last = code
            best, most, cheapest = _keep_better(search, count, best, np.int64(code), True, most, cheapest)


@inlined
def _try_orders(search, table, owns, limits):
    """Set the goals of the best order: most worth, then least cost, then lexicographically last."""
    search.sum_targets[0], search.sum_score[0], search.sum_cost[0] = _NOTHING, 0.0, 0.0
    if len(owns) > _FEW:
        _try_each(search, table, owns, limits)
    else:
        _try_sorted(search, table, owns, limits)


@kernel
def find_joint_goal(search, table, owns, targets, limits):
    """Write into ``search.goal`` the pose of each camera that covers the targets best, after ``search.orders``.

    ``owns`` (N, 9) are the cameras' private states, ``targets`` (M, 2) positions of the known targets, ``limits`` the
    largest rotation and zoom of the camera that plans. A camera without a target in reach takes part in the search, but
    gets no goal (NO_POSE).
    """
    search, table, owns, targets, limits = borrowed((search, table, owns, targets, limits))
    search.number[0] += 1
    for camera in range(len(owns)):
        search.orientation[camera] = orientation_of(owns[camera])
        num_reached = _find_reached(search, table, owns, camera, targets)
        num_orientations, num_rows = _score_poses(search, table, num_reached)
        _list_poses(search, camera, num_orientations, num_rows)
    _try_orders(search, table, owns, limits)
    for camera in range(len(owns)):
        if search.reached[camera] == _NOTHING:
            search.goal[camera] = NO_POSE
