"""Studies: start one, follow its runs, read its figures, cancel and resume it."""

from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Field, Query, Router, Schema, Status
from ninja.pagination import paginate

from portal.api.authentication import training_token
from portal.api.errors import Refusal
from portal.api.rows import Filter, find_agents, find_own, find_scenario, narrow
from portal.api.schemas import ALGORITHM, AgentRef, Asked, Key, Owner, Seed, TeamName, Text, answers
from portal.people import quotas
from tournament import studies
from tournament.models import Study, StudyRun
from tournament.studies import StudyConfiguration

router = Router()
State = Literal["running", "finished", "cancelled"]


class ConfigurationIn(Asked):
    name: Text = Field(max_length=studies.MAX_CONFIGURATION_NAME)
    algorithm: Text = Field(description=ALGORITHM)
    preset: Text = Field("quick", description="One of quick, fast, entity and upstream.")
    hyperparameters: dict[str, Any] = Field({}, description="Those that differ from the preset's.")


class StudyIn(Asked):
    name: Text = Field(max_length=studies.MAX_NAME)
    scenarios: list[Text] = Field(description="Slugs, such as mate-2v4-0.")
    team: TeamName
    opponent: Text = Field(description="Slug or digest of an agent of the other team.")
    configurations: list[ConfigurationIn] = Field(description="The others are compared with the first.")
    num_seeds: int = 5
    first_seed: int = 0
    steps: int | None = Field(None, description="Environment steps of each run; null: those of the first's preset.")
    evaluation_episodes: int = studies.DEFAULT_EPISODES
    cores: int | None = Field(None, description="null: all that trainings may use.")


class StudyRunOut(Schema):
    configuration: str
    scenario: str = Field(alias="scenario.slug")
    seed: Seed
    training: int = Field(alias="training_id")
    state: str = Field(alias="training.state")
    payoffs: list[float] = Field(description="The team's, by episode on fresh seeds; empty before its end.")
    gains: list[float] = Field(description="Differences to the greedy agent's payoffs on the same seeds.")

    @staticmethod
    def resolve_configuration(run: StudyRun) -> str:
        return str(run.study.configurations[run.configuration]["name"])


class StudyOut(Schema):
    id: int
    name: str
    state: State
    team: TeamName
    opponent: AgentRef
    scenarios: list[str]
    configurations: list[dict[str, Any]]
    num_seeds: int
    first_seed: Seed
    steps: int
    evaluation_episodes: int
    num_runs: int
    num_scored: int = Field(description="Runs that are trained and evaluated.")
    num_failed: int
    owner: Owner
    created: datetime
    finished: datetime | None
    url: str

    @staticmethod
    def resolve_scenarios(study: Study) -> list[str]:
        return [one.slug for one in study.scenarios.all()]

    @staticmethod
    def resolve_num_runs(study: Study) -> int:
        return study.runs.count()

    @staticmethod
    def resolve_num_scored(study: Study) -> int:
        return study.runs.exclude(payoffs=[]).count()

    @staticmethod
    def resolve_num_failed(study: Study) -> int:
        return study.runs.filter(training__state="failed").count()

    @staticmethod
    def resolve_url(study: Study) -> str:
        return reverse("study", args=[study.pk])


class StudyDetailOut(StudyOut):
    figures: dict[str, Any] = Field(description="Aggregates, comparisons and profiles by measure; see docs/studies.md.")
    runs: list[StudyRunOut]

    @staticmethod
    def resolve_runs(study: Study) -> list[StudyRun]:
        return list(study.runs.select_related("scenario", "training", "study"))


ROWS = Study.objects.select_related("owner", "opponent").prefetch_related("scenarios")


@router.get("/studies", response=list[StudyOut], summary="Studies, newest first")
@paginate
def list_studies(
    request: HttpRequest, part: Query[Filter], state: Literal["", State] = "", team: Literal["", TeamName] = ""
) -> QuerySet[Study]:
    return narrow(part.of(ROWS), state=state, team=team)


@router.post(
    "/studies",
    auth=training_token,
    response=answers(StudyDetailOut, 400, 401, 404, 409, 422, status=201),
    summary="Start a study",
)
def create_study(request: HttpRequest, wanted: StudyIn) -> Any:
    """Every configuration is trained with every seed in every scenario. A refusal lists everything that is wrong."""
    (opponent,) = find_agents([wanted.opponent], "opponent", request.user)
    asked = studies.StudyRequest(
        scenarios=[find_scenario(slug) for slug in wanted.scenarios], opponent=opponent, owner=request.user,
        configurations=[StudyConfiguration(**one.dict()) for one in wanted.configurations],
        **wanted.dict(exclude={"scenarios", "opponent", "configurations"}),
    )  # fmt: skip
    with quotas.within(request.user, "studies"):
        study = studies.create_study(asked)
    return Status(201, study)


@router.get("/studies/{study_id}", response=answers(StudyDetailOut, 404), summary="One study, to poll it")
def get_study(request: HttpRequest, study_id: Key) -> Study:
    return get_object_or_404(ROWS, pk=study_id)


@router.get("/studies/{study_id}/runs.csv", response=answers(None, 404), summary="The runs of a study as CSV")
def export_study_runs(request: HttpRequest, study_id: Key) -> HttpResponse:
    study = get_object_or_404(Study, pk=study_id)
    return HttpResponse(studies.write_csv(study), content_type="text/csv; charset=utf-8")


@router.get("/studies/{study_id}/table.tex", response=answers(None, 400, 404), summary="Its aggregates as LaTeX")
def export_study_table(
    request: HttpRequest, study_id: Key, measure: Literal["payoff", "gain"] = "payoff"
) -> HttpResponse:
    study = get_object_or_404(Study, pk=study_id)
    if not study.figures:
        raise Refusal(404, "not_found", "No run of this study has ended yet, so that there is no table.", "")
    return HttpResponse(studies.write_latex(study, measure), content_type="application/x-tex; charset=utf-8")


@router.post(
    "/studies/{study_id}/cancel",
    auth=training_token,
    response=answers(StudyDetailOut, 400, 401, 403, 404),
    summary="Cancel a study of yours",
)
def cancel_study(request: HttpRequest, study_id: Key) -> Study:
    """Finished runs stay. The others stop at once and can be resumed."""
    study = find_own(request, ROWS, study_id)
    studies.cancel_study(study)
    return study


@router.post(
    "/studies/{study_id}/resume",
    auth=training_token,
    response=answers(StudyDetailOut, 400, 401, 403, 404, 409),
    summary="Let its stopped runs go on",
)
def resume_study(request: HttpRequest, study_id: Key) -> Study:
    """Runs that failed, were paused or were cancelled continue from their last states."""
    study = find_own(request, ROWS, study_id)
    with quotas.within(request.user, "studies"):
        studies.resume_study(study)
    return study
