"""The requests of an iteration: a training for each team, and a tournament of all agents."""

from __future__ import annotations

import hashlib
from typing import Any

from mate import Team
from tournament import entries, organising, trainings
from tournament.formats import FORMATS
from tournament.models import Agent, PsroIteration, PsroRun, Purpose, Tournament, TrainingRun
from tournament.psro_runs.populations import last_trained, population


def training_of(run: PsroRun, team: str) -> dict[str, Any]:
    """Return the settings of a team's best responses (`trainings.TrainingSettings`); none in an imported run."""
    settings: dict[str, Any] = run.camera_training if team == Team.CAMERA else run.target_training
    return settings


def request_training(run: PsroRun, before: PsroIteration, team: str) -> TrainingRun:
    """Request the training of a team's best response to the other's strategy."""
    number = before.number + 1
    return trainings.create_training(
        trainings.TrainingRequest(
            f"{run.name}, {team} {number}", run.scenario, team,
            opponent=opponent_of(run, before, Team(team).opponent),
            start_from=last_trained(run, team) if run.is_warm else None,
            seed=derive_seed(run, f"{team}/{number}") >> 32, purpose=Purpose.PSRO, owner=run.owner,
            **training_of(run, team),
        )
    )  # fmt: skip


def opponent_of(run: PsroRun, iteration: PsroIteration, team: str) -> Agent:
    """Return a team's strategy after an iteration as an agent: one of the population, or an unlisted mixture."""
    strategy = iteration.camera_strategy if team == Team.CAMERA else iteration.target_strategy
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
    form, settings = "round-robin", {"episodes": run.episodes_per_pairing}
    if run.is_anytime and max(len(cameras), len(targets)) > 1:
        form, settings = "nash", settings_of_nash(run.epsilon)
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
