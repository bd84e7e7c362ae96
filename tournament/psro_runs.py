"""PSRO runs: asked for, paused, resumed, extended, forked, cancelled. How they go on is `tournament.psro_steps`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from tournament import entries, organising, trainings
from tournament.meta_solvers import META_SOLVERS
from tournament.models import (
    Agent,
    PsroIteration,
    PsroPhase,
    PsroRun,
    PsroState,
    Scenario,
    Team,
    Tournament,
    TournamentState,
    TrainingRun,
    TrainingState,
)
from tournament.refusals import RequestRefused

MAX_ITERATIONS = 200
MAX_POOL = 20
"""Agents that a population may begin with."""
TEAMS: tuple[str, str] = (Team.CAMERA, Team.TARGET)
OPEN = (PsroState.RUNNING, PsroState.PAUSED, PsroState.FAILED)
TRAINING_FIELDS = ("algorithm", "preset", "hyperparameters", "steps", "evaluation_episodes", "cores")


class PsroRefused(RequestRefused):
    """A PSRO run cannot be had as it was asked for."""


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
    owner: Any = None,
) -> PsroRun:
    """Ask for a PSRO run that begins with these agents; the sweep begins it within seconds.

    `camera_training` and `target_training` are settings of `trainings.create_training`: algorithm, preset, hyperparameters,
    steps, evaluation_episodes, cores. Raises PsroRefused with every reason.
    """
    pools = {Team.CAMERA: list(dict.fromkeys(cameras)), Team.TARGET: list(dict.fromkeys(targets))}
    settings = {Team.CAMERA: dict(camera_training), Team.TARGET: dict(target_training)}
    problems = _check_run(name, meta_solver, iterations, episodes_per_pairing, epsilon, hours, base_seed)
    for team in pools:
        problems += _check_pool(team, pools[team], scenario)
    if not problems:
        for team, rivals in ((Team.CAMERA, Team.TARGET), (Team.TARGET, Team.CAMERA)):
            problems += _check_training(team, settings[team], scenario, pools[rivals][0])
    if problems:
        raise PsroRefused(problems)
    with transaction.atomic():
        run = PsroRun.objects.create(
            owner=owner, name=name.strip(), scenario=scenario, meta_solver=meta_solver, is_anytime=is_anytime,
            camera_training=settings[Team.CAMERA], target_training=settings[Team.TARGET], is_warm=is_warm,
            episodes_per_pairing=episodes_per_pairing, iterations_wanted=iterations, epsilon=epsilon,
            hours_wanted=hours, base_seed=base_seed, resumed=timezone.now(),
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
    if meta_solver not in META_SOLVERS:
        problems.append(("meta_solver", f"{meta_solver!r} is unknown: choose one of {', '.join(META_SOLVERS)}."))
    if not 0 <= iterations <= MAX_ITERATIONS:
        problems.append(("iterations", f"{iterations} were asked for, 0 to {MAX_ITERATIONS} are possible."))
    if not 2 <= episodes <= organising.MAX_EPISODES_PER_PAIRING:
        most = organising.MAX_EPISODES_PER_PAIRING
        problems.append(("episodes_per_pairing", f"{episodes} were asked for, 2 to {most:,} are possible."))
    if epsilon is not None and not 0 < epsilon < 10:
        problems.append(("epsilon", f"{epsilon} was asked for: expected a payoff above 0, such as 0.05."))
    if hours is not None and not 0 < hours <= 10_000:
        problems.append(("hours", f"{hours} were asked for: expected a number of hours above 0."))
    if not 0 <= base_seed < 2**63:
        problems.append(("base_seed", f"{base_seed} was asked for: expected a whole number from 0 to 2^63 - 1."))
    return problems


def _check_pool(team: str, pool: list[Agent], scenario: Scenario) -> list[tuple[str, str]]:
    field = f"{team}s"
    if not 1 <= len(pool) <= MAX_POOL:
        return [(field, f"A population begins with 1 to {MAX_POOL} agents; {len(pool)} were chosen.")]
    problems = [(field, f"{agent.name} is no {team} agent.") for agent in pool if agent.team != team]
    return problems + [
        (field, problem) for agent in pool for problem in entries.check_fitness(agent, scenario).problems
    ]


def _check_training(team: str, settings: dict[str, Any], scenario: Scenario, opponent: Agent) -> list[tuple[str, str]]:
    """What `create_training` has against the settings; nothing is made."""
    unknown = sorted(settings.keys() - set(TRAINING_FIELDS))
    if unknown or "algorithm" not in settings:
        text = f"expected an algorithm and, if need be, {', '.join(TRAINING_FIELDS[1:])}; {unknown or 'no algorithm'} was given."
        return [(f"{team}_training", text)]
    try:
        with transaction.atomic():
            trainings.create_training("Trial", scenario, team, opponent=opponent, purpose="psro", **settings)
            raise _Undo
    except _Undo:
        return []
    except trainings.TrainingRefused as refusal:
        return [(f"{team}_{field}" if field else f"{team}_training", text) for field, text in refusal.problems]


class _Undo(Exception):
    """Takes back what was made on trial."""


# Changing one that is there


def trainings_of(run: PsroRun) -> list[TrainingRun]:
    """The trainings of the newest iteration."""
    newest = run.iterations.last()
    made = (newest.camera_training, newest.target_training) if newest else ()
    return [training for training in made if training is not None]


def pause_run(run: PsroRun) -> bool:
    """Let a run stand still: its trainings write their state, matches that are under way are played. Returns whether it ran."""
    with transaction.atomic():
        rows = PsroRun.objects.select_for_update().filter(pk=run.pk, state=PsroState.RUNNING)
        row = rows.first()
        if row is not None:
            stop_clock(row)
            row.state = PsroState.PAUSED
            row.save(update_fields=["state", "seconds_before", "resumed"])
            for training in trainings_of(row):
                trainings.pause_training(training)
    run.refresh_from_db()
    return row is not None


def resume_run(run: PsroRun) -> bool:
    """Let a run that stands still go on; what failed is tried again. Returns whether it stood still."""
    with transaction.atomic():
        rows = PsroRun.objects.select_for_update().filter(pk=run.pk, state__in=(PsroState.PAUSED, PsroState.FAILED))
        row = rows.first()
        if row is not None:
            _resume_work(row)
            row.state, row.reason, row.resumed = PsroState.RUNNING, "", timezone.now()
            row.save(update_fields=["state", "reason", "resumed"])
    run.refresh_from_db()
    return row is not None


def _resume_work(run: PsroRun) -> None:
    """What an open iteration waits for: trainings go on, those that were cancelled and a broken tournament are begun anew."""
    newest = run.iterations.last()
    if newest is None:
        return
    for name in ("camera_training", "target_training"):
        training = getattr(newest, name)
        if training is not None and training.state == TrainingState.CANCELLED:
            setattr(newest, name, None)
        elif training is not None:
            trainings.resume_training(training)
    if newest.phase == PsroPhase.PLAYING and newest.tournament and not _retry(run, newest.tournament):
        newest.tournament = None  # What it played is there, so the next one plays only what is missing.
    newest.save(update_fields=["camera_training", "target_training", "tournament"])


def _retry(run: PsroRun, played: Tournament) -> bool:
    """Let an iteration's tournament go on; False if nothing comes of it any more."""
    if played.state == TournamentState.FAILED:
        return bool(organising.retry_failed_blocks(played))
    if played.state == TournamentState.FINISHED:
        return run.state == PsroState.PAUSED  # A failed run has read it, and found that it lacks something.
    return played.state == TournamentState.PLAYING


def extend_run(run: PsroRun, iterations: int) -> None:
    """Let a run have so many iterations more, also one that had finished. Raises PsroRefused."""
    wanted = run.iterations_wanted + iterations
    if iterations < 1 or wanted > MAX_ITERATIONS:
        text = f"{iterations} more were asked for; a run has up to {MAX_ITERATIONS} in all."
        raise PsroRefused([("iterations", text)])
    if run.upload_id or run.state == PsroState.CANCELLED:
        kind = "imported" if run.upload_id else "cancelled"
        raise PsroRefused([("", f"It was {kind}, so it cannot be extended. Fork it instead, from any iteration.")])
    with transaction.atomic():
        row = PsroRun.objects.select_for_update().get(pk=run.pk)
        row.iterations_wanted = row.iterations_wanted + iterations
        if row.state == PsroState.FINISHED:
            row.state, row.reason, row.finished, row.resumed = PsroState.RUNNING, "", None, timezone.now()
        row.save()
    run.refresh_from_db()


def cancel_run(run: PsroRun) -> bool:
    """Stop a run for good, at once. Its iterations, agents and episodes stay. Returns whether it was open."""
    with transaction.atomic():
        row = PsroRun.objects.select_for_update().filter(pk=run.pk, state__in=OPEN).first()
        if row is not None:
            stop_clock(row)
            row.state, row.reason, row.finished = PsroState.CANCELLED, "It was cancelled.", timezone.now()
            row.save()
            for training in trainings_of(row):
                trainings.cancel_training(training)
            newest = row.iterations.last()
            if newest and newest.tournament and newest.tournament.state == TournamentState.PLAYING:
                organising.cancel_tournament(newest.tournament)
    run.refresh_from_db()
    return row is not None


def fork_run(run: PsroRun, number: int, name: str, owner: Any = None, **changes: Any) -> PsroRun:
    """A run of its own that shares this one's first iterations, up to `number`, which is solved; then it goes its own way.

    `changes` are other settings for what follows: meta_solver, iterations_wanted, epsilon, hours_wanted, is_anytime, base_seed,
    camera_training, target_training. Raises PsroRefused.
    """
    shared = list(run.iterations.filter(number__lte=number, phase=PsroPhase.SOLVED))
    if not shared or shared[-1].number != number:
        raise PsroRefused(
            [("number", f"Iteration {number} of “{run.name}” is not solved, so nothing can start from it.")]
        )
    kept = (
        "scenario", "meta_solver", "camera_training", "target_training", "episodes_per_pairing", "is_anytime", "is_warm",
        "base_seed", "iterations_wanted", "epsilon", "hours_wanted",
    )  # fmt: skip
    values = {field: getattr(run, field) for field in kept} | changes
    gone = [one.name for team in TEAMS for one in members(run, team, number) if one.agent is None]
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
    for team, rivals in ((Team.CAMERA, Team.TARGET), (Team.TARGET, Team.CAMERA)):
        opponent = population(run, rivals, number)[0]
        problems += _check_training(team, values[f"{team}_training"], run.scenario, opponent)
    if problems:
        raise PsroRefused(problems)
    with transaction.atomic():
        fork = PsroRun.objects.create(name=name.strip(), owner=owner, forked_from=run, resumed=timezone.now(), **values)
        fork.cameras.set(run.cameras.all())
        fork.targets.set(run.targets.all())
        for row in shared:
            row.pk, row.run, row._state.adding = None, fork, True
            row.camera_training = row.target_training = row.tournament = None
            row.save(force_insert=True)
    return fork


def seconds_of(run: PsroRun) -> float:
    """How long a run has run, pauses left out."""
    return run.seconds_before + ((timezone.now() - run.resumed).total_seconds() if run.resumed else 0.0)


def estimate_seconds(run: PsroRun) -> float | None:
    """How long a running one takes for its iterations that are left, going by those that are solved; None before there are any."""
    done = iterations_done(run)
    if run.state != PsroState.RUNNING or not done:
        return None
    first = run.iterations.filter(number=0).values_list("solved", flat=True).first()
    last = run.iterations.filter(phase=PsroPhase.SOLVED).values_list("solved", flat=True).last()
    if first is None or last is None or last <= first:
        return None
    each = (last - first).total_seconds() / done
    left = each * (run.iterations_wanted - done) - (timezone.now() - last).total_seconds()
    return max(left, 0.0)


def iterations_done(run: PsroRun) -> int:
    """How many iterations are solved, the one of the first agents not counted."""
    return run.iterations.filter(phase=PsroPhase.SOLVED, number__gt=0).count()


def stop_clock(run: PsroRun) -> None:
    """A run that stands still uses up none of its hours."""
    run.seconds_before, run.resumed = seconds_of(run), None


def population(run: PsroRun, team: str, number: int) -> list[Agent]:
    """A team's agents after iteration `number`, oldest first."""
    first = run.cameras if team == Team.CAMERA else run.targets
    added = run.iterations.filter(number__lte=number).exclude(**{team: None}).defer("table").select_related(team)
    return [*first.order_by("pk"), *(getattr(iteration, team) for iteration in added)]


@dataclass(frozen=True)
class Member:
    """One of a population: its name there, the iteration that brought it, and the agent, which an imported run may lack."""

    name: str
    iteration: int
    agent: Agent | None


def members(run: PsroRun, team: str, number: int) -> list[Member]:
    """A team's population after iteration `number`, oldest first, in the order of the tables."""
    first = run.cameras if team == Team.CAMERA else run.targets
    found = [Member(agent.name, 0, agent) for agent in first.order_by("pk")]
    for iteration in run.iterations.filter(number__range=(1, number)).defer("table").select_related(team):
        agent = getattr(iteration, team)
        if agent is not None or run.upload_id:
            found.append(Member(agent.name if agent else f"{team}/{iteration.number:05d}", iteration.number, agent))
    return found


def last_trained(run: PsroRun, team: str) -> Agent | None:
    """The team's newest best response."""
    newest = PsroIteration.objects.filter(run=run).exclude(**{team: None}).select_related(team).last()
    return getattr(newest, team) if newest else None
