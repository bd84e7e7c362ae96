"""Evaluation of a training's milestones: matches, choice of the best, re-evaluation on other seeds, final agent.

The training return is not used for the choice. The best of several is selected partly for its luck; the re-evaluation
on fresh seeds therefore provides all figures of the agent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from mate import Team
from tournament import entries, leaderboards, organising, transfers
from tournament.measuring import estimate, evaluation_seed, payoffs_of
from tournament.models import (
    Agent,
    AgentKind,
    Milestone,
    Purpose,
    Tournament,
    TournamentState,
    TrainingPurpose,
    TrainingRun,
    TrainingState,
)

if TYPE_CHECKING:
    from policies import Checkpoint

MOST_EVALUATED = 10
"""Maximum number of a run's milestones that are played: evenly spaced ones, with the last."""
REEVALUATION_FACTOR = 4
"""Number of episodes of the re-evaluation, as a multiple of the milestones' own."""
BASELINE = "greedy"
"""The built-in agent of the run's team with which the result is compared."""
JUDGED_ELSEWHERE = (TrainingPurpose.PSRO, TrainingPurpose.ATTACK)
"""Purposes of trainings whose requester plays the agents on fresh seeds."""
NOTHING_MADE = "The training exported no milestone to evaluate. Extend it, so that it exports one."


class EvaluationFailed(Exception):
    """Milestones that cannot be compared; the message says why and what to do."""


# From files to rows


def list_files(folder: Path) -> dict[int, Path]:
    """Return the exported checkpoints in a run's folder by iteration."""
    return {int(path.stem): path for path in sorted((folder / "milestones").glob("*.zip")) if path.stem.isdigit()}


def choose_evenly(iterations: Sequence[int], most: int) -> list[int]:
    """Return at most `most` of the iterations, evenly spaced and including the last."""
    if len(iterations) <= most:
        return list(iterations)
    places = np.linspace(len(iterations) - 1, 0, most).round().astype(int)
    return sorted(iterations[place] for place in places)


def enter_milestones(run: TrainingRun, folder: Path) -> list[Agent]:
    """Make unlisted agents of the milestones to be played; other milestones get rows without an agent.

    Idempotent. Raises `policies.CheckpointError` for a file that cannot be read.
    """
    files = list_files(folder)
    most = MOST_EVALUATED if run.evaluation_episodes else 1
    made = []
    for iteration in choose_evenly(list(files), most):
        checkpoint = read_checkpoint(files[iteration])
        name = f"{run.name[:60]}, iteration {iteration}"
        agent = entries.register_checkpoint(
            checkpoint, name, run.owner, provenance=describe_origin(run, iteration), is_listed=False, called=run.name
        )
        Milestone.objects.filter(run=run, iteration=iteration).update(agent=agent)
        made.append(agent)
    return made


def read_checkpoint(path: Path) -> Checkpoint:
    """Read the checkpoint in an exported file, in a confined process: the training program may be a third party's.

    Raises `policies.CheckpointError` if there is not exactly one.
    """
    from policies import CheckpointError
    from policies.importing import read

    agents = read(path, is_alone=True).agents
    if len(agents) != 1:
        raise CheckpointError(f"{path.name} has {len(agents)} checkpoints; a milestone has exactly one.")
    return agents[0].checkpoint


def describe_origin(run: TrainingRun, iteration: int) -> dict[str, Any]:
    """Return an agent's provenance, complete enough to train it again."""
    steps = Milestone.objects.filter(run=run, iteration=iteration).values_list("steps", flat=True).first()
    return {
        "training": run.pk, "name": run.name, "iteration": iteration, "steps": steps, "scenario": run.scenario.name,
        "algorithm": run.algorithm, "preset": run.preset, "seed": str(run.seed), "code": run.code,
        "opponent": f"{run.opponent.name} ({run.opponent.digest})",
        "start_from": f"{run.start_from.name} ({run.start_from.digest})" if run.start_from else "nothing",
        "configuration": run.configuration,
    }  # fmt: skip


# The evaluation, step by step


def begin_evaluation(run: TrainingRun) -> None:
    """Start the evaluation of a finished training's entered milestones; no other process may write to the run."""
    run.state, run.finished, run.result = TrainingState.EVALUATING, None, {}
    if not run.evaluation_episodes:
        last = run.milestones.exclude(agent=None).select_related("agent").latest("iteration")
        _take(run, last, {"iteration": last.iteration, "steps": last.steps})
        run.state, run.finished = TrainingState.FINISHED, timezone.now()
    run.save(update_fields=["state", "agent", "finished", "result"])


def advance(run: TrainingRun) -> bool:
    """Take the next step of an evaluation, if one is possible; return whether it was taken. Idempotent."""
    if run.state == TrainingState.EVALUATING and run.result:
        if not run.purpose:
            leaderboards.refit(run.scenario)
        rows = TrainingRun.objects.filter(pk=run.pk, state=TrainingState.EVALUATING)
        return bool(rows.update(state=TrainingState.FINISHED, finished=timezone.now()))
    with transaction.atomic():
        run = TrainingRun.objects.select_for_update(of=("self",)).select_related("scenario").get(pk=run.pk)
        if run.state != TrainingState.EVALUATING or run.result:
            return False
        try:
            return _advance(run)
        except (EvaluationFailed, organising.TournamentRefused) as error:
            run.state, run.error, run.finished = TrainingState.FAILED, str(error), timezone.now()
            run.save(update_fields=["state", "error", "finished"])
            return True


def _advance(run: TrainingRun) -> bool:
    if run.milestone_tournament is None:
        made = [row.agent for row in run.milestones.exclude(agent=None).select_related("agent") if row.agent]
        if not made:
            raise EvaluationFailed(NOTHING_MADE)
        run.milestone_tournament = _start(run, "milestone", made, run.evaluation_episodes)
        run.transfers.set(transfers.start(run, transfers.MILESTONE, made, run.evaluation_episodes))
    elif run.milestone_tournament.state == TournamentState.PLAYING or transfers.are_playing(run):
        return False
    elif run.reevaluation is None:
        best = choose_best(run)
        if run.purpose in JUDGED_ELSEWHERE:
            _take(run, best, {"iteration": best.iteration, "steps": best.steps, "payoff": best.payoff})
            run.save(update_fields=["agent", "result"])
            return True
        wanted = min(REEVALUATION_FACTOR * run.evaluation_episodes, organising.MAX_EPISODES_PER_PAIRING)
        field = [agent for agent in (best.agent, baseline_of(run)) if agent is not None]
        run.reevaluation = _start(run, "reevaluation", field, wanted)
        run.transfers.add(*transfers.start(run, transfers.REEVALUATION, field, wanted))
    elif run.reevaluation.state == TournamentState.PLAYING or transfers.are_playing(run):
        return False
    else:
        tournament = _over(run.reevaluation)
        field_of = tournament.cameras if run.team == Team.CAMERA else tournament.targets
        best = run.milestones.filter(agent__in=field_of.all()).select_related("agent").latest("payoff")
        _take(run, best, measure(run, tournament, best) | _measure_elsewhere(run, best))
    run.save(update_fields=["milestone_tournament", "reevaluation", "agent", "result"])
    return True


def _start(run: TrainingRun, purpose: str, made: Sequence[Agent], episodes: int) -> Tournament:
    """Plan the tournament of these agents against the training opponent; a user's own training adds built-in agents."""
    others = [] if run.purpose else Agent.objects.filter(kind=AgentKind.BUILTIN).exclude(team=run.team)
    against = [run.opponent, *others]
    cameras, targets = (made, against) if run.team == Team.CAMERA else (against, made)
    words = {"milestone": "milestones", "reevaluation": "re-evaluation"}
    return organising.create_tournament(organising.TournamentRequest(
        f"{run.name}: {words[purpose]}", run.scenario, cameras, targets, episodes,
        base_seed=evaluation_seed(run, purpose), owner=run.owner,
        purpose=Purpose.MILESTONE if run.purpose else purpose,
    ))  # fmt: skip


def baseline_of(run: TrainingRun) -> Agent | None:
    return Agent.objects.filter(kind=AgentKind.BUILTIN, team=run.team, spec__name=BASELINE).first()


def choose_best(run: TrainingRun) -> Milestone:
    """Record each milestone's payoff against the training opponent, and return the best one.

    The best has the greatest mean payoff over the scenarios that were trained on; the recorded payoff is that in the
    first scenario. Raises EvaluationFailed if one was not played.
    """
    tournament = _over(run.milestone_tournament)
    game = leaderboards.meta_game_of_tournament(tournament)
    best: Milestone | None = None
    greatest = -math.inf
    for milestone in run.milestones.exclude(agent=None).select_related("agent"):
        assert milestone.agent is not None
        payoffs = payoffs_of(game, milestone.agent, run.opponent)
        if not payoffs:
            raise EvaluationFailed(
                f"Not all milestones could be played: see the tournament “{tournament.name}” for the reasons. "
                "Resume the training, and they are played again."
            )
        found = estimate(np.array(list(payoffs.values())))
        milestone.payoff, milestone.error, milestone.num_episodes = found.mean, found.error, found.episodes
        milestone.save(update_fields=["payoff", "error", "num_episodes"])
        overall = transfers.mean_payoff(run, milestone.agent, found.mean)
        if best is None or overall > greatest:
            best, greatest = milestone, overall
    if best is None:
        raise EvaluationFailed(NOTHING_MADE)
    return best


def _over(tournament: Tournament | None) -> Tournament:
    if tournament is None or tournament.state == TournamentState.CANCELLED:
        raise EvaluationFailed(
            "The tournament that evaluates it was cancelled. Resume the training, and it is evaluated again."
        )
    return tournament


def measure(run: TrainingRun, tournament: Tournament, best: Milestone) -> dict[str, Any]:
    """Return the best milestone's payoffs in the re-evaluation by opponent, and its gains over the baseline.

    Differences are paired by seed. Raises EvaluationFailed if it was not played.
    """
    assert best.agent is not None
    game = leaderboards.meta_game_of_tournament(tournament)
    opponents = list(tournament.targets.all() if run.team == Team.CAMERA else tournament.cameras.all())
    baseline = baseline_of(run)
    lines = []
    for opponent in sorted(opponents, key=lambda one: (one.pk != run.opponent_id, one.name)):
        own = payoffs_of(game, best.agent, opponent)
        if not own:
            raise EvaluationFailed(
                f"The best milestone could not be played again: see the tournament “{tournament.name}” for the "
                f"reasons. "
                "Resume the training, and it is evaluated again."
            )
        line: dict[str, Any] = {
            "opponent": opponent.slug,
            "name": opponent.name,
            **asdict(estimate(np.array([*own.values()]))),
        }
        theirs = payoffs_of(game, baseline, opponent) if baseline is not None else {}
        common = sorted(own.keys() & theirs.keys())
        if common:
            line["gain"] = asdict(estimate(np.array([own[seed] - theirs[seed] for seed in common])))
        lines.append(line)
    name = baseline.name if baseline is not None else ""
    return {"iteration": best.iteration, "steps": best.steps, "baseline": name, "against": lines}


def _measure_elsewhere(run: TrainingRun, best: Milestone) -> dict[str, Any]:
    return {} if best.agent is None else transfers.measure(run, best.agent, baseline_of(run))


def _take(run: TrainingRun, best: Milestone, result: dict[str, Any]) -> None:
    """Make a milestone the run's agent; in a user's own training it is listed under the run's name."""
    agent = best.agent
    assert agent is not None
    run.agent, run.result = agent, result
    if run.purpose:
        return
    played = {"re-evaluation": run.reevaluation_id} if run.reevaluation_id else {}
    agent.provenance = describe_origin(run, best.iteration) | played
    if not agent.is_listed and not agent.withdrawn:
        agent.is_listed, agent.name = True, run.name
    agent.save(update_fields=["provenance", "is_listed", "name"])
