"""How a PSRO run goes on: one step at a time, each in one transaction, so that whoever is killed in between leaves nothing half done.

What a step waits for (trainings, a tournament) is done by those who do such work for everybody. `advance` looks whether it
is done and takes the next step; anybody may call it at any time, and the sweep does so every two seconds.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from typing import Any

import numpy as np
from django.db import DatabaseError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from mate.errors import UserError
from tournament import contents, entries, leaderboards, organising, psro_runs, trainings
from tournament.formats import FORMATS
from tournament.meta_solvers import META_SOLVERS
from tournament.models import (
    Agent,
    Episode,
    PsroIteration,
    PsroPhase,
    PsroRun,
    PsroState,
    Purpose,
    Team,
    Tournament,
    TournamentState,
    TrainingRun,
    TrainingState,
)
from tournament.payoffs import MetaGame, list_numbers
from tournament.psro import accounts

log = logging.getLogger(__name__)

RIVALS: dict[str, str] = {Team.CAMERA: Team.TARGET, Team.TARGET: Team.CAMERA}
SORRY = "Something failed on our side; the log of the sweep says more. Resume tries it again."


class RunFailed(Exception):
    """A run cannot go on; the message says why and what to do."""


def due() -> QuerySet[PsroRun]:
    """The runs that may have a step to take. One query tells them from those that wait, however many these are."""
    alive = (*trainings.OPEN, TrainingState.FINISHED)
    camera, target = (Q(**{f"{team}_training__state__in": trainings.OPEN}) for team in psro_runs.TEAMS)
    neither_broke = Q(camera_training__state__in=alive, target_training__state__in=alive)
    is_training = Q(phase=PsroPhase.TRAINING) & neither_broke & (camera | target)
    is_playing = Q(phase=PsroPhase.PLAYING, tournament__state=TournamentState.PLAYING)
    waiting = PsroIteration.objects.filter(is_training | is_playing, run=OuterRef("pk"))
    return PsroRun.objects.filter(~Exists(waiting), state=PsroState.RUNNING)


def advance(run: PsroRun) -> bool:
    """Take the next step, if it can be taken. Returns whether one was; safe to repeat by anybody at any time."""
    with transaction.atomic():
        row = PsroRun.objects.select_for_update(of=("self",)).select_related("scenario").get(pk=run.pk)
        if row.state != PsroState.RUNNING:
            return False
        try:
            with transaction.atomic():
                return _advance(row)
        except DatabaseError:
            raise  # It is away or busy: whoever comes next tries again.
        except (RunFailed, UserError) as error:
            reason = str(error)
        except Exception:
            log.exception("%s cannot go on", row)
            reason = SORRY
        psro_runs.stop_clock(row)
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
    if reason := why_over(run, newest):
        _finish(run, newest, reason)
    else:
        PsroIteration.objects.create(run=run, number=newest.number + 1, phase=PsroPhase.TRAINING)
    return True


def why_over(run: PsroRun, newest: PsroIteration) -> str:
    """Why nothing follows a solved iteration, in words; empty if another one does."""
    bounds = newest.figures.get("nash_conv_interval")
    if run.epsilon is not None and newest.number and bounds and bounds[1] < run.epsilon:
        return f"NashConv is below {run.epsilon:g}: its interval ends at {bounds[1]:.3g}, within trained responses."
    if newest.number >= run.iterations_wanted:
        return f"It has all iterations that were asked for: {run.iterations_wanted}."
    if run.hours_wanted is not None and psro_runs.seconds_of(run) > 3600 * run.hours_wanted:
        return f"Its time is over: {run.hours_wanted:g} h."
    return ""


# Best responses


def _train(run: PsroRun, iteration: PsroIteration) -> bool:
    """Ask for both teams' trainings; when both are over, their agents join the populations."""
    before = run.iterations.get(number=iteration.number - 1)
    begun = False
    for team in psro_runs.TEAMS:
        if getattr(iteration, f"{team}_training") is None:
            setattr(iteration, f"{team}_training", _ask_for_training(run, before, team))
            begun = True
    made = {team: getattr(iteration, f"{team}_training") for team in psro_runs.TEAMS}
    for team, training in made.items():
        _check_training(training, team, iteration.number)
    if not begun:
        if any(training.state != TrainingState.FINISHED or training.agent is None for training in made.values()):
            return False
        iteration.camera, iteration.target = (made[team].agent for team in psro_runs.TEAMS)
        iteration.phase = PsroPhase.PLAYING
    iteration.save()
    return True


def _ask_for_training(run: PsroRun, before: PsroIteration, team: str) -> TrainingRun:
    rival = RIVALS[team]
    settings = run.camera_training if team == Team.CAMERA else run.target_training
    number = before.number + 1
    return trainings.create_training(
        f"{run.name}, {team} {number}",
        run.scenario,
        team,
        opponent=opponent_of(run, before, rival),
        start_from=psro_runs.last_trained(run, team) if run.is_warm else None,
        seed=_derive(run, f"{team}/{number}") >> 32,
        purpose=Purpose.PSRO,
        owner=run.owner,
        **settings,
    )


def opponent_of(run: PsroRun, iteration: PsroIteration, team: str) -> Agent:
    """A team's strategy after an iteration as an agent: one of the population, or a mixture of them that is not listed."""
    strategy = iteration.camera_strategy if team == Team.CAMERA else iteration.target_strategy
    return _mix(run, team, iteration.number, strategy, f"{run.name}, {team}s of iteration {iteration.number}", False)


def _mix(run: PsroRun, team: str, number: int, strategy: list[float], name: str, is_listed: bool) -> Agent:
    parts = [
        (weight, agent)
        for weight, agent in zip(strategy, psro_runs.population(run, team, number), strict=True)
        if weight > 0
    ]
    if len(parts) == 1:
        return parts[0][1]
    origin = {"psro": run.pk, "name": run.name, "iteration": number, "meta_solver": run.meta_solver}
    return entries.register_mixture(parts, name, run.owner, provenance=origin, is_listed=is_listed)


def _check_training(training: TrainingRun, team: str, number: int) -> None:
    if training.state == TrainingState.FAILED:
        raise RunFailed(
            f"Iteration {number}: training the {team} team failed. {training.error} "
            "When that is mended, resume the run: the training goes on from its last state."
        )
    if training.state == TrainingState.CANCELLED:
        raise RunFailed(
            f"Iteration {number}: the {team} team's training was cancelled. Resume the run to begin it anew."
        )


# Payoffs


def _play(run: PsroRun, iteration: PsroIteration) -> bool:
    """Ask for the tournament of all agents, of which only new pairings are played; when it is over, solve the meta-game."""
    played = iteration.tournament
    if played is None:
        iteration.tournament = _ask_for_tournament(run, iteration)
        iteration.save(update_fields=["tournament"])
        return True
    if played.state == TournamentState.PLAYING:
        return False
    if played.state != TournamentState.FINISHED:
        what = "was cancelled" if played.state == TournamentState.CANCELLED else "ended with errors"
        raise RunFailed(
            f"Iteration {iteration.number}: the tournament “{played.name}” {what}. Resume the run, and the rest of it is played."
        )
    solve(run, iteration, read_table(run, iteration, played))
    return True


def _ask_for_tournament(run: PsroRun, iteration: PsroIteration) -> Tournament:
    """Its seeds are the run's, whatever the iteration: what was played for the iterations before is not played again."""
    name = f"{run.name}: payoffs of iteration {iteration.number}"
    cameras, targets = (psro_runs.population(run, team, iteration.number) for team in psro_runs.TEAMS)
    form, settings = "round-robin", {"episodes": run.episodes_per_pairing}
    if run.is_anytime and max(len(cameras), len(targets)) > 1:
        form, settings = "nash", settings_of_nash(run.epsilon)
    return organising.plan_tournament(
        name, run.scenario, cameras, targets, base_seed=_derive(run, "payoffs"), owner=run.owner,
        format=form, settings=settings, purpose=Purpose.PSRO,
    )  # fmt: skip


def settings_of_nash(epsilon: float | None) -> dict[str, Any]:
    """The adaptive format's settings for a run that ends at this NashConv, or as near to it as the format goes; None: as usual."""
    if epsilon is None:
        return {}
    bounds = next(setting for setting in FORMATS["nash"].settings if setting.name == "epsilon")
    assert bounds.lowest is not None and bounds.highest is not None
    return {"epsilon": min(max(epsilon, bounds.lowest), bounds.highest)}


def _derive(run: PsroRun, words: str) -> int:
    """A 63-bit seed of a run; forks share it, and with it what was played."""
    text = f"psro/{run.scenario.digest}/{run.base_seed}/{words}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def read_table(run: PsroRun, iteration: PsroIteration, played: Tournament) -> accounts.Table:
    """The meta-game of an iteration, agents in the order in which they joined. Raises RunFailed if cells are missing."""
    game = leaderboards.meta_game_of_tournament(played)
    cameras, targets = (
        [agent.digest for agent in psro_runs.population(run, team, iteration.number)] for team in psro_runs.TEAMS
    )
    table = accounts.Table.of(arrange(game, cameras, targets), mean_coverage(played, cameras, targets))
    if (table.game.count == 0).any():
        missing = int((table.game.count == 0).sum())
        raise RunFailed(
            f"Iteration {iteration.number}: {missing} pairings have no episodes. Resume the run to play them."
        )
    return table


def arrange(game: MetaGame, cameras: list[str], targets: list[str]) -> MetaGame:
    """The meta-game with its agents in this order; one that is named twice has equal rows."""
    rows = [game.cameras.index(digest) for digest in cameras]
    columns = [game.targets.index(digest) for digest in targets]
    place = np.ix_(rows, columns)
    return MetaGame(tuple(cameras), tuple(targets), game.payoff[place], game.error[place], game.count[place])


def mean_coverage(played: Tournament, cameras: list[str], targets: list[str]) -> np.ndarray:
    """Mean coverage rate (m, n) of a tournament's episodes; NaN where nothing was played."""
    wanted = contents.Contents(played).sorted_seeds()
    rows = Episode.objects.filter(pairing__in=wanted.keys(), engine=played.engine, device=leaderboards.DEVICE)
    columns = ("pairing_id", "pairing__camera__digest", "pairing__target__digest", "seed", "coverage")
    found = defaultdict(list)
    kept = {pairing: set(seeds.tolist()) for pairing, seeds in wanted.items()}
    for pairing, camera, target, seed, coverage in rows.order_by().values_list(*columns).iterator(chunk_size=10_000):
        if seed in kept[pairing]:
            found[camera, target].append(coverage)
    means = [
        [np.mean(found[camera, target]) if found[camera, target] else np.nan for target in targets]
        for camera in cameras
    ]
    return np.array(means)


def solve(run: PsroRun, iteration: PsroIteration, table: accounts.Table) -> None:
    """Write down an iteration's meta-game, its strategies, and what the strategies of the one before lose in it."""
    camera, target = META_SOLVERS[run.meta_solver](table.game.payoff)
    before = run.iterations.filter(number=iteration.number - 1).first()
    earlier = (np.array(before.camera_strategy), np.array(before.target_strategy)) if before else None
    iteration.table = table.to_json()
    iteration.camera_strategy, iteration.target_strategy = list_numbers(camera), list_numbers(target)
    iteration.figures = accounts.figures(table.game, (camera, target), earlier)
    iteration.phase, iteration.solved = PsroPhase.SOLVED, timezone.now()
    iteration.save()


# The end


def _finish(run: PsroRun, newest: PsroIteration, reason: str) -> None:
    """The final strategies become agents of their own, listed."""
    strategies: dict[str, Any] = {Team.CAMERA: newest.camera_strategy, Team.TARGET: newest.target_strategy}
    made = {
        team: _mix(run, team, newest.number, strategies[team], f"{run.name}, {team}s", True) for team in psro_runs.TEAMS
    }
    run.camera_agent, run.target_agent = made[Team.CAMERA], made[Team.TARGET]
    for agent in made.values():
        if not agent.is_listed:
            agent.is_listed = True
            agent.save(update_fields=["is_listed"])
    psro_runs.stop_clock(run)
    run.state, run.reason, run.finished = PsroState.FINISHED, reason, timezone.now()
    run.save()
