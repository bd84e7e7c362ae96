"""PSRO results as files: uploaded trees become finished runs, and runs are exported in upstream's layout."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils import timezone

from mate import Team
from policies.compatibility import find_preset
from policies.importing import ImportRefused
from tournament import entries
from tournament.meta_solvers import META_SOLVERS
from tournament.models import Agent, AgentKind, PsroIteration, PsroKind, PsroPhase, PsroRun, PsroState, Scenario, Upload
from tournament.payoffs import MetaGame
from tournament.psro import accounts, layout
from tournament.psro_runs.creating import PsroRefused

if TYPE_CHECKING:
    from policies.importing import ImportedIteration, ImportedResult, ImportReport
    from policies.recipe import Recipe

SOLVERS = {solver.upstream: name for name, solver in META_SOLVERS.items() if solver.upstream}
"""Meta-solvers by upstream's abbreviations, with which the names of its folders begin."""


# Import


def enter_results(upload: Upload, report: ImportReport, accepted: Iterable[Agent]) -> list[PsroRun]:
    """Create finished runs of a report's PSRO results, with every iteration that has payoffs and both strategies.

    Agents whose checkpoints are not in the file have a position and a name, and no row. Results whose scenario is not a
    packaged one are left out. The scenario is registered only for a run, not for the agents alone.
    """
    complete = [(result, solved) for result in report.results if (solved := _solved(_by_number(result)))]
    scenario = _find_scenario(imported.checkpoint.recipe for imported in report.agents) if complete else None
    if scenario is None:
        return []
    by_checkpoint = {row.spec["checkpoint"]: row for row in accepted if row.kind == AgentKind.CHECKPOINT}
    return [_enter(upload, result, solved, by_checkpoint, scenario) for result, solved in complete]


def _find_scenario(recipes: Iterable[Recipe]) -> Scenario | None:
    """Return the packaged scenario of the agents, by its dimensions and enhanced observation."""
    for recipe in recipes:
        name = find_preset(recipe)
        if name is not None:
            return entries.register_scenario(name, recipe.enhanced_observation)
    return None


Players = Mapping[str, Mapping[int, "ImportedIteration"]]
Tables = Mapping[int, Mapping[str, np.ndarray | None]]


def _by_number(result: ImportedResult) -> Players:
    return {team: {one.number: one for one in result.iterations if one.player == team} for team in Team}


def _solved(players: Players) -> Tables:
    """Return the arrays of the solved iterations by number; nothing if one is missing before the last."""
    both = sorted(players[Team.CAMERA].keys() & players[Team.TARGET].keys())
    solved = {number: table for number in both if (table := _read(players, number)) is not None}
    return solved if list(solved) == list(range(len(solved))) else {}


def _enter(
    upload: Upload, result: ImportedResult, solved: Tables, agents: Mapping[str, Agent], scenario: Scenario
) -> PsroRun:
    players = _by_number(result)
    run = PsroRun.objects.create(
        name=(upload.name or result.name)[:60], owner=upload.owner, upload=upload, scenario=scenario,
        meta_solver=SOLVERS.get(result.name.split("-")[0], "nash"), episodes_per_pairing=0,
        iterations_wanted=len(solved) - 1, state=PsroState.FINISHED, reason="It was trained elsewhere and uploaded.",
        finished=timezone.now(),
    )  # fmt: skip
    run.cameras.set(Agent.objects.filter(kind=AgentKind.BUILTIN, team=Team.CAMERA, spec__name="random"))
    run.targets.set(Agent.objects.filter(kind=AgentKind.BUILTIN, team=Team.TARGET, spec__name="random"))
    for number, iteration in solved.items():
        _enter_iteration(run, number, iteration, players, agents)
    return run


def _rows(players: Players, team: str, number: int, name: str) -> np.ndarray | None:
    one = players[team].get(number)
    table = next((table for table in one.tables if table.name == name), None) if one else None
    return None if table is None else np.array(table.rows, dtype=np.float64)


def _read(players: Players, number: int) -> dict[str, np.ndarray | None] | None:
    """Return the arrays of an iteration; None where it is not solved. Raises ImportRefused for mismatched shapes."""
    payoff = _rows(players, Team.CAMERA, number, "payoff")
    camera, target = (_rows(players, team, number, "sigma") for team in Team)
    if payoff is None or camera is None or target is None:
        return None
    if payoff.shape != (camera.size, target.size) or payoff.shape != (number + 1, number + 1):
        raise ImportRefused(
            f"iteration {number} has payoffs of shape {payoff.shape} and strategies of {camera.size} cameras and "
            f"{target.size} "
            f"targets; pools of {number + 1} agents each are expected"
        )
    coverage = _rows(players, Team.CAMERA, number, "coverage_rate")
    lost = _rows(players, Team.CAMERA, number - 1, "exploitability") if number else None
    return {"payoff": payoff, "camera": camera.ravel(), "target": target.ravel(), "coverage": coverage, "lost": lost}


def _enter_iteration(
    run: PsroRun, number: int, arrays: Mapping[str, Any], players: Players, agents: Mapping[str, Agent]
) -> None:
    payoff, coverage = arrays["payoff"], arrays["coverage"]
    shape = payoff.shape
    names = {team: tuple(f"{team}/{one:05d}" for one in range(shape[0])) for team in Team}
    unknown = np.full(shape, np.nan)
    meta_game = MetaGame(names[Team.CAMERA], names[Team.TARGET], payoff, unknown, np.zeros(shape, dtype=np.int64))
    table = accounts.PsroGame.of(meta_game, unknown if coverage is None or coverage.shape != shape else coverage)
    figures = accounts.figures(meta_game, (arrays["camera"], arrays["target"]), None)
    if arrays["lost"] is not None and arrays["lost"].shape[1] == 3:
        row = arrays["lost"][-1].tolist()
        figures |= {"exploitability": row, "nash_conv": row[1] + row[2], "nash_conv_interval": None}
    own = {team: players[team][number] for team in Team}
    PsroIteration.objects.create(
        run=run, number=number, phase=PsroPhase.SOLVED, solved=timezone.now(), table=table.to_json(),
        camera_strategy=arrays["camera"].tolist(), target_strategy=arrays["target"].tolist(),
        figures=figures | {"checkpoints": {team: own[team].checkpoint for team in own if own[team].checkpoint}},
        **{team: agents.get(own[team].agent or "") for team in own},
    )  # fmt: skip


# Export


def write_run(run: PsroRun) -> bytes:
    """Return a run's solved iterations as a zip in upstream's layout (docs/psro.md). Raises PsroRefused without any."""
    solved = list(run.iterations.filter(phase=PsroPhase.SOLVED).select_related("camera", "target"))
    if not solved:
        raise PsroRefused([("", "Nothing of this run is solved yet: there is nothing to export.")])
    result = layout.arrange_result(name_of(run), map(_describe, solved))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in layout.write_result(result).items():
            archive.writestr(zipfile.ZipInfo(path, (2000, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def name_of(run: PsroRun) -> str:
    """Return the name of a run's folder."""
    if run.upload_id:
        return run.name
    algorithms = (run.camera_training["algorithm"], run.target_training["algorithm"])
    return layout.name_result(run.kind if run.kind == PsroKind.ANYTIME else run.meta_solver, *algorithms)


def _describe(iteration: PsroIteration) -> layout.Solved:
    lost = iteration.figures.get("exploitability")
    coverage = np.array(iteration.table["coverage"], dtype=np.float64)
    return layout.Solved(
        np.array(iteration.table["payoff"], dtype=np.float64),
        np.array(iteration.camera_strategy),
        np.array(iteration.target_strategy),
        None if np.isnan(coverage).any() else coverage,
        tuple(lost) if lost else None,
        _checkpoint_of(iteration, Team.CAMERA),
        _checkpoint_of(iteration, Team.TARGET),
    )


def _checkpoint_of(iteration: PsroIteration, team: str) -> str | None:
    """Return the path of an iteration's agent: on the machine that trained it, or the portal's own."""
    recorded = iteration.figures.get("checkpoints", {}).get(team)
    agent: Agent | None = getattr(iteration, team)
    return recorded or (agent.checkpoint.name or None if agent is not None else None)
