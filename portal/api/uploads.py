"""Uploading a checkpoint, and following its checking."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Field, File, Form, Router, Schema, Status
from ninja.files import UploadedFile
from ninja.pagination import paginate

from portal.api.authentication import any_token, upload_token
from portal.api.errors import Refusal
from portal.api.rows import narrow
from portal.api.schemas import AgentRef, TeamName, Text, answers
from portal.server import receiving
from tournament import homes, labs, names
from tournament.models import Upload

router = Router()
State = Literal["waiting", "checking", "accepted", "refused", "failed"]


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
    state: State
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


class UploadDetailOut(UploadOut):
    notes: list[str] = Field(description="Of each agent that can play in no scenario here: why, and what helps.")

    @staticmethod
    def resolve_notes(upload: Any) -> list[str]:
        return [str(one) for one in homes.find_homeless(upload.agents.all())]


@router.get("/uploads", auth=any_token, response=list[UploadOut], summary="Your uploads, newest first")
@paginate
def list_uploads(
    request: HttpRequest, state: Literal["", "waiting", "checking", "accepted", "refused", "failed"] = ""
) -> QuerySet[Upload]:
    return narrow(Upload.objects.filter(owner=request.user.pk), state=state).prefetch_related("agents")


@router.post(
    "/uploads",
    auth=upload_token,
    response=answers(UploadOut, 400, 401, 413, 429, status=201),
    summary="Upload a checkpoint (multipart form)",
)
def create_upload(
    request: HttpRequest,
    file: File[UploadedFile | None] = None,
    name: Text = Form("", max_length=80),  # type: ignore[type-arg]  # noqa: B008
    team: Form[Literal["", TeamName]] = "",
    mode: Form[Literal["stochastic", "deterministic"]] = "stochastic",
    private: Form[bool] = False,
    lab: Text = Form(""),  # type: ignore[type-arg]  # noqa: B008
) -> Any:
    """`team` is the team that you expect (optional).

    `mode` is how the agent chooses actions; as upstream, it samples by default. Only you and the lab can see and use a
    `private` agent. `lab` is the slug of one of your labs.
    """
    if receiving.was_too_large(request):
        message = f"The file is larger than this portal accepts ({receiving.describe_limit()})."
        raise Refusal(413, "too_large", message, "file")
    if file is None:
        raise Refusal(
            400, "no_file", "Send the checkpoint as the multipart field 'file' (curl: -F file=@PATH).", "file"
        )
    if not file.size:
        raise Refusal(400, "empty_file", "This file is empty (0 bytes). Send the checkpoint itself.", "file")
    wishes = check_wishes(name, team, mode)
    try:
        upload = receiving.store_upload(
            request.user,
            file,
            wishes["name"],
            team,
            wishes["deterministic"],
            lab=labs.find_own_lab(request.user, lab) if lab else None,
            is_private=private,
        )
    except receiving.TooManyUploads as refusal:
        raise Refusal(429, "too_many_uploads", str(refusal), "file") from None
    return Status(201, upload)


def check_wishes(name: str, team: str, mode: str) -> dict[str, Any]:
    """Check the wishes for an agent and return its name and mode as they are stored. Raises Refusal."""
    if len(name) > 80:
        raise Refusal(409, "refused", "A name has at most 80 characters.", "name")
    if problem := name.strip() and names.find_agent_problem(name):
        raise Refusal(409, "refused", problem, "name")
    if team not in ("", "camera", "target"):
        raise Refusal(409, "refused", "The team is camera or target.", "team")
    if mode not in ("stochastic", "deterministic"):
        raise Refusal(409, "refused", "The mode is stochastic or deterministic.", "mode")
    return {"name": name.strip(), "team": team, "deterministic": mode == "deterministic"}


@router.get("/uploads/{upload_id}", response=answers(UploadDetailOut, 404), summary="One upload, to poll its checking")
def get_upload(request: HttpRequest, upload_id: UUID) -> Upload:
    return get_object_or_404(Upload, pk=upload_id)
