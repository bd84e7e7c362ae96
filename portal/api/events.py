"""Progress of uploads, tournaments, trainings and PSRO runs as server-sent events."""

from collections.abc import Callable, Hashable
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from ninja import Field, Router, Schema

from portal.api import psro, tournaments, training, uploads
from portal.api.errors import Refusal
from portal.api.schemas import ErrorOut, Key
from portal.server import streams
from portal.server.throttling import callers
from tournament import organising, paces, psro_runs
from tournament.models import PsroPhase, PsroRun, Tournament, TrainingRun, TrainingState, Upload

router = Router()


class PlayedOut(Schema):
    """Number of episodes played so far, and number expected."""

    done: int
    total: int


class TournamentEventOut(Schema):
    state: tournaments.State
    is_over: bool
    round: int
    progress: tournaments.ProgressOut


class TrainingEventOut(Schema):
    state: training.State
    is_over: bool = Field(description="finished, cancelled or failed.")
    steps_done: int
    steps_expected: int
    progress: dict[str, Any] = Field(description="The newest line of the trainer's progress.")
    waiting_reason: str = Field(description="Why it has not begun, while it waits.")
    evaluation: PlayedOut | None = Field(description="Matches of its milestones, while they are played.")
    error: str


class UploadEventOut(Schema):
    state: uploads.State
    is_over: bool = Field(description="The checking has ended: `accepted`, `refused` or `failed`.")
    steps: list[uploads.StepOut]
    reason: str


class ResponseOut(Schema):
    """The training of a best response."""

    id: int
    state: training.State
    steps_done: int


class PsroEventOut(Schema):
    state: psro.State
    is_over: bool = Field(description="finished, cancelled or failed.")
    iterations_done: int
    phase: str = Field(description="Of the newest iteration: training, playing, refining, solved; empty without one.")
    trainings: list[ResponseOut] = Field(description="Best responses of the newest iteration, while they are trained.")
    playing: PlayedOut | None = Field(description="New pairings of the newest iteration, while they are played.")
    reason: str


def read_tournament(key: Any) -> TournamentEventOut | None:
    row = Tournament.objects.select_related("scenario").filter(pk=key).first()
    if row is None:
        return None
    told: dict[str, Any] = {
        "state": row.state,
        "is_over": tournaments.TournamentOut.resolve_is_over(row),
        "round": row.round,
        "progress": tournaments.ProgressOut.from_orm(organising.progress(row)),
    }
    return TournamentEventOut(**told)


def read_training(key: Any) -> TrainingEventOut | None:
    rows = TrainingRun.objects.select_related("scenario", "opponent", "reevaluation", "milestone_tournament")
    row = rows.filter(pk=key).first()
    if row is None:
        return None
    played = (row.reevaluation or row.milestone_tournament) if row.state == TrainingState.EVALUATING else None
    told: dict[str, Any] = {
        "state": row.state,
        "is_over": training.TrainingOut.resolve_is_over(row),
        "steps_done": row.steps_done,
        "steps_expected": paces.steps_expected(row),
        "progress": row.progress,
        "waiting_reason": training.TrainingDetailOut.resolve_waiting_reason(row),
        "evaluation": follow(played),
        "error": row.error,
    }
    return TrainingEventOut(**told)


def read_upload(key: Any) -> UploadEventOut | None:
    row = Upload.objects.filter(pk=key).first()
    return None if row is None else UploadEventOut.from_orm(row)


def read_psro(key: Any) -> PsroEventOut | None:
    row = PsroRun.objects.filter(pk=key).first()
    if row is None:
        return None
    newest, waiting = row.iterations.last(), psro_runs.working_on(row)
    phase = newest.phase if newest else ""
    is_solved = phase == PsroPhase.SOLVED
    is_training = waiting is not None and waiting.tournament_id is None and phase not in ("", PsroPhase.PLAYING)
    told: dict[str, Any] = {
        "state": row.state,
        "is_over": row.state in ("finished", "cancelled", "failed"),
        "iterations_done": psro_runs.iterations_done(row),
        "phase": phase,
        "trainings": list(map(ResponseOut.from_orm, psro_runs.trainings_of(row) if is_training else ())),
        "playing": follow(waiting.tournament) if waiting and not is_solved and not is_training else None,
        "reason": row.reason,
    }
    return PsroEventOut(**told)


def follow(tournament: Tournament | None) -> PlayedOut | None:
    return None if tournament is None else PlayedOut.from_orm(organising.progress(tournament))


READS: dict[str, Callable[[Any], Any]] = {
    "tournament": read_tournament,
    "training": read_training,
    "upload": read_upload,
    "PSRO run": read_psro,
}


def read(subject: Any) -> streams.ProgressEvent | None:
    """Return the state of a subject, which is a pair of kind and key."""
    kind, key = subject
    found = READS[kind](key)
    return found and streams.ProgressEvent(found.model_dump_json(), found.is_over)


def follow_progress(request: HttpRequest, kind: str, key: Hashable, instead: str) -> HttpResponseBase:
    try:
        return streams.answer((kind, key), read, request, callers(request))
    except LookupError:
        raise Http404(f"There is no such {kind} here.") from None
    except streams.TooManyStreams as refusal:
        raise Refusal(
            429, "too_many_streams", f"{refusal} Close one, or poll GET /api/v1/{instead} every few seconds."
        ) from None


DESCRIPTION = """The answer stays open (`text/event-stream`): an event `progress` now and after each change, at most
one a second, and an event `end` when the work is over, after which the answer ends. The `data` of both is JSON; the
OpenAPI document has its schema. The `id` names the state. A client that reconnects with the header `Last-Event-ID`
gets only what is new, and 204 if nothing more will come. Comments keep the connection alive. A stream holds no thread,
but a user and an address may have only some open at once."""


def describe_events(of: str, shape: type[Schema]) -> dict[str, Any]:
    """Return what the description says of an operation that tells the progress of something."""
    # Its own address, because its references are to definitions within it.
    schema = shape.model_json_schema() | {"$id": f"urn:mate-arena:{shape.__name__}"}
    data = {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}
    event = {
        "type": "object",
        "required": ["event", "id", "data"],
        "properties": {"event": {"enum": ["progress", "end"]}, "id": {"type": "string"}, "data": data},
    }
    content = {"text/event-stream": {"schema": event}}
    told = {"responses": {200: {"description": "Events; their data are JSON.", "content": content}}}
    refusals = {204: None, 404: ErrorOut, 429: ErrorOut}
    summary = f"Progress of {of}, as server-sent events"
    return {"response": refusals, "openapi_extra": told, "description": DESCRIPTION, "summary": summary}


@router.get(
    "/tournaments/{tournament_id}/events",
    url_name="tournament_events",
    **describe_events("a tournament", TournamentEventOut),
)
def follow_tournament(request: HttpRequest, tournament_id: Key) -> HttpResponseBase:
    return follow_progress(request, "tournament", tournament_id, f"tournaments/{tournament_id}")


@router.get("/trainings/{run_id}/events", url_name="training_events", **describe_events("a training", TrainingEventOut))
def follow_training(request: HttpRequest, run_id: Key) -> HttpResponseBase:
    return follow_progress(request, "training", run_id, f"trainings/{run_id}")


@router.get(
    "/uploads/{upload_id}/events", url_name="upload_events", **describe_events("an upload's checking", UploadEventOut)
)
def follow_upload(request: HttpRequest, upload_id: UUID) -> HttpResponseBase:
    return follow_progress(request, "upload", upload_id, f"uploads/{upload_id}")


@router.get("/psro/{run_id}/events", url_name="psro_events", **describe_events("a PSRO run", PsroEventOut))
def follow_run(request: HttpRequest, run_id: Key) -> HttpResponseBase:
    return follow_progress(request, "PSRO run", run_id, f"psro/{run_id}")
