"""One episode, its replay file, and its verification."""

from typing import Annotated, Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from pydantic import BeforeValidator

from portal import problems, recordings
from portal.api.authentication import any_token
from portal.api.errors import Refusal
from portal.api.schemas import Key, Seed, answers
from portal.views.replays import answer_file, find_episode
from tournament.models import Episode

router = Router()


def read_counts(text: str | None) -> list[int] | None:
    """Return the numbers in a text; None if there is no text."""
    return None if text is None else [int(number) for number in text.split()]


Counts = Annotated[list[int] | None, BeforeValidator(read_counts)]
"""Number of messages of each team member; null for old episodes, whose messages were not counted."""


class EpisodeOut(Schema):
    id: int
    pairing: int = Field(alias="pairing_id")
    engine: str
    device: str
    seed: Seed
    steps: int
    completed: bool
    target_reward: float
    normalised_reward: float
    coverage: float
    real_coverage: float
    transport: float
    delivered: int
    digest: str
    camera_edges_sent: Counts
    camera_edges_received: Counts
    target_edges_sent: Counts
    target_edges_received: Counts


class PendingOut(Schema):
    state: str
    message: str


class VerdictOut(Schema):
    is_same: bool
    recorded_digest: str
    computed_digest: str
    message: str


@router.get("/episodes/{episode_id}", response=answers(EpisodeOut, 404), summary="One episode")
def get_episode(request: HttpRequest, episode_id: Key) -> Episode:
    return get_object_or_404(Episode, pk=episode_id)


@router.get(
    "/episodes/{episode_id}/replay",
    response=answers(None, 404, 409, 503) | {202: PendingOut},
    summary="The replay file",
)
def get_replay(request: HttpRequest, episode_id: Key) -> HttpResponseBase:
    """Replays are rendered at the first request. 202 means that rendering goes on; ask again in a second."""
    return answer_file(request, find_episode(episode_id))


@router.post(
    "/episodes/{episode_id}/verify",
    auth=any_token,
    response=answers(VerdictOut, 401, 404, 409, 503) | {202: PendingOut},
    summary="Play an episode again and compare",
)
def verify_episode(request: HttpRequest, episode_id: Key) -> Any:
    """202 means that the episode is being replayed.

    Post again in a second for the verdict, which is returned only once.
    """
    episode = find_episode(episode_id)
    answer = recordings.ask_verdict(episode, request)
    if answer.has_failed:
        raise Refusal(409, "cannot_replay", answer.message, f"episode {episode_id}")
    if answer.refusal:
        (status,) = problems.KINDS[answer.refusal].statuses
        raise Refusal(status, answer.refusal, answer.message, f"episode {episode_id}")
    if answer.path is None:
        return Status(202, {"state": "playing", "message": answer.message})
    verdict = recordings.read_verdict(answer.path)
    recordings.forget_verdict(episode)
    message = "The same." if verdict["is_same"] else "Not the same: the portal's numbers may depend on the machine."
    return Status(200, verdict | {"message": message})
