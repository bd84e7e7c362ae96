"""The replay of an episode, its file, and its verification."""

import time
from contextlib import suppress
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_safe

from mate import Team
from portal import problems, recordings
from portal.inputs import takes
from portal.server import disk
from portal.server.headers import embeddable
from portal.server.visitor_pages import kept_for_visitors
from portal.texts import in_language
from portal.wording import tell_name
from tournament.models import Agent, Episode, Pairing


def find_episode(episode_id: int) -> Episode:
    pairings = Episode.objects.select_related("pairing__scenario", "pairing__camera", "pairing__target")
    return get_object_or_404(pairings, pk=episode_id)


@require_safe
@kept_for_visitors(10)
def replay(request: HttpRequest, episode_id: int) -> HttpResponse:
    episode = find_episode(episode_id)
    recordings.ask_replay(episode, request)  # Rendering starts while the page loads.
    neighbours = Episode.objects.filter(pairing=episode.pairing_id, engine=episode.engine, device=episode.device)
    context = describe_episode(request, episode) | {
        "before": neighbours.filter(pk__lt=episode.pk).order_by("-pk").first(),
        "after": neighbours.filter(pk__gt=episode.pk).order_by("pk").first(),
    }
    return render(request, "replays/replay.html", context)


def describe_episode(request: HttpRequest, episode: Episode) -> dict[str, Any]:
    """Return the context that all pages with the viewer of an episode share."""
    film = reverse("replay_film", args=[episode.pk]) if recordings.can_film() and request.user.is_authenticated else ""
    return {
        "episode": episode,
        "pairing": episode.pairing,
        "film_address": film,
        "picture_address": request.build_absolute_uri(reverse("replay_picture", args=[episode.pk])),
    }


@require_safe
@embeddable
def embedded(request: HttpRequest, episode_id: int) -> HttpResponse:
    """The viewer without the page around it, for frames on other sites."""
    episode = find_episode(episode_id)
    recordings.ask_replay(episode, request)
    return render(request, "replays/embedded.html", describe_episode(request, episode))


PICTURE_SECONDS = 0.5
"""Seconds that a request waits for a picture, because programs that create link previews ask only once."""


@require_safe
def picture(request: HttpRequest, episode_id: int) -> HttpResponseBase:
    """A PNG picture of the episode for link previews on other sites."""
    episode = find_episode(episode_id)
    deadline = time.monotonic() + PICTURE_SECONDS
    while (answer := recordings.ask_picture(episode, request)).path is None:
        if answer.has_failed or answer.refusal or time.monotonic() > deadline:
            return answer_pending(request, answer, episode)
        time.sleep(0.03)
    response = FileResponse(answer.path.open("rb"), content_type="image/png")
    response["Cache-Control"] = "public, max-age=86400"
    return response


@login_required
@require_safe
def film(request: HttpRequest, episode_id: int) -> HttpResponseBase:
    """The film of the episode, or a page that reloads until the film exists."""
    episode = find_episode(episode_id)
    if not recordings.can_film():
        raise Http404("This portal makes no films: the package imageio-ffmpeg is not installed.")
    answer = recordings.ask_film(episode, request)
    if answer.path is not None:
        name = f"mate-arena-{episode.pk}.mp4"
        return FileResponse(answer.path.open("rb"), content_type="video/mp4", as_attachment=True, filename=name)
    response = render(request, "replays/film.html", {"episode": episode, "answer": answer})
    if not answer.has_failed:
        response["Refresh"] = "2"
    return response


@require_safe
def beside(request: HttpRequest, episode_id: int, other_id: int) -> HttpResponse:
    """Two episodes of one scenario, side by side and in step."""
    episodes = [find_episode(episode_id), find_episode(other_id)]
    first, second = (episode.pairing for episode in episodes)
    if first.scenario_id != second.scenario_id:
        raise Http404("The two episodes are of different scenarios: there is nothing to compare.")
    for episode in episodes:
        recordings.ask_replay(episode, request)
    differing = find_differing(first, second)
    context = {
        "scenario": first.scenario,
        "sides": [describe_side(episode, differing) for episode in episodes],
        "differing": differing,
        "shared": differing and (first.target if differing[0] == first.camera else first.camera),
        "is_same_seed": episodes[0].seed == episodes[1].seed,
        "longest": max(episode.steps for episode in episodes),
    }
    return render(request, "replays/beside.html", context)


def find_differing(first: Pairing, second: Pairing) -> tuple[Agent, Agent] | None:
    """Return the two agents in which the pairings differ; None if both teams differ or neither does."""
    if first.target_id == second.target_id and first.camera_id != second.camera_id:
        return first.camera, second.camera
    if first.camera_id == second.camera_id and first.target_id != second.target_id:
        return first.target, second.target
    return None


def describe_side(episode: Episode, differing: tuple[Agent, Agent] | None) -> dict[str, Any]:
    """Return an episode with its label: the name of the agent that differs, or the names of both agents."""
    pairing = episode.pairing
    if differing is None:
        return {
            "episode": episode,
            "label": f" {pgettext('between two teams', 'vs')} ".join(
                tell_name(agent.name) for agent in (pairing.camera, pairing.target)
            ),
            "team": "",
        }
    agent = pairing.camera if differing[0].team == Team.CAMERA else pairing.target
    return {"episode": episode, "label": tell_name(agent.name), "team": agent.team}


@require_safe
@takes("partial")
def replay_file(request: HttpRequest, episode_id: int) -> HttpResponseBase:
    """The replay file: 200 with the file, 202 during rendering, 409 after a failure, 503 if too many wait.

    With `partial=1`, the beginning of an episode is returned while the rest is still being rendered.
    """
    return answer_file(request, find_episode(episode_id), accepts_partial=request.GET.get("partial") == "1")


def answer_file(request: HttpRequest, episode: Episode, accepts_partial: bool = False) -> HttpResponseBase:
    tag = f'"{episode.digest}"'  # The digest of a trajectory never changes, so browsers need its file only once.
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag})
    try:
        answer = recordings.ask_replay(episode, request)
    except OSError as error:
        if not disk.is_full(error):
            raise
        return answer_error(request, 507, "disk_full", str(disk.FULL), episode)
    if answer.path is not None:
        with suppress(FileNotFoundError):  # It has just been deleted to make room: it is rendered again.
            response = FileResponse(answer.path.open("rb"), content_type="application/octet-stream")
            response["Content-Disposition"] = f'attachment; filename="mate-arena-{episode.pk}.replay"'
            response["ETag"] = tag
            response["Cache-Control"] = "public, max-age=3600"
            return response
    if accepts_partial and answer.partial is not None:
        with suppress(FileNotFoundError):  # The file has just become complete.
            response = FileResponse(answer.partial.open("rb"), content_type="application/octet-stream")
            response["Cache-Control"] = "no-store"
            return response
    return answer_pending(request, answer, episode)


def answer_pending(request: HttpRequest, answer: recordings.Answer, episode: Episode) -> HttpResponse:
    """Return the response if the file does not exist yet: an error, or the progress."""
    if answer.has_failed:
        return answer_error(request, 409, "cannot_replay", answer.message, episode)
    if answer.refusal:
        (status,) = problems.KINDS[answer.refusal].statuses
        response = answer_error(request, status, answer.refusal, answer.message, episode)
        response["Retry-After"] = "3"
        return response
    return JsonResponse({"state": "playing", "message": answer.message}, status=202, headers={"Retry-After": "1"})


def answer_error(request: HttpRequest, status: int, code: str, message: str, episode: Episode) -> HttpResponse:
    problem = problems.describe(status, code, in_language(message), f"episode {episode.pk}", request.path)
    return JsonResponse(problem, status=status, content_type=problems.CONTENT_TYPE)


@login_required
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest, episode_id: int) -> HttpResponse:
    """The verification of an episode. POST replays it; GET returns the progress, then the verdict."""
    episode = find_episode(episode_id)
    if request.method == "POST":
        recordings.forget_verdict(episode)
    answer = recordings.ask_verdict(episode, request)
    verdict = recordings.read_verdict(answer.path) if answer.path else None
    return render(request, "replays/verdict.html", {"episode": episode, "answer": answer, "verdict": verdict})
