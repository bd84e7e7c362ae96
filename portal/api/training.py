"""Trainings: start one, follow its curves, pause, resume, extend, cancel."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Field, Query, Router, Schema, Status
from ninja.pagination import paginate

from portal.api.authentication import training_token
from portal.api.paging import PagePart
from portal.api.rows import Filter, find_agents, find_own, find_scenario, narrow
from portal.api.schemas import (
    ALGORITHM,
    AgentRef,
    Asked,
    Key,
    Owner,
    Seed,
    TeamName,
    Text,
    answers,
)
from portal.people import quotas
from tournament import measuring, paces, trainings
from tournament.models import TrainingPoint, TrainingRun
from tournament.tables import write_lines
from training import configuration
from training.configuration import AlgorithmName, PresetName

router = Router()
State = Literal["waiting", "training", "paused", "evaluating", "finished", "cancelled", "failed"]
FIGURES = (
    "iteration", "steps", "return_mean", "coverage", "transport", "entropy", "kl", "learning_rate", "seconds",
    "decisions_per_second",
)  # fmt: skip


class TrainingIn(Asked):
    name: Text = Field("", max_length=80, description="Also the agent's; empty: named by what it is.")
    scenario: Text = Field(description="Slug, such as mate-2v4-0.")
    team: TeamName
    algorithm: Text = Field(description=ALGORITHM)
    opponent: Text = Field(description="Slug or digest of an agent of the other team; mixtures too.")
    preset: Text = Field("quick", description="One of quick, fast, entity and upstream.")
    more_scenarios: list[Text] = Field(
        [], max_length=32, description="Slugs of scenarios to train on as well; see the hyperparameter architecture."
    )
    test_scenarios: list[Text] = Field([], max_length=32, description="Slugs of scenarios to evaluate in only.")
    hyperparameters: dict[str, Any] = Field(
        {}, description="Those that differ from the preset's; see /trainings/hyperparameters."
    )
    steps: int | None = Field(None, description="Environment steps; null: the preset's.")
    seed: int = 0
    start_from: Text | None = Field(None, description="Slug or digest of a checkpoint whose weights to begin with.")
    cores: int | None = Field(None, description="null: all that trainings may use.")
    evaluation_episodes: int = Field(
        trainings.EVALUATION_EPISODES, description="Per milestone and opponent; 0: the last milestone is the agent."
    )


class TrainingExtensionIn(Asked):
    steps: int = Field(description="Environment steps more.")


class MilestoneOut(Schema):
    iteration: int
    steps: int
    agent: AgentRef | None
    payoff: float | None = Field(description="Its own team's mean normalised reward against the opponent.")
    error: float | None = Field(description="Standard error of the payoff.")
    lower: float | None = Field(None, description="Of the 95 % interval.")
    upper: float | None = None
    num_episodes: int

    @staticmethod
    def resolve_lower(row: Any) -> float | None:
        return measuring.interval(row.payoff or 0.0, row.error, row.num_episodes)[0]

    @staticmethod
    def resolve_upper(row: Any) -> float | None:
        return measuring.interval(row.payoff or 0.0, row.error, row.num_episodes)[1]


class TrainingOut(Schema):
    id: int
    name: str
    scenario: str = Field(alias="scenario.slug")
    team: TeamName
    algorithm: str
    preset: str
    opponent: AgentRef
    purpose: str = Field(description="Empty for a user's own; psro where a PSRO run asked for it.")
    state: State
    is_over: bool = Field(description="finished, cancelled or failed.")
    steps_done: int
    steps_wanted: int
    steps_expected: int = Field(
        description="What it makes in the end: whole iterations, so at least those that are wanted."
    )
    remaining_seconds: float | None = Field(description="Of the training, as it goes now; null while not known.")
    remaining_seconds_low: float | None = Field(description="At least so many.")
    remaining_seconds_high: float | None = Field(description="At most so many; the evaluation is not counted.")
    error: str = Field(description="What went wrong and what to do, in words; empty otherwise.")
    agent: AgentRef | None = Field(description="What it made.")
    owner: Owner
    created: datetime
    started: datetime | None
    finished: datetime | None
    url: str

    @staticmethod
    def resolve_is_over(run: Any) -> bool:
        return run.state in ("finished", "cancelled", "failed")

    @staticmethod
    def resolve_steps_expected(run: Any) -> int:
        return paces.steps_expected(run)

    @staticmethod
    def resolve_remaining_seconds_low(run: Any) -> float | None:
        rest = paces.forecast_rest(run)
        return None if rest is None else rest.low

    @staticmethod
    def resolve_remaining_seconds_high(run: Any) -> float | None:
        rest = paces.forecast_rest(run)
        return None if rest is None else rest.high

    @staticmethod
    def resolve_remaining_seconds(run: Any) -> float | None:
        return run.progress.get("remaining_seconds") if run.state == "training" else None

    @staticmethod
    def resolve_url(run: Any) -> str:
        return reverse("training", args=[run.pk])


class TrainingDetailOut(TrainingOut):
    seed: Seed = Field(description="A string, since it has up to 63 bits.")
    start_from: AgentRef | None
    evaluation_episodes: int
    more_scenarios: list[str] = Field(description="Slugs of the scenarios that it trains on as well.")
    test_scenarios: list[str] = Field(description="Slugs of the scenarios that it is evaluated in only.")
    configuration: dict[str, Any]
    progress: dict[str, Any] = Field(description="The newest line of the trainer's progress.")
    waiting_reason: str = Field(description="Why it has not begun, while it waits.")
    code: str
    log: str = Field(description="The end of the log.")
    milestones: list[MilestoneOut]
    milestone_tournament: int | None = Field(alias="milestone_tournament_id")
    reevaluation: int | None = Field(alias="reevaluation_id")
    result: dict[str, Any] = Field(description="How the agent did in the re-evaluation, with 95 % intervals.")

    @staticmethod
    def resolve_more_scenarios(run: Any) -> list[str]:
        return [one.slug for one in run.more_scenarios.all()]

    @staticmethod
    def resolve_test_scenarios(run: Any) -> list[str]:
        return [one.slug for one in run.test_scenarios.all()]

    @staticmethod
    def resolve_waiting_reason(run: Any) -> str:
        return trainings.explain_waiting(run) if run.state == "waiting" else ""

    @staticmethod
    def resolve_milestones(run: Any) -> list[Any]:
        return list(run.milestones.select_related("agent"))


class PointOut(Schema):
    iteration: int
    steps: int
    return_mean: float | None
    coverage: float | None
    transport: float | None
    entropy: float | None
    kl: float | None
    learning_rate: float | None
    seconds: float | None
    decisions_per_second: float | None


class HyperparameterOut(Schema):
    name: str
    group: str
    kind: Literal["integer", "number", "choice", "sizes", "schedule"]
    meaning: str
    unit: str
    low: float | None
    high: float | None
    choices: list[str]
    default: Any


ROWS = TrainingRun.objects.select_related("scenario", "owner", "opponent", "start_from", "agent")
CHANGED = answers(TrainingDetailOut, 400, 401, 403, 404)


@router.get("/trainings", response=list[TrainingOut], summary="Trainings, newest first")
@paginate
def list_trainings(
    request: HttpRequest,
    part: Query[Filter],
    scenario: Text = "",
    state: Literal["", State] = "",
    team: Literal["", TeamName] = "",
    algorithm: Text = "",
) -> QuerySet[TrainingRun]:
    return narrow(part.of(ROWS), scenario__slug=scenario, state=state, team=team, algorithm=algorithm)


@router.get(
    "/trainings/hyperparameters", response=list[HyperparameterOut], summary="What can be set, with bounds and defaults"
)
def list_hyperparameters(
    request: HttpRequest,
    algorithm: AlgorithmName = "mappo",
    team: TeamName = "camera",
    preset: PresetName = "quick",
) -> list[dict[str, Any]]:
    chosen = configuration.defaults(preset, algorithm, team)
    listed = []
    for name, default in chosen.items():
        info = configuration.HYPERPARAMETERS[name]
        is_bounded = info.kind != "choice"
        bounds = {"low": info.low if is_bounded else None, "high": info.high if is_bounded else None}
        words = {key: getattr(info, key) for key in ("name", "group", "kind", "meaning", "unit")}
        listed.append({**words, **bounds, "choices": list(info.choices), "default": default})
    return listed


@router.post(
    "/trainings",
    auth=training_token,
    response=answers(TrainingDetailOut, 400, 401, 404, 409, 422, status=201),
    summary="Train an agent",
)
def create_training(request: HttpRequest, wanted: TrainingIn) -> Any:
    """The training waits for a trainer with a free slot. A refusal lists everything that is wrong with the request."""
    scenario = find_scenario(wanted.scenario)
    (opponent,) = find_agents([wanted.opponent], "opponent", request.user)
    more, test = ([find_scenario(slug) for slug in slugs] for slugs in (wanted.more_scenarios, wanted.test_scenarios))
    (start_from,) = find_agents([wanted.start_from], "start_from", request.user) if wanted.start_from else (None,)
    rows = {"name", "scenario", "opponent", "start_from", "more_scenarios", "test_scenarios"}
    asked = trainings.TrainingRequest(
        wanted.name.strip() or f"{wanted.algorithm} {wanted.team} vs {opponent.name}"[:80], scenario,
        opponent=opponent, start_from=start_from, more_scenarios=more, test_scenarios=test, owner=request.user,
        **wanted.dict(exclude=rows),
    )  # fmt: skip
    with quotas.within(request.user, "trainings"):
        run = trainings.create_training(asked)
    return Status(201, run)


@router.get("/trainings/{run_id}", response=answers(TrainingDetailOut, 404), summary="One training, to poll it")
def get_training(request: HttpRequest, run_id: Key) -> TrainingRun:
    return get_object_or_404(ROWS, pk=run_id)


@router.get(
    "/trainings/{run_id}/points",
    response=answers(list[PointOut], 404),
    url_name="training_points",
    summary="Its curve, an iteration a row (JSON by pages, or all of it as CSV)",
)
def list_points(
    request: HttpRequest, run_id: Key, page: Annotated[PagePart, Query()], format: Literal["json", "csv"] = "json"
) -> Any:
    run = get_object_or_404(TrainingRun, pk=run_id)
    points = TrainingPoint.objects.filter(run=run)
    if format == "csv":
        answer = StreamingHttpResponse(
            write_lines(FIGURES, points.values_list(*FIGURES).iterator(chunk_size=2000)),
            content_type="text/csv; charset=utf-8",
        )
        answer["Content-Disposition"] = f'attachment; filename="training-{run.pk}.csv"'
        return answer
    return page.of(points)


@router.post("/trainings/{run_id}/pause", auth=training_token, response=CHANGED, summary="Pause a training of yours")
def pause_training(request: HttpRequest, run_id: Key) -> TrainingRun:
    """The training saves its state first, within seconds. Pausing a training that is not running changes nothing."""
    run = find_own(request, ROWS, run_id)
    trainings.pause_training(run)
    return run


@router.post(
    "/trainings/{run_id}/resume",
    auth=training_token,
    response=answers(TrainingDetailOut, 400, 401, 403, 404, 409),
    summary="Let a paused, failed or cancelled one go on",
)
def resume_training(request: HttpRequest, run_id: Key) -> TrainingRun:
    run = find_own(request, ROWS, run_id)
    with quotas.within(request.user, "trainings"):
        trainings.resume_training(run)
    return run


@router.post(
    "/trainings/{run_id}/extend",
    auth=training_token,
    response=answers(TrainingDetailOut, 400, 401, 403, 404, 409, 422),
    summary="Train it for longer",
)
def extend_training(request: HttpRequest, run_id: Key, wanted: TrainingExtensionIn) -> TrainingRun:
    """A finished training can be extended too. Its agent stays, and the longer training produces another agent."""
    run = find_own(request, ROWS, run_id)
    with quotas.within(request.user, "trainings"):
        trainings.extend_training(run, wanted.steps)
    return run


@router.post("/trainings/{run_id}/cancel", auth=training_token, response=CHANGED, summary="Cancel a training of yours")
def cancel_training(request: HttpRequest, run_id: Key) -> TrainingRun:
    run = find_own(request, ROWS, run_id)
    trainings.cancel_training(run)
    return run
