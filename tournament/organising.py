"""Tournaments: made, cancelled, followed and finished. What is played where and when is the workers' affair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q, Sum
from django.utils import timezone

from mate.errors import UserError
from tournament import leaderboards, queries
from tournament.contents import Contents
from tournament.entries import check_fitness
from tournament.models import (
    Agent,
    Block,
    BlockState,
    Choice,
    Episode,
    Pairing,
    Scenario,
    Team,
    Tournament,
    TournamentState,
)

MAX_EPISODES_PER_PAIRING = 10_000
MAX_EPISODES = 1_000_000
LARGEST_BLOCK = 1000
"""Episodes of a block as it waits; workers cut off what they play in one go (`tasks.sizing`)."""
UNKNOWN_SECONDS = 0.1
"""What an episode is taken to need before any was played: about 10,000 steps of rule-based agents."""
OPEN = (BlockState.WAITING, BlockState.LEASED)


class TournamentRefused(UserError):
    """A tournament cannot be made as it was asked for; the message names every reason."""


def create_tournament(
    name: str,
    scenario: Scenario,
    cameras: Iterable[Agent],
    targets: Iterable[Agent],
    episodes_per_pairing: int,
    base_seed: int = 0,
    owner: Any = None,
) -> Tournament:
    """Make a round robin of every camera against every target, with blocks of work for the episodes that do not exist yet.

    Episodes that exist (of the same pairing, engine and seed) are reused and counted as such; if all do, the tournament
    is finished when this returns. Send hints to workers afterwards (`tasks.hints.send`). Raises TournamentRefused.
    """
    cameras, targets = _distinct(cameras), _distinct(targets)
    _check(name, scenario, cameras, targets, episodes_per_pairing, base_seed)
    with transaction.atomic():
        tournament = Tournament.objects.create(
            name=name.strip(),
            owner=owner,
            scenario=scenario,
            episodes_per_pairing=episodes_per_pairing,
            base_seed=base_seed,
            engine=leaderboards.engine_version(),
            num_episodes=len(cameras) * len(targets) * episodes_per_pairing,
        )
        tournament.cameras.set(cameras)
        tournament.targets.set(targets)
        pairings = _find_pairings(scenario, cameras, targets)
        tournament.pairings.set(pairings)
        Choice.objects.bulk_create(
            Choice(tournament=tournament, round=1, pairing=pairing, first=0, count=episodes_per_pairing)
            for pairing in pairings
        )
        missing = _find_missing(tournament, pairings)
        tournament.num_reused = tournament.num_episodes - sum(map(len, missing.values()))
        tournament.save(update_fields=["num_reused"])
        Block.objects.bulk_create(_cut(tournament, pairings, missing), batch_size=500)
    finish_if_complete(tournament)
    return tournament


def _distinct(agents: Iterable[Agent]) -> list[Agent]:
    return list({agent.pk: agent for agent in agents}.values())


def _check(
    name: str, scenario: Scenario, cameras: Sequence[Agent], targets: Sequence[Agent], episodes: int, base_seed: int
) -> None:
    problems = []
    if not name.strip() or len(name) > 120:
        problems.append("A tournament needs a name of at most 120 characters.")
    if not 1 <= episodes <= MAX_EPISODES_PER_PAIRING:
        problems.append(
            f"Episodes per pairing: {episodes} was asked for, 1 to {MAX_EPISODES_PER_PAIRING:,} are possible."
        )
    elif len(cameras) * len(targets) * episodes > MAX_EPISODES:
        total = len(cameras) * len(targets) * episodes
        problems.append(
            f"That makes {total:,} episodes; at most {MAX_EPISODES:,} are possible. Ask for fewer per pairing."
        )
    if not 0 <= base_seed < 2**63:
        problems.append(f"The base seed is {base_seed}: expected a whole number from 0 to 2^63 - 1.")
    if not scenario.num_cameras:
        problems.append(f"{scenario.name} has no cameras: there is nobody to play against its targets.")
    for team, field in ((Team.CAMERA, cameras), (Team.TARGET, targets)):
        if not field:
            problems.append(f"The {team} field is empty: choose at least one {team} agent.")
        for agent in field:
            if agent.team != team:
                problems.append(f"{agent.name} is a {agent.team} agent and cannot play in the {team} field.")
            problems.extend(check_fitness(agent, scenario).problems)
    if problems:
        raise TournamentRefused(" ".join(problems))


def _find_pairings(scenario: Scenario, cameras: Sequence[Agent], targets: Sequence[Agent]) -> list[Pairing]:
    """The pairings of a round robin, made if need be, in the order of the fields."""
    wanted = [Pairing(scenario=scenario, camera=camera, target=target) for camera in cameras for target in targets]
    Pairing.objects.bulk_create(wanted, ignore_conflicts=True, batch_size=500)
    camera_keys = {camera.pk for camera in cameras}
    target_keys = {target.pk for target in targets}
    rows = Pairing.objects.filter(scenario=scenario, camera__in=camera_keys, target__in=target_keys)
    by_agents = {(row.camera_id, row.target_id): row for row in rows.select_related("camera", "target")}
    return [by_agents[camera.pk, target.pk] for camera in cameras for target in targets]


def _find_missing(tournament: Tournament, pairings: Sequence[Pairing]) -> dict[int, list[int]]:
    """For each pairing, the seeds whose episodes do not exist."""
    existing: dict[int, set[int]] = defaultdict(set)
    rows = Episode.objects.filter(
        pairing__scenario=tournament.scenario, engine=tournament.engine, device=leaderboards.DEVICE
    ).filter(pairing__camera__in=tournament.cameras.all(), pairing__target__in=tournament.targets.all())
    for pairing, seed in rows.values_list("pairing_id", "seed").iterator(chunk_size=10_000):
        existing[pairing].add(seed)
    contents = Contents(tournament)
    return {
        pairing.pk: [
            seed
            for seed in contents.seeds_of(pairing.camera.digest, pairing.target.digest, contents.numbers[pairing.pk])
            if seed not in existing[pairing.pk]
        ]
        for pairing in pairings
    }


def _cut(tournament: Tournament, pairings: Sequence[Pairing], missing: dict[int, list[int]]) -> list[Block]:
    """Blocks of the missing episodes: first the first block of every pairing, then the second ones, and so on."""
    size = settings.ARENA_BLOCK_SIZE or LARGEST_BLOCK
    rounds: dict[int, list[Block]] = defaultdict(list)
    for pairing in pairings:
        wanted = missing[pairing.pk]
        for number, start in enumerate(range(0, len(wanted), size)):
            part = wanted[start : start + size]
            rounds[number].append(Block(tournament=tournament, pairing=pairing, seeds=part, num_episodes=len(part)))
    return [block for number in sorted(rounds) for block in rounds[number]]


def cancel_tournament(tournament: Tournament) -> bool:
    """Stop a tournament at once: waiting blocks are never played, and playing ones stop within moments. Episodes stay.

    Returns whether it was still playing.
    """
    with transaction.atomic():
        stopped = Tournament.objects.filter(pk=tournament.pk, state=TournamentState.PLAYING).update(
            state=TournamentState.CANCELLED, finished=timezone.now()
        )
        if stopped:
            # A new token fences off whoever plays the block now.
            tournament.blocks.filter(state__in=OPEN).update(
                state=BlockState.CANCELLED, token=F("token") + 1, finished=timezone.now()
            )
    tournament.refresh_from_db()
    return bool(stopped)


def retry_failed_blocks(tournament: Tournament) -> int:
    """Give the failed blocks of a finished tournament another chance; returns how many there are."""
    with transaction.atomic():
        count = tournament.blocks.filter(state=BlockState.FAILED).update(
            state=BlockState.WAITING, attempts=0, cause="", error="", leased_until=None, finished=None
        )
        if count:
            Tournament.objects.filter(pk=tournament.pk, state=TournamentState.FAILED).update(
                state=TournamentState.PLAYING, finished=None
            )
    tournament.refresh_from_db()
    return count


def finish_if_complete(tournament: Tournament) -> bool:
    """If no block is left to play, publish the ratings and mark the tournament as finished. Returns whether it is over.

    Safe to call at any time by anybody: the ratings come first, so whoever dies in between leaves it to the next.
    """
    tournament.refresh_from_db(fields=["state"])
    if tournament.state != TournamentState.PLAYING:
        return True
    if tournament.blocks.filter(state__in=OPEN).exists():
        return False
    leaderboards.refit_tournament(tournament)
    leaderboards.refit(tournament.scenario)
    failed = tournament.blocks.filter(state=BlockState.FAILED).exists()
    Tournament.objects.filter(pk=tournament.pk, state=TournamentState.PLAYING).update(
        state=TournamentState.FAILED if failed else TournamentState.FINISHED, finished=timezone.now()
    )
    tournament.refresh_from_db()
    return True


@dataclass(frozen=True)
class Progress:
    """How far a tournament is. Counts are of episodes; `rate` is episodes a second, expected while none plays, None without workers.

    `done` includes the `reused` ones; `failed` are those of failed blocks that were not played; `workers` play for it now.
    """

    done: int
    total: int
    reused: int
    failed: int
    rate: float | None
    seconds_left: float | None
    workers: int

    @property
    def fraction(self) -> float:
        return self.done / self.total if self.total else 1.0


def progress(tournament: Tournament) -> Progress:
    """How far a tournament is, from its blocks."""
    now = timezone.now()
    blocks = tournament.blocks.order_by()
    sums = blocks.aggregate(
        played=Sum("num_played"),
        seconds=Sum("seconds", filter=Q(num_played__gt=0)),
        failed=Sum(F("num_episodes") - F("num_played"), filter=Q(state=BlockState.FAILED)),
        left=Sum(F("num_episodes") - F("num_played"), filter=Q(state__in=OPEN)),
        playing=Count("id", filter=Q(state=BlockState.LEASED, leased_until__gte=now)),
    )
    played, seconds, left = sums["played"] or 0, sums["seconds"] or 0.0, sums["left"] or 0
    workers = sums["playing"] or queries.live_workers().count()
    each = seconds / played if played and seconds else queries.seconds_per_episode(tournament.scenario)
    rate = workers / (each or UNKNOWN_SECONDS) if workers else None
    over = tournament.state != TournamentState.PLAYING
    return Progress(
        done=min(tournament.num_reused + played, tournament.num_episodes),
        total=tournament.num_episodes,
        reused=tournament.num_reused,
        failed=sums["failed"] or 0,
        rate=None if over else rate,
        seconds_left=0.0 if over or not left else left / rate if rate else None,
        workers=0 if over else sums["playing"],
    )
