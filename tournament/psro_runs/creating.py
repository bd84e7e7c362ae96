"""Creation of PSRO runs: from initial agents, or from an iteration of another run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from mate import Team
from tournament import entries, names, operated, organising, trainings, withdrawal
from tournament.attacks import MAX_ATTACKERS
from tournament.meta_solvers import META_SOLVERS
from tournament.models import Agent, AgentKind, PsroIteration, PsroPhase, PsroRun, Purpose, Scenario
from tournament.psro_runs.populations import members, population
from tournament.refusals import RequestRefused

MAX_ITERATIONS = 200
MAX_POOL = 20
"""Maximum number of agents in an initial population."""
TRAINING_FIELDS = ("algorithm", "preset", "hyperparameters", "steps", "evaluation_episodes", "cores")
INHERITED = (
    "scenario", "meta_solver", "camera_training", "target_training", "episodes_per_pairing", "is_anytime", "is_warm",
    "base_seed", "iterations_wanted", "epsilon", "hours_wanted", "num_attackers",
)  # fmt: skip
"""Settings that a fork inherits from its origin."""


class PsroRefused(RequestRefused):
    """A PSRO run that cannot be created as requested."""


def create_run(
    name: str,
    scenario: Scenario,
    cameras: Iterable[Agent],
    targets: Iterable[Agent],
    camera_training: Mapping[str, Any],
    target_training: Mapping[str, Any],
    *,
    meta_solver: str = "nash",
    iterations: int = 5,
    episodes_per_pairing: int = 100,
    epsilon: float | None = None,
    hours: float | None = None,
    is_anytime: bool = False,
    is_warm: bool = True,
    base_seed: int = 0,
    num_attackers: int = 3,
    owner: Any = None,
) -> PsroRun:
    """Create a PSRO run that begins with these agents; the sweep starts it within seconds.

    `camera_training` and `target_training` are settings of `trainings.create_training`: algorithm, preset,
    hyperparameters, steps, evaluation_episodes, cores. A run that ends by `epsilon` first trains `num_attackers`
    against each strategy, which must gain less; with 0 it ends by NashConv alone. Raises PsroRefused with every reason.
    """
    pools: dict[str, list[Agent]] = {
        Team.CAMERA: list(dict.fromkeys(cameras)),
        Team.TARGET: list(dict.fromkeys(targets)),
    }
    settings: dict[str, dict[str, Any]] = {Team.CAMERA: dict(camera_training), Team.TARGET: dict(target_training)}
    problems = _check_run(name, meta_solver, iterations, episodes_per_pairing, epsilon, hours, base_seed)
    if not 0 <= num_attackers <= MAX_ATTACKERS:
        text = f"{num_attackers} were requested: expected 0 to {MAX_ATTACKERS} attackers of each strategy."
        problems.append(("num_attackers", text))
    misfits = {team: _check_pool(team, pools[team], scenario) for team in pools}
    for team in Team:
        rival = team.opponent
        opponent = _stand_in(rival) if misfits[rival] else pools[rival][0]
        problems += misfits[team] + _check_training(team, settings[team], scenario, opponent)
    if problems:
        raise PsroRefused(problems)
    with transaction.atomic():
        run = PsroRun.objects.create(
            owner=owner, name=name.strip(), scenario=scenario, meta_solver=meta_solver, is_anytime=is_anytime,
            camera_training=settings[Team.CAMERA], target_training=settings[Team.TARGET], is_warm=is_warm,
            episodes_per_pairing=episodes_per_pairing, iterations_wanted=iterations, epsilon=epsilon,
            hours_wanted=hours, base_seed=base_seed, num_attackers=num_attackers, resumed=timezone.now(),
        )  # fmt: skip
        run.cameras.set(pools[Team.CAMERA])
        run.targets.set(pools[Team.TARGET])
    return run


def _check_run(
    name: str,
    meta_solver: str,
    iterations: int,
    episodes: int,
    epsilon: float | None,
    hours: float | None,
    base_seed: int,
) -> list[tuple[str, str]]:
    problems = []
    if not name.strip() or len(name) > 60:
        problems.append(("name", "A PSRO run needs a name of at most 60 characters; its agents are named after it."))
    elif problem := names.find_agent_problem(name):
        problems.append(("name", problem))
    if meta_solver not in META_SOLVERS:
        problems.append(("meta_solver", f"{meta_solver!r} is unknown: choose one of {', '.join(META_SOLVERS)}."))
    if not 0 <= iterations <= MAX_ITERATIONS:
        problems.append(("iterations", f"{iterations} were requested: expected 0 to {MAX_ITERATIONS}."))
    if not 2 <= episodes <= organising.MAX_EPISODES_PER_PAIRING:
        most = organising.MAX_EPISODES_PER_PAIRING
        problems.append(("episodes_per_pairing", f"{episodes} were requested: expected 2 to {most:,}."))
    if epsilon is not None and not 0 < epsilon < 10:
        problems.append(("epsilon", f"{epsilon} was requested: expected a payoff above 0, such as 0.05."))
    if hours is not None and not 0 < hours <= 10_000:
        problems.append(("hours", f"{hours} were requested: expected a number of hours above 0."))
    if not 0 <= base_seed < 2**63:
        problems.append(("base_seed", f"{base_seed} was requested: expected a whole number from 0 to 2^63 - 1."))
    return problems


def _check_pool(team: str, pool: list[Agent], scenario: Scenario) -> list[tuple[str, str]]:
    field = f"{team}s"
    if not 1 <= len(pool) <= MAX_POOL:
        return [(field, f"A population begins with 1 to {MAX_POOL} agents; {len(pool)} were chosen.")]
    problems = [(field, f"{agent.name} is no {team} agent.") for agent in pool if agent.team != team]
    return problems + [
        (field, problem)
        for agent in pool
        for problem in (
            *entries.check_fitness(agent, scenario).problems,
            withdrawal.find_problem(agent),
            operated.find_training_problem(agent),
        )
        if problem
    ]


def _stand_in(team: str) -> Agent:
    """Return the opponent for checking trainings where the initial population is invalid."""
    return Agent.objects.get(team=team, kind=AgentKind.BUILTIN, spec__name="random")


def _check_training(team: str, settings: dict[str, Any], scenario: Scenario, opponent: Agent) -> list[tuple[str, str]]:
    """Return the problems that `create_training` finds in the settings; its rows are rolled back."""
    unknown = sorted(settings.keys() - set(TRAINING_FIELDS))
    if unknown or "algorithm" not in settings:
        text = (
            f"expected an algorithm and, if need be, {', '.join(TRAINING_FIELDS[1:])}; {unknown or 'no algorithm'} "
            f"was given."
        )
        return [(f"{team}_training", text)]
    try:
        with transaction.atomic():
            trainings.create_training("Trial", scenario, team, opponent=opponent, purpose=Purpose.PSRO, **settings)
            raise _Undo
    except _Undo:
        return []
    except trainings.TrainingRefused as refusal:
        return [(f"{team}_{field}" if field else f"{team}_training", text) for field, text in refusal.problems]


class _Undo(Exception):
    """Rolls back rows that were created on trial."""


def fork_run(run: PsroRun, number: int, name: str, owner: Any = None, **changes: Any) -> PsroRun:
    """Create a run that shares this one's first iterations, up to `number`, which must be solved.

    `changes` are other settings of its later iterations: meta_solver, iterations_wanted, epsilon, hours_wanted,
    is_anytime, base_seed, camera_training, target_training. Raises PsroRefused.
    """
    shared = list(run.iterations.filter(number__lte=number, phase=PsroPhase.SOLVED))
    if not shared or shared[-1].number != number:
        raise PsroRefused(
            [("number", f"Iteration {number} of “{run.name}” is not solved, so nothing can start from it.")]
        )
    values = {field: getattr(run, field) for field in INHERITED} | changes
    _check_fork(run, number, name, values)
    with transaction.atomic():
        fork = PsroRun.objects.create(name=name.strip(), owner=owner, forked_from=run, resumed=timezone.now(), **values)
        fork.cameras.set(run.cameras.all())
        fork.targets.set(run.targets.all())
        for row in shared:
            _copy_iteration(row, fork)
    return fork


def _check_fork(run: PsroRun, number: int, name: str, values: Mapping[str, Any]) -> None:
    gone = [one.name for team in Team for one in members(run, team, number) if one.agent is None]
    if gone:
        raise PsroRefused(
            [("number", f"{', '.join(gone)}: not in the uploaded file, so nothing can be played from there.")]
        )
    if not values["camera_training"] or not values["target_training"]:
        raise PsroRefused(
            [("", "An imported run says nothing of how it was trained: give the settings of both teams.")]
        )
    check = ("meta_solver", "iterations_wanted", "episodes_per_pairing", "epsilon", "hours_wanted", "base_seed")
    problems = _check_run(name, *(values[field] for field in check))
    for team in Team:
        opponent = population(run, team.opponent, number)[0]
        problems += _check_training(team, values[f"{team}_training"], run.scenario, opponent)
    if problems:
        raise PsroRefused(problems)


def _copy_iteration(row: PsroIteration, fork: PsroRun) -> None:
    row.pk, row.run, row._state.adding = None, fork, True
    row.camera_training = row.target_training = row.tournament = None
    row.save(force_insert=True)
