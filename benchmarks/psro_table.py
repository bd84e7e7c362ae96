"""Checks of a finished PSRO run: its payoff table and all derived figures, recomputed from the rows of its episodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tournament.models import PsroIteration, PsroRun

CLOSE = 1e-9


def find_faults(run: PsroRun) -> list[str]:
    """Return all problems of a finished run; empty if it is complete and consistent."""
    from tournament.models import PsroPhase, PsroState

    if run.state != PsroState.FINISHED:
        return [f"it is {run.state}: {run.reason}"]
    iterations = list(run.iterations.all())
    numbers = [row.number for row in iterations if row.phase == PsroPhase.SOLVED]
    if numbers != list(range(run.iterations_wanted + 1)) or len(numbers) != len(iterations):
        return [f"the solved iterations are {numbers}, wanted were 0 to {run.iterations_wanted}"]
    faults = [fault for row in iterations for fault in check_populations(run, row)]
    faults += [fault for row in iterations for fault in check_against_last(row, iterations[-1])]
    return faults + list(check_cells(run, iterations[-1])) + list(check_leftovers(run))


def check_populations(run: PsroRun, row: PsroIteration) -> Iterator[str]:
    """Check that populations have grown by one agent, sizes of strategies and tables agree, and strategies sum to 1."""
    from tournament import psro_runs

    first = {"camera": run.cameras.count(), "target": run.targets.count()}
    for team, strategy in (("camera", row.camera_strategy), ("target", row.target_strategy)):
        wanted = first[team] + row.number
        sizes = len(psro_runs.population(run, team, row.number)), len(strategy), len(row.table[f"{team}s"])
        if set(sizes) != {wanted}:
            yield f"iteration {row.number} has {sizes} {team}s in population, strategy and table instead of {wanted}"
        if abs(sum(strategy) - 1) > CLOSE:
            yield f"the {team}s' strategy of iteration {row.number} sums to {sum(strategy)}"


def check_against_last(row: PsroIteration, last: PsroIteration) -> Iterator[str]:
    """Check that a played cell keeps its numbers in all later iterations."""
    for name in ("payoff", "error", "count", "coverage"):
        table = np.array(row.table[name], dtype=np.float64)
        later = np.array(last.table[name], dtype=np.float64)[: table.shape[0], : table.shape[1]]
        if not np.allclose(table, later, rtol=0, atol=CLOSE):
            yield f"{name} of iteration {row.number} is not what iteration {last.number} has of it"


def check_cells(run: PsroRun, row: PsroIteration) -> Iterator[str]:
    """Check that every cell's episodes exist once, and that its mean, error and coverage are computed from them."""
    from tournament import contents, leaderboards
    from tournament.models import Episode, Pairing

    assert row.tournament is not None
    seeds = contents.Contents(row.tournament).sorted_seeds()
    for i, camera in enumerate(row.table["cameras"]):
        for j, target in enumerate(row.table["targets"]):
            pairing = Pairing.objects.get(scenario=run.scenario, camera__digest=camera, target__digest=target)
            wanted = seeds[pairing.pk].tolist()
            here = {"pairing": pairing, "engine": row.tournament.engine, "device": leaderboards.DEVICE}
            rows = Episode.objects.filter(seed__in=wanted, **here)
            found = np.array(list(rows.values_list("normalised_reward", "coverage")), dtype=np.float64).reshape(-1, 2)
            cell = {name: row.table[name][i][j] for name in ("payoff", "error", "count", "coverage")}
            for fault in compare(cell, found, len(set(wanted)), run.episodes_per_pairing):
                yield f"cell {i}, {j}: {fault}"


def compare(cell: dict[str, Any], found: np.ndarray, num_seeds: int, wanted: int) -> Iterator[str]:
    """Compare a cell of the table with its episodes (n, 2): the targets' normalised rewards, and coverage rates."""
    numbers = {cell["count"], len(found), num_seeds, wanted}
    if len(numbers) != 1:
        yield (
            f"{cell['count']} episodes are told, {len(found)} rows are there, {num_seeds} seeds, {wanted} were asked "
            f"for"
        )
        return
    told = cell["payoff"], cell["error"], cell["coverage"]
    again = -found[:, 0].mean(), found[:, 0].std(ddof=1) / np.sqrt(len(found)), found[:, 1].mean()
    if not np.allclose(told, again, rtol=0, atol=CLOSE):
        yield f"payoff, error and coverage are {told}, recomputed {again}"


def check_leftovers(run: PsroRun) -> Iterator[str]:
    """Check that nothing was started twice, nothing is open, and the final strategies are listed agents."""
    from tournament.models import Block, BlockState, Tournament, TrainingRun, TrainingState

    states = list(TrainingRun.objects.filter(name__startswith=f"{run.name}, ").values_list("state", flat=True))
    if states != [TrainingState.FINISHED] * (2 * run.iterations_wanted):
        yield f"its trainings are {states}"
    asked = Tournament.objects.filter(name__startswith=f"{run.name}: ", purpose="psro").count()
    if asked != run.iterations_wanted + 1:
        yield f"it has {asked} tournaments"
    open_blocks = Block.objects.filter(state__in=(BlockState.WAITING, BlockState.LEASED)).count()
    if open_blocks:
        yield f"{open_blocks} blocks are open"
    for agent in (run.camera_agent, run.target_agent):
        if agent is None or not agent.is_listed:
            yield f"a final strategy is no listed agent: {agent}"
