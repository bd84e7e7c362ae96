"""The answers of a portal as typed objects. Fields that a newer portal adds are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

Team = Literal["camera", "target"]


class Shape(BaseModel):
    """An answer of the portal, immutable."""

    model_config = ConfigDict(extra="allow", frozen=True)

    @classmethod
    def read(cls, body: Any) -> Self:
        return cls.model_validate(body)


class AgentRef(Shape):
    slug: str
    name: str
    team: Team
    digest: str


class Standing(Shape):
    scenario: str
    rank: int | None
    rating: float | None
    lower: float | None
    upper: float | None
    num_episodes: int


class Agent(AgentRef):
    kind: str
    description: str
    owner: str | None
    architecture: str
    created: datetime
    withdrawn: str = ""
    lab: str = ""
    standings: list[Standing] = []
    no_scenario: str = ""


class Member(Shape):
    username: str
    role: Literal["owner", "member"]
    accepted: bool


class Lab(Shape):
    slug: str
    name: str
    description: str
    members: list[Member]
    agents: list[str]


class Scenario(Shape):
    slug: str
    name: str
    digest: str
    num_cameras: int
    num_targets: int
    num_obstacles: int
    enhanced_observation: str


class Step(Shape):
    name: str
    status: str
    detail: str = ""


class Upload(Shape):
    id: str
    filename: str
    size: int
    sha256: str
    state: str
    is_over: bool
    reason: str
    steps: list[Step]
    agents: list[AgentRef]
    notes: list[str] = []
    url: str


class Progress(Shape):
    done: int
    total: int
    reused: int
    failed: int
    rate: float | None
    seconds_left: float | None
    seconds_left_low: float | None = None
    seconds_left_high: float | None = None


class Tournament(Shape):
    id: int
    name: str
    scenario: str
    owner: str | None
    state: str
    is_over: bool
    format: str
    settings: dict[str, Any]
    num_episodes: int
    created: datetime
    finished: datetime | None
    url: str
    progress: Progress | None = None
    finding: dict[str, Any] = {}
    failures: list[dict[str, Any]] = []
    notes: list[str] = []


class Estimate(Shape):
    pairings: int
    first_round: int
    episodes: int
    reused: int
    seconds_low: float | None
    seconds_high: float | None
    workers: int


class Rating(Shape):
    agent: AgentRef
    rank: int | None
    best_rank: int | None
    worst_rank: int | None
    rating: float | None
    lower: float | None
    upper: float | None
    payoff: float | None
    num_episodes: int
    is_provisional: bool


class Leaderboard(Shape):
    number: int
    scenario: str
    tournament: int | None
    num_episodes: int
    limits: dict[str, str]
    cameras: list[Rating]
    targets: list[Rating]


class Interval(Shape):
    value: float | None
    error: float | None
    lower: float | None
    upper: float | None


class Comparison(Shape):
    scenario: str
    first: AgentRef
    second: AgentRef
    difference: Interval
    better: Interval
    num_pairs: int
    num_seeds: int
    num_opponents: int
    test: dict[str, Any] | None
    opponents: list[dict[str, Any]]


class Pairing(Shape):
    id: int
    scenario: str
    camera: AgentRef
    target: AgentRef
    num_episodes: int


class Episode(Shape):
    id: int
    pairing: int
    seed: str
    steps: int
    completed: bool
    normalised_reward: float
    coverage: float
    transport: float
    digest: str


class Verdict(Shape):
    is_same: bool
    recorded_digest: str
    computed_digest: str
    message: str


class Training(Shape):
    id: int
    name: str
    scenario: str
    state: str
    created: datetime
    url: str


class PsroRun(Shape):
    id: int
    name: str
    scenario: str
    kind: str
    meta_solver: str
    state: str
    reason: str
    iterations_done: int
    iterations_wanted: int
    url: str


class HeadToHead(Shape):
    first: int
    second: int
    tournament: int | None
    payoffs: list[list[dict[str, float]]] | None
    advantage: dict[str, float] | None
    leader: int | None
    episodes: int
    url: str


class Study(Shape):
    id: int
    name: str
    state: str
    team: str
    scenarios: list[str]
    num_runs: int
    num_scored: int
    num_failed: int
    url: str
    figures: dict[str, Any] = {}


class Attack(Shape):
    id: int
    agent: dict[str, Any]
    scenario: str
    state: str
    reason: str
    result: dict[str, Any]
    url: str


class Schedule(Shape):
    id: int
    name: str
    kind: str
    scenario: str
    in_words: str
    is_paused: bool
    next_start: datetime | None


class Token(Shape):
    id: int
    name: str
    scopes: list[str]
    expires: datetime | None
    key: str = ""


class Account(Shape):
    username: str
    is_staff: bool
    token: Token
    num_agents: int
    bytes_used: int
    bytes_allowed: int | None


class Status(Shape):
    version: str
    engine: str
    workers: list[dict[str, Any]]
    blocks_waiting: int
    blocks_playing: int
    episodes_left: int
    uploads_waiting: int
    trainings_waiting: int
    trainings_running: int
