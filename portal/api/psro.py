"""PSRO runs: start one, follow its iterations, pause, resume, extend, fork, cancel, export."""

from datetime import datetime
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Field, Query, Router, Schema, Status
from ninja.pagination import paginate

from mate import Team
from portal.api.authentication import any_token, training_token
from portal.api.rows import Filter, find_agents, find_own, find_scenario, narrow
from portal.api.schemas import ALGORITHM, AgentRef, Asked, Key, Owner, Seed, Text, answers
from portal.people import quotas
from portal.sharing.downloading import answer_populations
from tournament import psro_runs
from tournament.meta_solvers import META_SOLVERS
from tournament.models import PsroIteration, PsroRun
from tournament.trainings import TrainingSettings

router = Router()
State = Literal["running", "paused", "finished", "cancelled", "failed"]


class BestResponseIn(Asked):
    algorithm: Text = Field(description=ALGORITHM)
    preset: Text = Field("quick", description="One of quick, fast, entity and upstream.")
    steps: int | None = Field(None, description="Environment steps of each training; null: the preset's.")
    hyperparameters: dict[str, Any] = Field({}, description="Those that differ from the preset's.")
    evaluation_episodes: int = Field(
        20, description="Episodes by which the best milestone is found; 0: the last one is taken."
    )
    cores: int | None = Field(None, description="null: all that trainings may use.")

    def settings(self) -> TrainingSettings:
        """Return the settings as the lower floors take them."""
        return TrainingSettings(**self.dict())


class PsroIn(Asked):
    name: Text = Field(max_length=60)
    scenario: Text = Field(description="Slug, such as mate-2v4-0.")
    cameras: list[Text] = Field(["random-camera"], description="Whom the cameras' population begins with.")
    targets: list[Text] = Field(["random-target"], description="Whom the targets' population begins with.")
    camera_training: BestResponseIn
    target_training: BestResponseIn
    kind: Text = Field(
        "psro", description="psro: a meta-solver finds the strategies; anytime: anytime PSRO, by regret minimisation."
    )
    rounds: int = Field(4, description="Of anytime PSRO: how often each iteration changes its strategies.")
    meta_solver: Text = Field("nash", description=f"One of {', '.join(META_SOLVERS)}.")
    iterations: int = 5
    episodes_per_pairing: int = 100
    epsilon: float | None = Field(None, description="It ends when NashConv is surely below this.")
    hours: float | None = Field(None, description="No iteration is begun after so many hours.")
    is_anytime: bool = Field(False, description="More episodes are played where they narrow NashConv most.")
    is_warm: bool = Field(True, description="Best responses start from their team's last one.")
    base_seed: int = 0
    num_attackers: int = Field(
        3, description="Attackers of each strategy that must fail before it ends by epsilon; 0: none are trained."
    )


class PsroExtensionIn(Asked):
    iterations: int = Field(description="Iterations more.")


class ForkIn(Asked):
    name: Text = Field(max_length=60)
    number: int = Field(description="The last iteration that both share.")
    meta_solver: Text | None = None
    iterations: int | None = Field(None, description="In all; null: as many as before.")
    epsilon: float | None = None
    hours: float | None = None
    is_anytime: bool | None = None
    base_seed: int | None = None
    camera_training: BestResponseIn | None = None
    target_training: BestResponseIn | None = None


class MemberOut(Schema):
    name: str
    iteration: int = Field(description="That brought it; 0: it was there at the beginning.")
    agent: AgentRef | None = Field(description="null: of an imported run, and not in its file.")


class RoundOut(Schema):
    number: int
    camera_strategy: list[float] = Field(description="Of the cameras' population, which the target's response meets.")
    target_strategy: list[float]
    camera_training: int | None = Field(alias="camera_training_id")
    target_training: int | None = Field(alias="target_training_id")
    tournament: int | None = Field(alias="tournament_id")
    camera_gains: list[float] = Field(description="Payoffs of the cameras' population against the target's response.")
    target_gains: list[float]


class IterationOut(Schema):
    number: int
    phase: Literal["training", "playing", "refining", "solved"]
    camera_training: int | None = Field(alias="camera_training_id")
    target_training: int | None = Field(alias="target_training_id")
    tournament: int | None = Field(alias="tournament_id")
    camera_attack: int | None = Field(alias="camera_attack_id", description="On the cameras' strategy, before the end.")
    target_attack: int | None = Field(alias="target_attack_id")
    camera: AgentRef | None = Field(description="What it added.")
    target: AgentRef | None
    camera_strategy: list[float]
    target_strategy: list[float]
    figures: dict[str, Any] = Field(description="NashConv and its parts with intervals; see docs/psro.md.")
    solved: datetime | None
    rounds: list[RoundOut] = Field(description="Of anytime PSRO.")


class TableOut(Schema):
    number: int
    cameras: list[MemberOut]
    targets: list[MemberOut]
    payoff: list[list[float | None]] = Field(description="The cameras'; rows are cameras.")
    error: list[list[float | None]] = Field(description="Standard errors.")
    count: list[list[int]] = Field(description="Episodes; 0 in imported runs.")
    coverage: list[list[float | None]]


class PsroOut(Schema):
    id: int
    name: str
    scenario: str = Field(alias="scenario.slug")
    kind: Literal["psro", "anytime"]
    meta_solver: str
    state: State
    reason: str = Field(description="Why it ended, or what went wrong and what to do, in words.")
    iterations_done: int
    iterations_wanted: int
    camera_agent: AgentRef | None = Field(description="The final mixture.")
    target_agent: AgentRef | None
    owner: Owner
    created: datetime
    finished: datetime | None
    url: str

    @staticmethod
    def resolve_iterations_done(run: Any) -> int:
        return psro_runs.iterations_done(run)

    @staticmethod
    def resolve_url(run: Any) -> str:
        return reverse("psro_run", args=[run.pk])


class PsroDetailOut(PsroOut):
    episodes_per_pairing: int
    epsilon: float | None
    hours_wanted: float | None
    hours: float = Field(description="So long it has run, pauses left out.")
    is_anytime: bool
    is_warm: bool
    num_attackers: int
    rounds: int
    base_seed: Seed = Field(description="A string, since it has up to 63 bits.")
    camera_training: dict[str, Any]
    target_training: dict[str, Any]
    forked_from: int | None = Field(alias="forked_from_id")
    is_imported: bool
    seconds_left_low: float | None = Field(
        description="For the iterations that are left, at least; null while not known."
    )
    seconds_left_high: float | None = Field(description="At most, by how long the iterations so far took.")
    iterations: list[IterationOut]

    @staticmethod
    def resolve_hours(run: Any) -> float:
        return psro_runs.seconds_of(run) / 3600

    @staticmethod
    def resolve_seconds_left_low(run: Any) -> float | None:
        rest = psro_runs.estimate_rest(run)
        return None if rest is None else rest.low

    @staticmethod
    def resolve_seconds_left_high(run: Any) -> float | None:
        rest = psro_runs.estimate_rest(run)
        return None if rest is None else rest.high

    @staticmethod
    def resolve_is_imported(run: Any) -> bool:
        return run.upload_id is not None

    @staticmethod
    def resolve_iterations(run: Any) -> list[PsroIteration]:
        return list(run.iterations.select_related("camera", "target").prefetch_related("rounds"))


class MixedPayoffOut(Schema):
    mean: float
    low: float = Field(description="Of the 95 % interval.")
    high: float


class HeadToHeadOut(Schema):
    first: int
    second: int
    tournament: int | None = Field(description="It plays the episodes; null: none was started.")
    payoffs: list[list[MixedPayoffOut]] | None = Field(
        description="Of the cameras' final mixtures (rows: first, second) against the targets'; null while not known."
    )
    advantage: MixedPayoffOut | None = Field(
        description="The first run's cameras against the second's targets, minus the second's against the first's."
    )
    leader: int | None = Field(description="The run whose mixtures are better beyond doubt.")
    episodes: int
    url: str


ROWS = PsroRun.objects.select_related("scenario", "owner", "camera_agent", "target_agent")
CHANGED = answers(PsroDetailOut, 400, 401, 403, 404)
MADE = answers(PsroDetailOut, 400, 401, 404, 409, 422, status=201)


@router.get("/psro", response=list[PsroOut], summary="PSRO runs, newest first")
@paginate
def list_runs(
    request: HttpRequest,
    part: Query[Filter],
    scenario: Text = "",
    state: Literal["", State] = "",
    meta_solver: Text = "",
) -> QuerySet[PsroRun]:
    return narrow(part.of(ROWS), scenario__slug=scenario, state=state, meta_solver=meta_solver)


@router.post("/psro", auth=training_token, response=MADE, summary="Start a PSRO run")
def create_run(request: HttpRequest, wanted: PsroIn) -> Any:
    """Two populations grow by best responses to each other's strategies.

    A refusal lists everything that is wrong with the request.
    """
    rows = {"scenario", "cameras", "targets", "camera_training", "target_training"}
    asked = psro_runs.PsroRequest(
        scenario=find_scenario(wanted.scenario), cameras=find_agents(wanted.cameras, "cameras", request.user),
        targets=find_agents(wanted.targets, "targets", request.user), owner=request.user,
        camera_training=wanted.camera_training.settings(), target_training=wanted.target_training.settings(),
        **wanted.dict(exclude=rows),
    )  # fmt: skip
    with quotas.within(request.user, "psro"):
        run = psro_runs.create_run(asked)
    return Status(201, run)


@router.get("/psro/{run_id}", response=answers(PsroDetailOut, 404), summary="One PSRO run, to poll it")
def get_run(request: HttpRequest, run_id: Key) -> PsroRun:
    return get_object_or_404(ROWS, pk=run_id)


@router.get(
    "/psro/{run_id}/iterations/{number}",
    response=answers(TableOut, 404),
    summary="The populations and payoffs of a solved iteration",
)
def get_table(request: HttpRequest, run_id: Key, number: Key) -> dict[str, Any]:
    iteration = get_object_or_404(PsroIteration, run=run_id, number=number, phase="solved")
    table = {name: iteration.table[name] for name in ("payoff", "error", "count", "coverage")}
    teams = {f"{team}s": psro_runs.members(iteration.run, team, number) for team in Team}
    return table | teams | {"number": number}


@router.get(
    "/psro/{run_id}/export",
    response=answers(None, 400, 404),
    url_name="psro_export",
    summary="Its results in the layout of MATE's PSRO example, as a zip",
)
def export_run(request: HttpRequest, run_id: Key) -> HttpResponse:
    run = get_object_or_404(PsroRun, pk=run_id)
    content = psro_runs.write_run(run)
    answer = HttpResponse(content, content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="psro-{run.pk}.zip"'
    return answer


@router.get(
    "/psro/{run_id}/agents",
    auth=any_token,
    response=answers(None, 400, 401, 404),
    summary="Both populations and their strategies, as a file that mate_arena.load reads",
)
def download_populations(
    request: HttpRequest, run_id: Key, format: Literal["native", "onnx"] = "native"
) -> HttpResponseBase:
    """Agents that you may not download are left out; `facts.missing` in the file's `agents.json` names them.

    `onnx` exports the networks in ONNX format for other tools.
    """
    run = get_object_or_404(PsroRun.objects.select_related("scenario"), pk=run_id)
    return answer_populations(request.user, run, format)


@router.post("/psro/{run_id}/pause", auth=training_token, response=CHANGED, summary="Pause a run of yours")
def pause_run(request: HttpRequest, run_id: Key) -> PsroRun:
    """The trainings of the run save their states first. Pausing a run that is not running changes nothing."""
    run = find_own(request, ROWS, run_id)
    psro_runs.pause_run(run)
    return run


@router.post(
    "/psro/{run_id}/resume",
    auth=training_token,
    response=answers(PsroDetailOut, 400, 401, 403, 404, 409),
    summary="Let one that stands still go on",
)
def resume_run(request: HttpRequest, run_id: Key) -> PsroRun:
    """Failed steps are tried again."""
    run = find_own(request, ROWS, run_id)
    with quotas.within(request.user, "psro"):
        psro_runs.resume_run(run)
    return run


@router.post(
    "/psro/{run_id}/extend",
    auth=training_token,
    response=answers(PsroDetailOut, 400, 401, 403, 404, 409, 422),
    summary="Let it have more iterations",
)
def extend_run(request: HttpRequest, run_id: Key, wanted: PsroExtensionIn) -> PsroRun:
    run = find_own(request, ROWS, run_id)
    with quotas.within(request.user, "psro"):
        psro_runs.extend_run(run, wanted.iterations)
    return run


@router.post("/psro/{run_id}/fork", auth=training_token, response=MADE, summary="Start another run from an iteration")
def fork_run(request: HttpRequest, run_id: Key, wanted: ForkIn) -> Any:
    """You can fork any user's run, and you own the fork. Episodes that both runs need are played only once."""
    run = get_object_or_404(ROWS, pk=run_id)
    camera, target = (one.settings() if one else None for one in (wanted.camera_training, wanted.target_training))
    asked = psro_runs.ForkRequest(
        camera_training=camera, target_training=target, owner=request.user,
        **wanted.dict(exclude={"camera_training", "target_training"}),
    )  # fmt: skip
    with quotas.within(request.user, "psro"):
        fork = psro_runs.fork_run(run, asked)
    return Status(201, fork)


@router.post("/psro/{run_id}/cancel", auth=training_token, response=CHANGED, summary="Cancel a run of yours")
def cancel_run(request: HttpRequest, run_id: Key) -> PsroRun:
    """The iterations, agents and episodes of the run stay."""
    run = find_own(request, ROWS, run_id)
    psro_runs.cancel_run(run)
    return run


@router.get(
    "/psro/{run_id}/against/{rival_id}",
    response=answers(HeadToHeadOut, 400, 404),
    summary="Two finished runs head to head",
)
def compare_runs(request: HttpRequest, run_id: Key, rival_id: Key) -> dict[str, Any]:
    """The final mixtures of each run against those of the other. Without enough episodes, the figures are null."""
    first, second = (get_object_or_404(ROWS, pk=key) for key in (run_id, rival_id))
    psro_runs.check_pair(first, second)
    return describe_pair(first, second)


@router.post(
    "/psro/{run_id}/against/{rival_id}",
    auth=training_token,
    response=answers(HeadToHeadOut, 400, 401, 404, 409),
    summary="Play the episodes that a head to head needs",
)
def start_comparison(request: HttpRequest, run_id: Key, rival_id: Key) -> dict[str, Any]:
    """A tournament plays the episodes that are missing. Repeating the request changes nothing."""
    first, second = (get_object_or_404(ROWS, pk=key) for key in (run_id, rival_id))
    with quotas.within(request.user, "tournaments", "episodes"):
        psro_runs.start_comparison(first, second, request.user)
    return describe_pair(first, second)


def describe_pair(first: PsroRun, second: PsroRun) -> dict[str, Any]:
    row, found = psro_runs.find_comparison(first, second), psro_runs.judge_comparison(first, second)
    leader = None if found is None or found.leader is None else (first, second)[found.leader].pk
    return {
        "first": first.pk, "second": second.pk, "tournament": row.tournament_id if row else None,
        "payoffs": found and found.payoffs, "advantage": found and found.advantage, "leader": leader,
        "episodes": found.episodes if found else 0,
        "url": f"{reverse('psro_compare')}?first={first.pk}&second={second.pk}",
    }  # fmt: skip
