"""Steps of a PSRO run, each in one transaction, so that a process that is killed leaves nothing half done.

A step waits for trainings or a tournament, which the ordinary trainers and workers execute. `advance` checks whether
they are done and takes the next step; any process may call it at any time, and the sweep does so every two seconds.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from mate import Team
from mate.errors import UserError
from tournament import attacks, trainings
from tournament.meta_solvers import META_SOLVERS
from tournament.models import (
    AgentKind,
    AttackState,
    PsroIteration,
    PsroKind,
    PsroPhase,
    PsroRound,
    PsroRun,
    PsroState,
    TournamentState,
    TrainingState,
)
from tournament.psro import accounts
from tournament.psro_runs.failing import RunFailed, check_tournament, check_training
from tournament.psro_runs.progress import seconds_of, stop_clock
from tournament.psro_runs.proving import attacks_of, judge, request_attacks
from tournament.psro_runs.refining import choose_response, needs_rounds, refine
from tournament.psro_runs.requesting import mix, request_tournament, request_training
from tournament.psro_runs.solving import read_table, solve

log = logging.getLogger(__name__)

SORRY = "Something failed on our side; the log of the sweep says more. Resume tries it again."


def due() -> QuerySet[PsroRun]:
    """Return the runs that may have a step to take, from one query for any number of waiting runs."""
    alive = (*trainings.OPEN, TrainingState.FINISHED)
    camera, target = (Q(**{f"{team}_training__state__in": trainings.OPEN}) for team in Team)
    neither_broke = Q(camera_training__state__in=alive, target_training__state__in=alive)
    is_training = Q(phase=PsroPhase.TRAINING) & neither_broke & (camera | target)
    is_playing = Q(phase=PsroPhase.PLAYING, tournament__state=TournamentState.PLAYING)
    trained = Q(camera_training__state__in=trainings.OPEN) | Q(target_training__state__in=trainings.OPEN)
    broken = (TrainingState.FAILED, TrainingState.CANCELLED)
    broke = Q(camera_training__state__in=broken) | Q(target_training__state__in=broken)
    is_round_played = Q(tournament__state=TournamentState.PLAYING)
    refining = PsroRound.objects.filter((trained & ~broke) | is_round_played, iteration__run=OuterRef("pk"))
    waiting = PsroIteration.objects.filter(is_training | is_playing, run=OuterRef("pk"))
    attacked = Q(camera_attack__state__in=attacks.OPEN) | Q(target_attack__state__in=attacks.OPEN)
    proving = PsroIteration.objects.filter(attacked, run=OuterRef("pk"))
    return PsroRun.objects.filter(~Exists(waiting), ~Exists(refining), ~Exists(proving), state=PsroState.RUNNING)


def advance(run: PsroRun) -> bool:
    """Take the next step, if one is possible; return whether it was taken. Idempotent and safe under concurrency."""
    with transaction.atomic():
        row = PsroRun.objects.select_for_update(of=("self",)).select_related("scenario").get(pk=run.pk)
        if row.state != PsroState.RUNNING:
            return False
        try:
            with transaction.atomic():
                return _advance(row)
        except DatabaseError:
            raise  # The database is unavailable or busy: the next call tries again.
        except (RunFailed, UserError) as error:
            reason = str(error)
        except Exception:
            log.exception("%s cannot go on", row)
            reason = SORRY
        stop_clock(row)
        row.state, row.reason = PsroState.FAILED, reason
        row.save(update_fields=["state", "reason", "seconds_before", "resumed"])
        return True


def _advance(run: PsroRun) -> bool:
    newest = run.iterations.last()
    if newest is None:
        PsroIteration.objects.create(run=run, number=0, phase=PsroPhase.PLAYING)
        return True
    if newest.phase == PsroPhase.TRAINING:
        return _train(run, newest)
    if newest.phase == PsroPhase.PLAYING:
        return _play(run, newest)
    if newest.phase == PsroPhase.REFINING:
        return refine(run, newest)
    if needs_proof(run, newest):
        return _prove(run, newest)
    if reason := why_over(run, newest):
        _finish(run, newest, reason)
    else:
        PsroIteration.objects.create(run=run, number=newest.number + 1, phase=PsroPhase.TRAINING)
    return True


def why_over(run: PsroRun, newest: PsroIteration) -> str:
    """Return why no iteration follows a solved one, in words; empty if one follows."""
    if run.epsilon is not None and is_below(run, newest):
        limit = accounts.bound_nash_conv(newest.figures)
        proof = judge(newest)
        if not run.num_attackers:
            return f"NashConv is below {run.epsilon:g}: its interval ends at {limit:.3g}, within trained responses."
        if proof.holds(run.epsilon):
            return (
                f"NashConv is below {run.epsilon:g}: its interval ends at {limit:.3g}, and {run.num_attackers} "
                f"attackers of each strategy gain at most {proof.limit:.3g} together."
            )
    if newest.number >= run.iterations_wanted:
        return f"It has all requested iterations: {run.iterations_wanted}."
    if run.hours_wanted is not None and seconds_of(run) > 3600 * run.hours_wanted:
        return f"Its time limit of {run.hours_wanted:g} h is reached."
    return ""


def is_below(run: PsroRun, newest: PsroIteration) -> bool:
    """Return whether the interval of NashConv lies below the run's limit."""
    limit = accounts.bound_nash_conv(newest.figures)
    return run.epsilon is not None and newest.number > 0 and limit is not None and limit < run.epsilon


def needs_proof(run: PsroRun, newest: PsroIteration) -> bool:
    """Return whether a run would end as solved, but the results of its attacks are not known yet."""
    return bool(run.num_attackers) and is_below(run, newest) and judge(newest).limit is None


def _prove(run: PsroRun, newest: PsroIteration) -> bool:
    """Request the attacks on both strategies, or wait for them."""
    made = attacks_of(newest)
    if len(made) < 2:
        request_attacks(run, newest)
        return True
    for attack in made:
        if attack.state == AttackState.FAILED:
            raise RunFailed(
                f"Iteration {newest.number}: the attack on the {attack.agent.team}s failed. {attack.reason}"
            )
        if attack.state == AttackState.CANCELLED:
            raise RunFailed(
                f"Iteration {newest.number}: the attack on the {attack.agent.team}s was cancelled. Resume the run to "
                "start it again."
            )
    return False


def _train(run: PsroRun, iteration: PsroIteration) -> bool:
    """Request both teams' trainings; when both are over, add their agents to the populations."""
    before = run.iterations.get(number=iteration.number - 1)
    begun = False
    for team in Team:
        if getattr(iteration, f"{team}_training") is None:
            setattr(iteration, f"{team}_training", request_training(run, before, team))
            begun = True
    made = {team: getattr(iteration, f"{team}_training") for team in Team}
    for team, training in made.items():
        check_training(training, team, iteration.number)
    if not begun:
        if any(training.state != TrainingState.FINISHED or training.agent is None for training in made.values()):
            return False
        iteration.camera, iteration.target = (
            choose_response(run, before, team, agent) for team in Team if (agent := made[team].agent)
        )
        iteration.phase = PsroPhase.PLAYING
    iteration.save()
    return True


def _play(run: PsroRun, iteration: PsroIteration) -> bool:
    """Request the tournament of all agents, which plays only new pairings; when it is over, solve the meta-game."""
    played = iteration.tournament
    if played is None:
        iteration.tournament = request_tournament(run, iteration)
        iteration.save(update_fields=["tournament"])
        return True
    if played.state == TournamentState.PLAYING:
        return False
    check_tournament(played, iteration.number)
    table = read_table(run, iteration, played)
    if missing := int((table.game.count == 0).sum()):
        raise RunFailed(
            f"Iteration {iteration.number}: {missing} pairings have no episodes. Resume the run to play them."
        )
    if run.kind == PsroKind.ANYTIME and needs_rounds(run, iteration):
        iteration.phase = PsroPhase.REFINING
        iteration.save(update_fields=["phase"])
    else:
        solve(run, iteration, table, META_SOLVERS[run.meta_solver](table.game.payoff))
    return True


def _finish(run: PsroRun, newest: PsroIteration, reason: str) -> None:
    """Make the final strategies agents of their own, listed."""
    strategies: dict[str, Any] = {Team.CAMERA: newest.camera_strategy, Team.TARGET: newest.target_strategy}
    names = {team: f"{run.name}, {team}s" for team in Team}
    made = {team: mix(run, team, newest.number, strategies[team], names[team], True) for team in Team}
    run.camera_agent, run.target_agent = made[Team.CAMERA], made[Team.TARGET]
    for team, agent in made.items():
        if not agent.is_listed and not agent.withdrawn:
            agent.is_listed = True
            if agent.kind == AgentKind.MIXTURE:  # It may exist as the opponent of an earlier iteration.
                agent.name = names[team][:80]
            agent.save(update_fields=["is_listed", "name"])
    stop_clock(run)
    run.state, run.reason, run.finished = PsroState.FINISHED, reason, timezone.now()
    run.save()
