"""Two PSRO runs head to head: the final mixtures of each play those of the other.

The mixtures are weighted sums over the cells of one payoff matrix, that of the agents that either run plays at the end.
So their episodes are ordinary ones, those that exist are not played again, and the intervals know which seeds are
shared (`meta_solvers.Noise`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import transaction

from mate import Team
from tournament import leaderboards, organising
from tournament.meta_solvers import Noise
from tournament.models import Agent, PsroComparison, PsroPhase, PsroRun, PsroState, Purpose, Tournament, TournamentState
from tournament.payoffs import Array, MetaGame
from tournament.psro_runs.creating import PsroRefused
from tournament.psro_runs.populations import members
from tournament.psro_runs.requesting import derive_seed

Sides = dict[Team, dict[Agent, float]]
"""By team: the agents of a run's final mixture with their weights."""


@dataclass(frozen=True)
class MixedPayoff:
    """A payoff of mixtures, or a difference of such, with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class HeadToHead:
    """Payoffs of the cameras' mixtures (rows: first, second run) against the targets' (columns), and the advantage.

    The advantage is what the first run's mixtures get beyond the second's when each team of one plays the other's: the
    payoff of its cameras against the second's targets minus that of the second's cameras against its targets.
    """

    payoffs: tuple[tuple[MixedPayoff, MixedPayoff], tuple[MixedPayoff, MixedPayoff]]
    advantage: MixedPayoff
    episodes: int

    @property
    def leader(self) -> int | None:
        """0 or 1 for the run whose mixtures are better beyond doubt; None where the interval contains zero."""
        if self.advantage.low > 0:
            return 0
        return 1 if self.advantage.high < 0 else None


def check_pair(first: PsroRun, second: PsroRun) -> None:
    """Raise PsroRefused unless two runs can be compared."""
    problems = []
    for field, run in (("first", first), ("second", second)):
        if run.state != PsroState.FINISHED:
            problems.append((field, f"“{run.name}” is not finished: only the final mixtures of runs are compared."))
        elif any(agent is None for agent, _ in _final(run)):
            problems.append((field, f"Agents of “{run.name}” are not in the uploaded file, so they cannot play."))
    if first.pk == second.pk:
        problems.append(("second", "A run cannot be compared with itself. Choose another one."))
    elif first.scenario_id != second.scenario_id:
        problems.append(("second", f"“{second.name}” plays in {second.scenario}, not in {first.scenario}."))
    if problems:
        raise PsroRefused(problems)


def _final(run: PsroRun) -> list[tuple[Agent | None, float]]:
    """Return the agents of both final mixtures with their weights; None for an agent that is not here."""
    last = run.iterations.filter(phase=PsroPhase.SOLVED).last()
    if last is None:
        return []
    return [
        (member.agent, weight)
        for team in Team
        for member, weight in zip(members(run, team, last.number), getattr(last, f"{team}_strategy"), strict=True)
        if weight > 0
    ]


def sides_of(run: PsroRun) -> Sides:
    """Return a run's final mixtures; an agent that joined twice has the sum of its weights."""
    sides: Sides = {team: {} for team in Team}
    for agent, weight in _final(run):
        assert agent is not None
        side = sides[Team(agent.team)]
        side[agent] = side.get(agent, 0.0) + weight
    return sides


def start_comparison(first: PsroRun, second: PsroRun, owner: Any) -> PsroComparison:
    """Plan the tournament that a comparison needs, if it is not there. Raises PsroRefused or TournamentRefused."""
    check_pair(first, second)
    with transaction.atomic():
        PsroRun.objects.select_for_update().filter(pk__in=(first.pk, second.pk)).order_by("pk").count()
        row = find_comparison(first, second) or PsroComparison(first=first, second=second)
        if row.tournament is None or not _covers(row.tournament, (first, second)):
            row.tournament = _plan(first, second, owner)
            row.save()
    return row


def find_comparison(first: PsroRun, second: PsroRun) -> PsroComparison | None:
    """Return the comparison of two runs in either order."""
    rows = PsroComparison.objects.select_related("tournament").order_by("-pk")
    return rows.filter(first=first, second=second).first() or rows.filter(first=second, second=first).first()


def _covers(played: Tournament, runs: tuple[PsroRun, PsroRun]) -> bool:
    """Return whether a tournament plays, or has played, all agents of both runs' final mixtures."""
    if played.state not in (TournamentState.PLAYING, TournamentState.FINISHED):
        return False
    known = {*played.cameras.values_list("pk", flat=True), *played.targets.values_list("pk", flat=True)}
    return all(agent.pk in known for run in runs for side in sides_of(run).values() for agent in side)


def _plan(first: PsroRun, second: PsroRun, owner: Any) -> Tournament:
    sides = sides_of(first), sides_of(second)
    cameras, targets = (list(dict.fromkeys([*sides[0][team], *sides[1][team]])) for team in Team)
    episodes = max(first.episodes_per_pairing, second.episodes_per_pairing, 2)
    return organising.create_tournament(
        organising.TournamentRequest(
            f"{first.name} against {second.name}"[:120], first.scenario, cameras, targets, episodes,
            derive_seed(first, "payoffs"), owner=owner, purpose=Purpose.PSRO,
        )
    )  # fmt: skip


def judge_comparison(first: PsroRun, second: PsroRun) -> HeadToHead | None:
    """Return what the episodes of two runs' comparison show; None while they are missing or do not differ."""
    row = find_comparison(first, second)
    played = row.tournament if row else None
    if played is None or played.state != TournamentState.FINISHED or not _covers(played, (first, second)):
        return None
    game = leaderboards.meta_game_of_tournament(played)
    noise = Noise.of(game)
    if noise is None:
        return None
    cameras, targets = (
        [_weigh(sides_of(run)[team], getattr(game, f"{team}s")) for run in (first, second)] for team in Team
    )
    needed = (cameras[0] + cameras[1])[:, None] * (targets[0] + targets[1]) > 0
    if (game.count[needed] < 2).any():
        return None
    cells = [[_estimate(game, noise, np.outer(camera, target)) for target in targets] for camera in cameras]
    difference = np.outer(cameras[0], targets[1]) - np.outer(cameras[1], targets[0])
    return HeadToHead(
        ((cells[0][0], cells[0][1]), (cells[1][0], cells[1][1])),
        _estimate(game, noise, difference), int(game.count[needed].sum()),
    )  # fmt: skip


def _weigh(side: dict[Agent, float], digests: tuple[str, ...]) -> Array:
    weights = {agent.digest: weight for agent, weight in side.items()}
    return np.array([weights.get(digest, 0.0) for digest in digests])


def _estimate(game: MetaGame, noise: Noise, weights: Array) -> MixedPayoff:
    mean = float((weights * np.where(weights == 0.0, 0.0, game.payoff)).sum())
    reach = float(noise.variance_of(weights).half_widths())
    return MixedPayoff(mean, mean - reach, mean + reach)
