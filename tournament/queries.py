"""Read-only queries of pages and the API about agents, pairings, workers and queues."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Avg, Count, F, Max, Min, Q, QuerySet, StdDev
from django.db.models.functions import Greatest, NullIf, Sqrt

from tournament import visibility
from tournament.clock import ago
from tournament.entries import check_fitness
from tournament.forecasts import Pair, Span, forecast, left_by_pair
from tournament.leaderboards import DEVICE, engine_version
from tournament.models import (
    Agent,
    Block,
    BlockState,
    Episode,
    Pairing,
    Scenario,
    Tournament,
    TournamentState,
    Upload,
    UploadState,
    Withdrawal,
    Worker,
)
from tournament.seeds import episode_seed

WORKER_IS_LIVE_FOR = timedelta(seconds=60)
"""Maximum time since a worker's last heartbeat; after it the worker counts as gone."""


def find_agents(
    team: str = "", kind: str = "", scenario: Scenario | None = None, search: str = "", viewer: Any = None
) -> QuerySet[Agent]:
    """Return agents, filtered by team, kind, part of the name, and a scenario whose numbers of entities they can play.

    A signed-in ``viewer`` finds their own private agents and those of their labs too.
    """
    shown = Q(is_listed=True)
    if viewer is not None and viewer.is_authenticated:
        shown |= Q(withdrawn=Withdrawal.PRIVATE) & visibility.is_own(viewer)
    agents = Agent.objects.filter(shown).select_related("owner", "lab")
    if team:
        agents = agents.filter(team=team)
    if kind:
        agents = agents.filter(kind=kind)
    if search:
        agents = agents.filter(Q(name__icontains=search) | Q(architecture__icontains=search))
    if scenario is not None:
        for name in ("num_cameras", "num_targets", "num_obstacles"):
            agents = agents.filter(Q(**{name: None}) | Q(**{name: getattr(scenario, name)}))
    return agents


@dataclass(frozen=True)
class Mean:
    """A mean over episodes with its standard error, which is None below two values."""

    value: float | None
    error: float | None


@dataclass(frozen=True)
class PairingSummary:
    """Means over the episodes of a pairing. `payoff` is the camera's mean normalised reward."""

    episodes: int
    completed: int
    payoff: Mean
    target_reward: Mean
    coverage: Mean
    real_coverage: Mean
    transport: Mean
    delivered: Mean
    steps: Mean
    payoff_range: tuple[float | None, float | None]


def episodes_of(pairing: Pairing, engine: str = "") -> QuerySet[Episode]:
    """Return the pairing's episodes of this device class in a fixed order, of one engine version or of all."""
    episodes = pairing.episodes.filter(device=DEVICE).order_by("id")
    return episodes.filter(engine=engine) if engine else episodes


MEASURES = ("normalised_reward", "target_reward", "coverage", "real_coverage", "transport", "delivered", "steps")


def summarise(episodes: QuerySet[Episode]) -> PairingSummary:
    """Return means and standard errors, from one query."""
    wanted: dict[str, Avg | StdDev] = {f"{name}_mean": Avg(name) for name in MEASURES}
    # SQLite fails on the sample's deviation of a single episode, so this is the population's.
    wanted |= {f"{name}_sd": StdDev(name) for name in MEASURES}
    row = episodes.order_by().aggregate(
        n=Count("id"),
        done=Count("id", filter=Q(completed=True)),
        least=Min("normalised_reward"),
        most=Max("normalised_reward"),
        **wanted,
    )
    count = row["n"]

    def mean(name: str, sign: int = 1) -> Mean:
        value, spread = row[f"{name}_mean"], row[f"{name}_sd"]
        error = spread / math.sqrt(count - 1) if spread is not None and count > 1 else None
        return Mean(None if value is None else sign * value, error)

    def flip(value: float | None) -> float | None:
        return None if value is None else -value

    return PairingSummary(
        episodes=count,
        completed=row["done"],
        payoff=mean("normalised_reward", -1),
        payoff_range=(flip(row["most"]), flip(row["least"])),
        **{name: mean(name) for name in MEASURES[1:]},
    )


def pairings_of(agent: Agent) -> QuerySet[Pairing]:
    """Return the agent's played pairings, with `num_episodes`, `payoff` (the camera's) and its standard `error`.

    Private opponents are left out, unless the agent is private itself.
    """
    reward, number = "episodes__normalised_reward", Count("episodes")
    shown = Pairing.objects.filter(Q(camera=agent) | Q(target=agent))
    if agent.withdrawn != Withdrawal.PRIVATE:
        shown = visibility.seen_pairings(shown, None)
    spread = Avg(F(reward) * F(reward)) - Avg(reward) * Avg(reward)  # Only sums, which are fast in every database.
    return (
        shown.select_related("scenario", "camera", "target")
        .filter(episodes__device=DEVICE)
        .annotate(num_episodes=number, payoff=-Avg(reward))
        .annotate(error=Sqrt(Greatest(spread, 0.0) / NullIf(number - 1, 0)))
        .filter(num_episodes__gt=0)
        .order_by("scenario__name", "-num_episodes", "id")
    )


@dataclass(frozen=True)
class Queue:
    blocks_waiting: int
    blocks_playing: int
    episodes_left: int
    uploads_waiting: int
    uploads_checking: int
    span: Span | None
    """Time for the remaining episodes; None without any, or if nothing comparable was played."""


def queue() -> Queue:
    """Return the work that waits for workers now."""
    counts = dict(
        Block.objects.filter(state__in=[BlockState.WAITING, BlockState.LEASED])
        .order_by()
        .values_list("state")
        .annotate(Count("id"))
    )
    left = Block.objects.filter(state__in=[BlockState.WAITING, BlockState.LEASED]).order_by()
    uploads = dict(Upload.objects.order_by().values_list("state").annotate(Count("id")))
    remaining = sum(left.values_list(F("num_episodes") - F("num_played"), flat=True))
    return Queue(
        counts.get(BlockState.WAITING, 0),
        counts.get(BlockState.LEASED, 0),
        max(remaining, 0),
        uploads.get(UploadState.WAITING, 0),
        uploads.get(UploadState.CHECKING, 0),
        span_waiting() if remaining > 0 else None,
    )


def live_workers() -> QuerySet[Worker]:
    """Return the live workers that play blocks and check uploads."""
    return Worker.objects.filter(seen__gte=ago(WORKER_IS_LIVE_FOR.total_seconds()), trains=False)


def live_trainers() -> QuerySet[Worker]:
    """Return the live trainers, each of which runs one training at a time."""
    return Worker.objects.filter(seen__gte=ago(WORKER_IS_LIVE_FOR.total_seconds()), trains=True)


def with_signs_of_life(workers: QuerySet[Worker]) -> QuerySet[Worker]:
    """Return workers with `is_live`, by the database's clock."""
    return workers.annotate(is_live=Q(seen__gte=ago(WORKER_IS_LIVE_FOR.total_seconds())))


@dataclass(frozen=True)
class Unplayable:
    """Waiting blocks that no live worker can play: none has their engine version and device class."""

    engine: str
    device: str
    blocks: int


def count_unplayable() -> list[Unplayable]:
    """Return the waiting blocks without a worker, by engine version and device class; empty while no worker lives."""
    has = set(live_workers().exclude(engine="").values_list("engine", "device"))
    playing = Tournament.objects.filter(state=TournamentState.PLAYING).order_by()
    wanted = playing.values_list("engine", "device").distinct()
    counts = [
        Unplayable(
            engine,
            device,
            Block.objects.filter(
                state=BlockState.WAITING,
                tournament__state=TournamentState.PLAYING,
                tournament__engine=engine,
                tournament__device=device,
            ).count(),
        )
        for engine, device in wanted
        if has and (engine, device) not in has
    ]
    return [found for found in counts if found.blocks]


# Tournaments


@dataclass(frozen=True)
class CostEstimate:
    """The cost of a tournament; `span` leaves out the episodes that are known to exist.

    At least `least_episodes` and at most `episodes` are played; `span` is None where nothing was played yet.
    """

    pairings: int
    least_episodes: int
    episodes: int
    span: Span | None
    workers: int


def estimate(
    scenario: Scenario,
    cameras: Sequence[int],
    targets: Sequence[int],
    least: int,
    most: int,
    beside: bool = True,
    existing: Mapping[Pair, int] | None = None,
) -> CostEstimate:
    """Return the cost of a tournament of these agents (keys), with `least` to `most` episodes spread over all pairings.

    `existing` episodes of a pair take no time. Blocks of other tournaments may come first.
    """
    pairs = [(camera, target) for camera in cameras for target in targets]
    workers = live_workers().count()
    each = max(1, math.ceil(most / len(pairs))) if pairs else 0
    episodes = {pair: max(0, each - (existing or {}).get(pair, 0)) for pair in pairs}
    if pairs and not any(episodes.values()):
        return CostEstimate(len(pairs), least, most, Span(0.0, 0.0, 0.0), workers)
    share = least / most if most else 1.0
    span = forecast(scenario, episodes, workers, seconds_waiting() if beside else 0.0, share) if pairs else None
    return CostEstimate(len(pairs), least, most, span, workers)


MOST_SEEDS = 5000
"""Maximum number of seeds that are looked up to count episodes that exist already."""


def count_existing(
    scenario: Scenario, cameras: Sequence[int], targets: Sequence[int], base_seed: int, episodes: int
) -> Counter[Pair] | None:
    """Return how many episodes of a round robin of these agents (keys) exist already, by pair; None where there are
    too many to look up.
    """
    if not 0 < len(cameras) * len(targets) * episodes <= MOST_SEEDS:
        return None
    digests = dict(Agent.objects.filter(pk__in=[*cameras, *targets]).values_list("pk", "digest"))
    wanted = {
        (camera, target, episode_seed(base_seed, scenario.digest, digests[camera], digests[target], number))
        for camera in cameras
        for target in targets
        if camera in digests and target in digests
        for number in range(episodes)
    }
    found = Episode.objects.filter(
        pairing__scenario=scenario, pairing__camera__in=cameras, pairing__target__in=targets,
        device=DEVICE, engine=engine_version(), seed__in={seed for _, _, seed in wanted},
    )  # fmt: skip
    existing = wanted & set(found.values_list("pairing__camera", "pairing__target", "seed"))
    return Counter((camera, target) for camera, target, _ in existing)


def seconds_waiting() -> float:
    """Return the upper bound of one worker's seconds for the open blocks of all tournaments, as far as it is known."""
    spans = _spans_waiting(1)
    return sum(span.low if span.high is None else span.high for span in spans if span is not None)


def span_waiting() -> Span | None:
    """Return the live workers' time for the open blocks of all tournaments; None where it is unknown."""
    spans = _spans_waiting(live_workers().count())
    known = [span for span in spans if span is not None]
    if not known or len(known) < len(spans):
        return None
    ends = [span.high for span in known if span.high is not None]
    high = sum(ends) if len(ends) == len(known) else None
    return Span(sum(span.low for span in known), high, sum(span.expected for span in known))


def _spans_waiting(workers: int) -> list[Span | None]:
    """Return forecasts of the open blocks by scenario."""
    is_open = Q(state__in=[BlockState.WAITING, BlockState.LEASED])
    scenarios = Scenario.objects.filter(pk__in=Block.objects.filter(is_open).order_by().values("pairing__scenario"))
    return [forecast(one, left_by_pair(is_open & Q(pairing__scenario=one)), workers) for one in scenarios]


def failures(tournament: Tournament) -> QuerySet[Block]:
    """Return the blocks that could not be played, with their cause."""
    blocks = tournament.blocks.filter(state=BlockState.FAILED)
    return blocks.select_related("pairing__camera", "pairing__target").order_by("id")[:50]


def notes_of(tournament: Tournament) -> list[str]:
    """Return remarks about the tournament's agents in its scenario that do not prevent them from playing."""
    scenario = tournament.scenario
    like_here = ("", scenario.enhanced_observation)
    agents = (
        agent
        for field in (tournament.cameras, tournament.targets)
        for agent in field.exclude(trained_enhanced_observation__in=like_here)
    )
    return [note for agent in agents for note in check_fitness(agent, scenario).notes]


def newest_engine(pairing: Pairing) -> str:
    """Return the engine version that played the pairing last; empty where none did."""
    return pairing.episodes.filter(device=DEVICE).order_by("-id").values_list("engine", flat=True).first() or ""
