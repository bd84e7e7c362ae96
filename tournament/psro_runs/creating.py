"""Creation of PSRO runs: from initial agents, or from an iteration of another run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, asdict, dataclass, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from mate import Team
from tournament import entries, names, operated, organising, trainings, withdrawal
from tournament.attacks import MAX_ATTACKERS
from tournament.meta_solvers import META_SOLVERS
from tournament.models import Agent, AgentKind, PsroIteration, PsroKind, PsroPhase, PsroRun, Purpose, Scenario
from tournament.psro_runs.populations import members, population
from tournament.psro_runs.requesting import training_of
from tournament.refusals import RequestRefused
from tournament.trainings import TrainingRequest, TrainingSettings

MAX_ITERATIONS = 200
MAX_POOL = 20
"""Maximum number of agents in an initial population."""
MAX_ROUNDS = 50
"""Maximum number of rounds in an iteration of anytime PSRO; each trains a response of both teams."""


class PsroRefused(RequestRefused):
    """A PSRO run that cannot be created as requested."""


@dataclass(frozen=True)
class PsroRequest:
    """A PSRO run that begins with these agents, and how each team's best responses are trained.

    Before a run ends by `epsilon`, it trains `num_attackers` attackers against each strategy, which must gain less than
    `epsilon`. With 0 attackers it ends by NashConv alone. `hours` is None for no limit.
    """

    name: str
    scenario: Scenario
    cameras: Iterable[Agent]
    targets: Iterable[Agent]
    camera_training: TrainingSettings
    target_training: TrainingSettings
    _: KW_ONLY
    kind: str = PsroKind.ORDINARY
    rounds: int = 4
    meta_solver: str = "nash"
    iterations: int = 5
    episodes_per_pairing: int = 100
    epsilon: float | None = None
    hours: float | None = None
    is_anytime: bool = False
    is_warm: bool = True
    base_seed: int = 0
    num_attackers: int = 3
    owner: Any = None

    def training_of(self, team: str) -> TrainingSettings:
        """Return how a team's best responses are trained."""
        return self.camera_training if team == Team.CAMERA else self.target_training


@dataclass(frozen=True)
class ForkRequest:
    """A run that shares another's first iterations, up to `number`; fields that are None keep its settings."""

    name: str
    number: int
    _: KW_ONLY
    owner: Any = None
    meta_solver: str | None = None
    iterations: int | None = None
    epsilon: float | None = None
    hours: float | None = None
    is_anytime: bool | None = None
    base_seed: int | None = None
    camera_training: TrainingSettings | None = None
    target_training: TrainingSettings | None = None


def create_run(request: PsroRequest) -> PsroRun:
    """Create a PSRO run; the sweep starts it within seconds. Raises PsroRefused with every reason."""
    pools = {Team.CAMERA: list(dict.fromkeys(request.cameras)), Team.TARGET: list(dict.fromkeys(request.targets))}
    problems = _check_run(request)
    misfits = {team: _check_pool(team, pools[team], request.scenario) for team in Team}
    for team in Team:
        rival = team.opponent
        opponent = _stand_in(rival) if misfits[rival] else pools[rival][0]
        problems += misfits[team] + _check_training(team, request, opponent)
    if problems:
        raise PsroRefused(problems)
    with transaction.atomic():
        run = _create(request)
        run.cameras.set(pools[Team.CAMERA])
        run.targets.set(pools[Team.TARGET])
    return run


def _create(request: PsroRequest, forked_from: PsroRun | None = None) -> PsroRun:
    return PsroRun.objects.create(
        owner=request.owner, name=request.name.strip(), scenario=request.scenario, kind=request.kind,
        rounds=request.rounds, meta_solver=request.meta_solver,
        is_anytime=request.is_anytime, camera_training=asdict(request.camera_training),
        target_training=asdict(request.target_training), is_warm=request.is_warm,
        episodes_per_pairing=request.episodes_per_pairing, iterations_wanted=request.iterations,
        epsilon=request.epsilon, hours_wanted=request.hours, base_seed=request.base_seed,
        num_attackers=request.num_attackers, resumed=timezone.now(), forked_from=forked_from,
    )  # fmt: skip


def _check_run(request: PsroRequest) -> list[tuple[str, str]]:
    """Return the problems of a request besides its agents and trainings."""
    name, iterations, episodes = request.name, request.iterations, request.episodes_per_pairing
    problems = []
    if not name.strip() or len(name) > 60:
        problems.append(("name", "A PSRO run needs a name of at most 60 characters; its agents are named after it."))
    elif problem := names.find_agent_problem(name):
        problems.append(("name", problem))
    if request.kind not in PsroKind.values:
        problems.append(("kind", f"{request.kind!r} is unknown: choose one of {', '.join(PsroKind.values)}."))
    if not 1 <= request.rounds <= MAX_ROUNDS:
        problems.append(("rounds", f"{request.rounds} were requested: expected 1 to {MAX_ROUNDS} rounds."))
    if request.meta_solver not in META_SOLVERS:
        text = f"{request.meta_solver!r} is unknown: choose one of {', '.join(META_SOLVERS)}."
        problems.append(("meta_solver", text))
    if not 0 <= iterations <= MAX_ITERATIONS:
        problems.append(("iterations", f"{iterations} were requested: expected 0 to {MAX_ITERATIONS}."))
    if not 2 <= episodes <= organising.MAX_EPISODES_PER_PAIRING:
        most = organising.MAX_EPISODES_PER_PAIRING
        problems.append(("episodes_per_pairing", f"{episodes} were requested: expected 2 to {most:,}."))
    if request.epsilon is not None and not 0 < request.epsilon < 10:
        text = f"{request.epsilon} was requested: expected a payoff above 0, such as 0.05."
        problems.append(("epsilon", text))
    if request.hours is not None and not 0 < request.hours <= 10_000:
        problems.append(("hours", f"{request.hours} were requested: expected a number of hours above 0."))
    if not 0 <= request.base_seed < 2**63:
        text = f"{request.base_seed} was requested: expected a whole number from 0 to 2^63 - 1."
        problems.append(("base_seed", text))
    if not 0 <= request.num_attackers <= MAX_ATTACKERS:
        text = f"{request.num_attackers} were requested: expected 0 to {MAX_ATTACKERS} attackers of each strategy."
        problems.append(("num_attackers", text))
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


def _check_training(team: Team, request: PsroRequest, opponent: Agent) -> list[tuple[str, str]]:
    """Return the problems that `create_training` finds in a team's settings; its rows are rolled back."""
    trial = TrainingRequest(
        "Trial", request.scenario, team, opponent=opponent, purpose=Purpose.PSRO, **vars(request.training_of(team)),
    )  # fmt: skip
    try:
        with transaction.atomic():
            trainings.create_training(trial)
            raise _Undo
    except _Undo:
        return []
    except trainings.TrainingRefused as refusal:
        return [(f"{team}_{field}" if field else f"{team}_training", text) for field, text in refusal.problems]


class _Undo(Exception):
    """Rolls back rows that were created on trial."""


def fork_run(run: PsroRun, request: ForkRequest) -> PsroRun:
    """Create a run that shares this one's iterations up to a solved one. Raises PsroRefused."""
    number = request.number
    shared = list(run.iterations.filter(number__lte=number, phase=PsroPhase.SOLVED))
    if not shared or shared[-1].number != number:
        raise PsroRefused(
            [("number", f"Iteration {number} of “{run.name}” is not solved, so nothing can start from it.")]
        )
    whole = _check_fork(run, request)
    with transaction.atomic():
        fork = _create(whole, forked_from=run)
        fork.cameras.set(run.cameras.all())
        fork.targets.set(run.targets.all())
        for row in shared:
            _copy_iteration(row, fork)
    return fork


def _check_fork(run: PsroRun, request: ForkRequest) -> PsroRequest:
    """Return all settings of a fork. Raises PsroRefused."""
    number = request.number
    gone = [one.name for team in Team for one in members(run, team, number) if one.agent is None]
    if gone:
        raise PsroRefused(
            [("number", f"{', '.join(gone)}: not in the uploaded file, so nothing can be played from there.")]
        )
    whole = _complete(run, request)
    problems = _check_run(whole)
    for team in Team:
        problems += _check_training(team, whole, population(run, team.opponent, number)[0])
    if problems:
        raise PsroRefused(problems)
    return whole


def _complete(run: PsroRun, request: ForkRequest) -> PsroRequest:
    """Return a fork's own settings and, where it has none, those of its origin. Raises PsroRefused."""
    taught = [getattr(request, f"{team}_training") or training_of(run, team) for team in Team]
    if not all(taught):
        raise PsroRefused(
            [("", "An imported run says nothing of how it was trained: give the settings of both teams.")]
        )
    camera, target = (one if isinstance(one, TrainingSettings) else TrainingSettings(**one) for one in taught)
    origin = PsroRequest(
        request.name, run.scenario, (), (), camera, target, kind=run.kind, rounds=run.rounds,
        meta_solver=run.meta_solver,
        iterations=run.iterations_wanted, episodes_per_pairing=run.episodes_per_pairing, epsilon=run.epsilon,
        hours=run.hours_wanted, is_anytime=run.is_anytime, is_warm=run.is_warm, base_seed=run.base_seed,
        num_attackers=run.num_attackers,
    )  # fmt: skip
    changes = {name: value for name, value in vars(request).items() if name != "number" and value is not None}
    return replace(origin, **changes)


def _copy_iteration(row: PsroIteration, fork: PsroRun) -> None:
    rounds = list(row.rounds.all())
    row.pk, row.run, row._state.adding = None, fork, True
    row.camera_training = row.target_training = row.tournament = None
    row.save(force_insert=True)
    for one in rounds:  # The next responses continue those of the rounds.
        one.pk, one.iteration, one._state.adding, one.tournament = None, row, True, None
        one.save(force_insert=True)
