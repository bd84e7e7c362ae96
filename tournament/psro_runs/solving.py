"""From an iteration's tournament to its meta-game, meta-strategies and figures."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from django.utils import timezone

from mate import Team
from tournament import contents, leaderboards
from tournament.models import Episode, PsroIteration, PsroPhase, PsroRun, Tournament
from tournament.payoffs import MetaGame, list_numbers
from tournament.psro import accounts
from tournament.psro_runs.populations import population


def read_table(run: PsroRun, iteration: PsroIteration, played: Tournament) -> accounts.PsroGame:
    """Return the meta-game of an iteration, agents in the order of joining; unplayed cells have a count of 0."""
    cameras, targets = ([agent.digest for agent in population(run, team, iteration.number)] for team in Team)
    return accounts.PsroGame.of(read_payoffs(played, cameras, targets), mean_coverage(played, cameras, targets))


def read_payoffs(played: Tournament, cameras: list[str], targets: list[str]) -> MetaGame:
    """Return a tournament's meta-game of these agents, by digest, in this order."""
    return arrange(leaderboards.meta_game_of_tournament(played), cameras, targets)


def arrange(game: MetaGame, cameras: list[str], targets: list[str]) -> MetaGame:
    """Return the meta-game with agents in this order and its episodes; an agent named twice has equal rows."""
    return game.select([game.cameras.index(one) for one in cameras], [game.targets.index(one) for one in targets])


def mean_coverage(played: Tournament, cameras: list[str], targets: list[str]) -> np.ndarray:
    """Return the mean coverage rate (m, n) of a tournament's episodes; NaN where nothing was played."""
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


def solve(run: PsroRun, iteration: PsroIteration, table: accounts.PsroGame, strategies: accounts.Strategies) -> None:
    """Record an iteration's meta-game, its strategies, and the exploitability of the previous strategies in it."""
    camera, target = strategies
    iteration.table = table.to_json()
    iteration.camera_strategy, iteration.target_strategy = list_numbers(camera), list_numbers(target)
    iteration.figures = accounts.figures(table.game, strategies, strategies_before(iteration))
    iteration.phase, iteration.solved = PsroPhase.SOLVED, timezone.now()
    iteration.save()


def strategies_before(iteration: PsroIteration) -> accounts.Strategies | None:
    """Return the previous iteration's strategies, which this one's agents were trained against; None for the first."""
    before = iteration.run.iterations.filter(number=iteration.number - 1).defer("table").first()
    return (np.array(before.camera_strategy), np.array(before.target_strategy)) if before else None
