"""The kills during a PSRO run, alternately while payoffs are played and while best responses are trained."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.installation import wait_for

VICTIMS = ("worker", "trainer", "redis")
WORKERS = ("worker-1", "worker-2")
TRAINERS = ("trainer-1", "trainer-2")
LATEST = {"playing": 5.0, "training": 20.0}
"""Maximum seconds between the start of an iteration's first match or training and a kill; the delay is random."""
PHASES = tuple(LATEST)


def carry_out(run: Any, kill: Callable[[str], None], iterations: int, kills: int, seed: int) -> list[dict[str, Any]]:
    """Kill processes at random moments during the whole run; return each victim, its work, and the state of the run.

    Victims and phases alternate, so six kills cover all combinations. An even seed begins with matches.
    """
    draws = random.Random(seed)
    told: list[dict[str, Any]] = []
    began = time.monotonic()
    for number in range(kills):
        victim, phase = VICTIMS[number % len(VICTIMS)], PHASES[(number + seed) % len(PHASES)]
        wait_for(partial(is_time, run, round((number + 1) * iterations / kills), phase))
        time.sleep(draws.uniform(0.0, LATEST[phase]))
        if is_over(run):
            break
        name, doing = find_victim(run, victim)
        seconds = round(time.monotonic() - began)
        told.append({"seconds": seconds, "killed": name, **describe_moment(run), "doing": doing})
        kill(name)
    return told


def is_over(run: Any) -> bool:
    run.refresh_from_db()
    return run.state != "running"


def is_time(run: Any, number: int, phase: str) -> bool:
    """Return whether the phase (matches or trainings) of this or a later iteration is under way, or the run is over."""
    newest = run.iterations.last()
    if is_over(run) or newest is None or newest.number < number or newest.phase != phase:
        return is_over(run)
    return bool(playing(run) if phase == "playing" else training(run))


def playing(run: Any) -> Any:
    """Return a block of the newest iteration's payoffs that is being played, if there is one."""
    from tournament.models import Block, BlockState

    blocks = Block.objects.filter(tournament=run.iterations.last().tournament, state=BlockState.LEASED)
    return blocks.order_by("num_played").last()


def training(run: Any) -> Any:
    """Return the running training with the most steps, if there is one."""
    from tournament.models import TrainingRun, TrainingState

    rows = TrainingRun.objects.filter(name__startswith=f"{run.name}, ", state=TrainingState.TRAINING)
    return rows.order_by("steps_done").last()


def describe_moment(run: Any) -> dict[str, Any]:
    """Return the run's current state."""
    newest = run.iterations.last()
    state = {"playing": "matches", "training": "training", "solved": "solving"}[newest.phase]
    return {"iteration": newest.number, "state": state}


def find_victim(run: Any, kind: str) -> tuple[str, str]:
    """Return the name of the process to kill, a busy one if possible, and its current work."""
    if kind == "redis":
        return kind, describe_redis()
    row, names = (playing(run), WORKERS) if kind == "worker" else (training(run), TRAINERS)
    if row is None:
        return names[0], "nothing"
    name = row.worker.partition("@")[0]
    return name, describe_block(row) if kind == "worker" else describe_training(row)


def describe_redis() -> str:
    from tasks import leases
    from tournament.models import Block

    return f"carrying hints of {leases.waiting(Block).count()} waiting blocks"


def describe_block(row: Any) -> str:
    left = row.tournament.blocks.exclude(state="done").count()
    return f"playing {row.pairing}, {row.num_played} of {row.num_episodes} episodes written, {left} blocks open"


def describe_training(row: Any) -> str:
    return f"training the {row.team} team, at {row.steps_done:,} of {row.steps_wanted:,} steps"
