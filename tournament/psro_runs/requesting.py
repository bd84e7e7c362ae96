"""The requests of an iteration: a training for each team, and a tournament of all agents."""

from __future__ import annotations

import hashlib
from typing import Any

from mate import Team
from tournament import entries, organising, trainings
from tournament.formats import FORMATS
from tournament.models import (
    Agent,
    PsroIteration,
    PsroKind,
    PsroRound,
    PsroRun,
    Purpose,
    Tournament,
    TrainingRun,
)
from tournament.psro_runs.populations import last_trained, population
from training import configuration


def training_of(run: PsroRun, team: str) -> dict[str, Any]:
    """Return the settings of a team's best responses (`trainings.TrainingSettings`); none in an imported run."""
    settings: dict[str, Any] = run.camera_training if team == Team.CAMERA else run.target_training
    return settings


def request_training(run: PsroRun, before: PsroIteration, team: str) -> TrainingRun:
    """Request the training of a team's best response to the other's strategy.

    In anytime PSRO it continues the response of the last round.
    """
    rival = Team(team).opponent
    number = before.number + 1
    return _request(
        run, team, f"{run.name}, {team} {number}", opponent_of(run, before, rival),
        response_of(before, team, run.rounds), f"{team}/{number}", parts_of(run, len(strategy_of(before, rival))),
    )  # fmt: skip


def request_round(run: PsroRun, round_: PsroRound, team: str) -> TrainingRun:
    """Request the training of a team's response to the other's strategy of a round of anytime PSRO."""
    rival = Team(team).opponent
    iteration = round_.iteration
    strategy = strategy_of(round_, rival)
    words = f"iteration {iteration.number}, round {round_.number}"
    return _request(
        run, team, f"{run.name}, {team} {iteration.number + 1}, round {round_.number}",
        mix(run, rival, iteration.number, strategy, f"{run.name}, {rival}s of {words}", False),
        response_of(iteration, team, round_.number - 1), f"{team}/{iteration.number + 1}/{round_.number}",
        parts_of(run, len(strategy)),
    )  # fmt: skip


def response_of(iteration: PsroIteration, team: str, number: int) -> Agent | None:
    """Return a team's response of a round; None if there is no such round, or it trained none."""
    row = iteration.rounds.filter(number=number).first()
    training = getattr(row, f"{team}_training") if row else None
    return training.agent if training else None


def parts_of(run: PsroRun, size: int) -> int:
    """Return the number of trainings that share the steps of a response to a population of this size."""
    return run.rounds + 1 if run.kind == PsroKind.ANYTIME and size > 1 else 1


def strategy_of(row: PsroIteration | PsroRound, team: str) -> list[float]:
    """Return a team's strategy of an iteration or a round."""
    strategy: list[float] = row.camera_strategy if team == Team.CAMERA else row.target_strategy
    return strategy


def _request(
    run: PsroRun, team: str, name: str, opponent: Agent, start_from: Agent | None, words: str, parts: int
) -> TrainingRun:
    """Request a training with a team's settings and its part of their steps; `words` are those of its seed."""
    settings = dict(training_of(run, team))
    if parts > 1:
        steps = settings.get("steps") or configuration.STEPS[settings.get("preset", "quick")][team]
        settings["steps"] = max(1, steps // parts)
    if start_from is None and run.is_warm:
        start_from = last_trained(run, team)
    return trainings.create_training(
        trainings.TrainingRequest(
            name[:80], run.scenario, team, opponent=opponent, start_from=start_from,
            seed=derive_seed(run, words) >> 32, purpose=Purpose.PSRO, owner=run.owner, **settings,
        )
    )  # fmt: skip


def opponent_of(run: PsroRun, iteration: PsroIteration, team: str) -> Agent:
    """Return a team's strategy after an iteration as an agent: one of the population, or an unlisted mixture."""
    strategy = strategy_of(iteration, team)
    return mix(run, team, iteration.number, strategy, f"{run.name}, {team}s of iteration {iteration.number}", False)


def mix(run: PsroRun, team: str, number: int, strategy: list[float], name: str, is_listed: bool) -> Agent:
    parts = [
        (weight, agent) for weight, agent in zip(strategy, population(run, team, number), strict=True) if weight > 0
    ]
    if len(parts) == 1:
        return parts[0][1]
    origin = {"psro": run.pk, "name": run.name, "iteration": number, "meta_solver": run.meta_solver}
    return entries.register_mixture(parts, name, run.owner, provenance=origin, is_listed=is_listed)


def request_tournament(run: PsroRun, iteration: PsroIteration) -> Tournament:
    """Plan an iteration's tournament. All iterations share the run's seeds, so that no episode is played twice."""
    name = f"{run.name}: payoffs of iteration {iteration.number}"
    cameras, targets = (population(run, team, iteration.number) for team in Team)
    if run.is_anytime and max(len(cameras), len(targets)) > 1:
        return _plan(run, name, cameras, targets, "nash", settings_of_nash(run.epsilon))
    return _plan(run, name, cameras, targets, "round-robin", {"episodes": run.episodes_per_pairing})


def request_round_tournament(run: PsroRun, round_: PsroRound) -> Tournament:
    """Plan the tournament of a round's responses and the populations; episodes of the populations exist already."""
    number = round_.iteration.number
    cameras, targets = (
        [*population(run, team, number), *([made.agent] if (made := getattr(round_, f"{team}_training")) else [])]
        for team in Team
    )
    name = f"{run.name}: iteration {number}, round {round_.number}"
    return _plan(run, name, cameras, targets, "round-robin", {"episodes": run.episodes_per_pairing})


def _plan(
    run: PsroRun, name: str, cameras: list[Agent], targets: list[Agent], form: str, settings: dict[str, Any]
) -> Tournament:
    return organising.plan_tournament(
        organising.TournamentRequest(
            name, run.scenario, cameras, targets, base_seed=derive_seed(run, "payoffs"), owner=run.owner,
            format=form, settings=settings, purpose=Purpose.PSRO,
        )
    )  # fmt: skip


def settings_of_nash(epsilon: float | None) -> dict[str, Any]:
    """Return the adaptive format's settings for a run that ends at this NashConv, clipped to the format's bounds.

    None gives the defaults.
    """
    if epsilon is None:
        return {}
    bounds = next(setting for setting in FORMATS["nash"].settings if setting.name == "epsilon")
    assert bounds.lowest is not None and bounds.highest is not None
    return {"epsilon": min(max(epsilon, bounds.lowest), bounds.highest)}


def derive_seed(run: PsroRun, words: str) -> int:
    """Return a 63-bit seed of a run; forks share it, and with it the episodes."""
    text = f"psro/{run.scenario.digest}/{run.base_seed}/{words}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
