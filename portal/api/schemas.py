"""The shapes of what the API takes and gives."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.urls import reverse
from ninja import Field, Schema
from pydantic import AfterValidator, ConfigDict, StringConstraints

from tournament import organising, queries
from tournament.models import TournamentState

Team = Literal["camera", "target"]
LARGEST_ID = 2**63 - 1


def check_text(text: str) -> str:
    """Raises ValueError for what no database stores: null characters, and halves of surrogate pairs."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("has a null character or half a surrogate pair in it; leave it out")
    return text


Text = Annotated[str, AfterValidator(check_text)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80), AfterValidator(check_text)]


class Asked(Schema):
    """A request's body. Unknown fields are refused: a misspelt one must not pass for one that was left out."""

    model_config = ConfigDict(extra="forbid")


class ErrorBody(Schema):
    code: str
    message: str = Field(description="What was wrong, where, and what to do.")
    where: str


class ErrorOut(Schema):
    error: ErrorBody


class ScenarioOut(Schema):
    slug: str
    name: str
    digest: str
    num_cameras: int
    num_targets: int
    num_obstacles: int
    enhanced_observation: str


class AgentRef(Schema):
    slug: str
    name: str
    team: Team
    digest: str


class AgentOut(AgentRef):
    kind: Literal["builtin", "checkpoint", "mixture"]
    description: str
    owner: str | None
    architecture: str
    num_cameras: int | None = Field(description="Trained for this many; null: any.")
    num_targets: int | None
    num_obstacles: int | None
    trained_enhanced_observation: str
    created: datetime

    @staticmethod
    def resolve_owner(agent: Any) -> str | None:
        return agent.owner and agent.owner.get_username()


class AgentIn(Asked):
    """What is left out stays."""

    name: Name | None = None
    description: Text | None = Field(None, max_length=2000)


class StandingOut(Schema):
    scenario: str
    rank: int | None
    rating: float | None
    lower: float | None
    upper: float | None
    nash_mass: float | None
    num_episodes: int


class AgentDetailOut(AgentOut):
    spec: dict[str, Any]
    provenance: dict[str, Any]
    standings: list[StandingOut]


class StepOut(Schema):
    name: str
    status: Literal["waiting", "running", "ok", "failed", "skipped"]
    detail: str = ""


class UploadOut(Schema):
    id: UUID
    filename: str
    size: int
    sha256: str
    deterministic: bool
    state: Literal["waiting", "checking", "accepted", "refused", "failed"]
    is_over: bool = Field(description="The checking has ended: `accepted`, `refused` or `failed`.")
    reason: str = Field(description="Why it was refused, in words; empty otherwise.")
    steps: list[StepOut]
    agents: list[AgentRef] = Field(description="What it became.")
    created: datetime
    finished: datetime | None
    url: str

    @staticmethod
    def resolve_url(upload: Any) -> str:
        return reverse("upload", args=[upload.pk])


class TournamentIn(Asked):
    name: Text = Field("", max_length=120)
    scenario: Text = Field(description="Slug, such as mate-4v8-9.")
    cameras: list[Text] = Field(description="Slugs or digests of camera agents.")
    targets: list[Text] = Field(description="Slugs or digests of target agents.")
    format: Text = Field("round-robin", description="One of GET /formats.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Of the format; what is absent is as usual.")
    episodes_per_pairing: int | None = Field(
        None, ge=1, description="A round robin's setting `episodes`, under its older name."
    )
    base_seed: int = Field(0, ge=0, lt=2**63)


class ProgressOut(Schema):
    done: int
    total: int = Field(description="Where the format decides round by round, what is expected in the end.")
    chosen: int = Field(description="What was chosen so far.")
    reused: int
    failed: int
    rate: float | None = Field(description="Episodes a second now; null while not known.")
    seconds_left: float | None


class TournamentOut(Schema):
    id: int
    name: str
    owner: str | None
    scenario: str
    state: Literal["playing", "finished", "cancelled", "failed"]
    is_over: bool
    format: str
    settings: dict[str, Any]
    round: int = Field(description="Rounds that were chosen.")
    purpose: str = Field(
        description="Why it was started: placement, reevaluation, schedule, milestone, psro, or nothing."
    )
    schedule: int | None = Field(description="The schedule that started it.")
    episodes_per_pairing: int = Field(description="Of a round robin; 0 where the format decides round by round.")
    base_seed: str
    engine: str
    num_episodes: int = Field(description="Episodes that it consists of so far.")
    num_reused: int
    created: datetime
    finished: datetime | None
    url: str

    @staticmethod
    def resolve_owner(tournament: Any) -> str | None:
        return tournament.owner and tournament.owner.get_username()

    @staticmethod
    def resolve_scenario(tournament: Any) -> str:
        return tournament.scenario.slug

    @staticmethod
    def resolve_schedule(tournament: Any) -> int | None:
        return tournament.start and tournament.start.schedule_id

    @staticmethod
    def resolve_is_over(tournament: Any) -> bool:
        return tournament.state != TournamentState.PLAYING

    @staticmethod
    def resolve_base_seed(tournament: Any) -> str:
        return str(tournament.base_seed)

    @staticmethod
    def resolve_url(tournament: Any) -> str:
        return reverse("tournament", args=[tournament.pk])


class FailureOut(Schema):
    camera: str
    target: str
    cause: str
    error: str

    @staticmethod
    def resolve_camera(block: Any) -> str:
        return block.pairing.camera.slug

    @staticmethod
    def resolve_target(block: Any) -> str:
        return block.pairing.target.slug


class TournamentDetailOut(TournamentOut):
    cameras: list[AgentRef]
    targets: list[AgentRef]
    notes: list[str] = Field(description="What is to be known about agents here, such as what they were trained under.")
    progress: ProgressOut
    finding: dict[str, Any] = Field(description="What the format found after the last complete round; empty before.")
    failures: list[FailureOut]

    @staticmethod
    def resolve_notes(tournament: Any) -> list[str]:
        return queries.notes_of(tournament)

    @staticmethod
    def resolve_progress(tournament: Any) -> organising.Progress:
        return organising.progress(tournament)

    @staticmethod
    def resolve_failures(tournament: Any) -> list[Any]:
        return list(queries.failures(tournament))


class RatingOut(Schema):
    """Units and meanings are in docs/exports.md."""

    agent: AgentRef
    rank: int | None
    best_rank: int | None
    worst_rank: int | None
    first_probability: float | None
    rating: float | None
    lower: float | None
    upper: float | None
    margin: float | None
    margin_lower: float | None
    margin_upper: float | None
    payoff: float | None
    payoff_error: float | None
    nash_mass: float | None
    nash_support: float | None
    nash_skill: float | None
    deviation: float | None
    worst_opponent: str | None = Field(description="Its digest.")
    num_episodes: int
    num_opponents: int
    num_comparisons: int | None
    is_provisional: bool
    is_anchor: bool


class SnapshotOut(Schema):
    """A published fit."""

    number: int = Field(description="Counts the fits of this board, from 1.")
    engine: str
    code: str = Field(description="Version of the code that fitted.")
    num_episodes: int
    reason: str = Field(description="Why it was made: what is new since the one before.")
    created: datetime


class PastOut(SnapshotOut):
    """An agent's line on a published fit; `num_episodes` are all those of the fit."""

    rank: int | None
    best_rank: int | None
    worst_rank: int | None
    rating: float | None
    lower: float | None
    upper: float | None
    payoff: float | None
    payoff_error: float | None
    nash_mass: float | None


class LeaderboardOut(SnapshotOut):
    scenario: str
    scenario_digest: str
    tournament: int | None
    value: float | None = Field(description="Of the zero-sum game, to the cameras.")
    nash: dict[str, Any] | None = Field(
        description="The game within this pool: value, exploitability, their intervals."
    )
    cyclicity: dict[str, Any] | None
    influences: list[dict[str, Any]] = Field(description="Agents whose removal would change a first rank, by digest.")
    alpha_rank: dict[str, Any] | None = Field(description="Of boards of a size where it is quick.")
    cameras: list[RatingOut]
    targets: list[RatingOut]


class CellOut(Schema):
    pairing: int
    payoff: float = Field(description="The camera's mean normalised reward.")
    error: float | None = Field(description="Its standard error; null below two episodes.")
    count: int


class MetaGameOut(SnapshotOut):
    scenario: str
    scenario_digest: str
    tournament: int | None
    cameras: list[AgentRef]
    targets: list[AgentRef]
    cells: list[list[CellOut | None]] = Field(description="Rows are cameras, columns targets; null where not played.")


class MeanOut(Schema):
    value: float | None
    error: float | None


class SummaryOut(Schema):
    episodes: int
    completed: int
    payoff: MeanOut
    target_reward: MeanOut
    coverage: MeanOut
    real_coverage: MeanOut
    transport: MeanOut
    delivered: MeanOut
    steps: MeanOut


class PairingOut(Schema):
    id: int
    scenario: str
    camera: AgentRef
    target: AgentRef
    num_episodes: int

    @staticmethod
    def resolve_scenario(pairing: Any) -> str:
        return pairing.scenario.slug


class PairingDetailOut(PairingOut):
    engine: str = Field(description="Of the episodes that are summarised.")
    summary: SummaryOut


class EpisodeOut(Schema):
    id: int
    pairing: int = Field(alias="pairing_id")
    engine: str
    device: str
    seed: str
    steps: int
    completed: bool
    target_reward: float
    normalised_reward: float
    coverage: float
    real_coverage: float
    transport: float
    delivered: int
    digest: str

    @staticmethod
    def resolve_seed(episode: Any) -> str:
        return str(episode.seed)


class PendingOut(Schema):
    state: str
    message: str


class VerdictOut(Schema):
    is_same: bool
    recorded_digest: str
    computed_digest: str
    message: str
