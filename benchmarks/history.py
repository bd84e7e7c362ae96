"""A synthetic history for benchmarks: a finished tournament with as many cameras as targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from django.db import connection

from mate import Team

SKILL, INTERACTION, LUCK, NOISE = 0.1, 0.03, 0.08, 0.1
"""Standard deviations of the terms of a normalised reward: an agent's skill, and the effects of pairing, seed and
episode.
"""


def make_tournament(size: int, episodes: int, name: str = "", seed: int = 0) -> Any:
    """Create a tournament of ``size`` cameras against ``size`` targets, without episodes; return its row."""
    from tournament import entries, organising

    scenario = entries.register_scenario("MATE-4v8-9")
    cameras, targets = (make_agents(team, size, name or f"{size}") for team in Team)
    title = name or f"{size} against {size}"
    request = organising.TournamentRequest(title, scenario, cameras, targets, episodes, base_seed=seed)
    return organising.create_tournament(request)


def make_agents(team: str, count: int, name: str) -> list[Any]:
    """Create rows of agents without checkpoints."""
    from tournament.models import Agent, AgentKind

    slugs = [f"{name}-{team}-{number}" for number in range(count)]
    rows = [
        Agent(team=team, kind=AgentKind.CHECKPOINT, name=f"{team} {number}", slug=slug, digest=slug, spec={})
        for number, slug in enumerate(slugs)
    ]
    Agent.objects.bulk_create(rows)
    return rows


def play(tournament: Any, blocks: int | None = None) -> int:
    """Insert synthetic episodes for all, or the first ``blocks``, of a tournament's waiting blocks; return how many."""
    from tournament.models import Block, BlockState

    waiting = tournament.blocks.filter(state=BlockState.WAITING).order_by("id")
    chosen = list(waiting.values_list("pk", "pairing", "pairing__camera", "pairing__target", "seeds")[:blocks])
    rows = [row for block in chosen for row in invent(*block[1:])]
    insert(rows)
    for first in range(0, len(chosen), 500):
        part = Block.objects.filter(pk__in=[block[0] for block in chosen[first : first + 500]])
        from django.db.models import F

        part.update(state=BlockState.DONE, num_played=F("num_episodes"), seconds=1.0)
    return len(rows)


def draw(*key: int) -> float:
    """Return a standard normal number that depends only on the key."""
    return float(np.random.default_rng(key).standard_normal())


def invent(pairing: int, camera: int, target: int, seeds: list[int]) -> Iterator[tuple[Any, ...]]:
    """Yield rows of a pairing's episodes, with the order of COLUMNS. Agents with higher keys are better."""
    from tournament import leaderboards

    engine, device = leaderboards.engine_version(), leaderboards.DEVICE
    mean = 0.3 - SKILL * draw(1, camera) + SKILL * draw(2, target) + INTERACTION * draw(3, pairing)
    words = np.array(seeds, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)  # the same for all who play a seed
    luck = ((words >> np.uint64(11)).astype(np.float64) / 2.0**53 - 0.5) * np.sqrt(12.0)
    noise = np.random.default_rng([4, pairing, seeds[0] % 2**31]).standard_normal(len(seeds))
    for seed, reward in zip(seeds, (mean + LUCK * luck + NOISE * noise).tolist(), strict=True):
        share = min(max(0.5 - reward / 2, 0.0), 1.0)
        yield (
            pairing, engine, device, seed, 1000, True, 1000.0 * reward, reward, share, share, 1.0 - share, 32,
            f"{seed:016x}",
        )  # fmt: skip


COLUMNS = (
    "pairing_id", "engine", "device", "seed", "steps", "completed", "target_reward", "normalised_reward", "coverage",
    "real_coverage", "transport", "delivered", "digest",
)  # fmt: skip


def insert(rows: list[tuple[Any, ...]]) -> None:
    """Insert rows into the table of episodes by the fastest way of the database."""
    table, columns = "tournament_episode", ", ".join(COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute("ANALYZE")  # as the server itself does later
            return
        places = ", ".join("?" * len(COLUMNS))
        raw = connection.connection
        raw.execute("BEGIN IMMEDIATE")
        raw.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)
        raw.execute("COMMIT")
