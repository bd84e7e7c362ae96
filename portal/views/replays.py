"""The replay of an episode, its file, and whether it can be repeated."""

from contextlib import suppress
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from portal import problems, recordings
from portal.inputs import takes
from portal.server.visitor_pages import kept_for_visitors
from tournament.models import Agent, Episode, Pairing, Team


def find_episode(episode_id: int) -> Episode:
    pairings = Episode.objects.select_related("pairing__scenario", "pairing__camera", "pairing__target")
    return get_object_or_404(pairings, pk=episode_id)


@require_safe
@kept_for_visitors(10)
def replay(request: HttpRequest, episode_id: int) -> HttpResponse:
    episode = find_episode(episode_id)
    recordings.ask_replay(episode, request)  # It is made while the page loads.
    neighbours = Episode.objects.filter(pairing=episode.pairing_id, engine=episode.engine, device=episode.device)
    context = {
        "episode": episode,
        "pairing": episode.pairing,
        "before": neighbours.filter(pk__lt=episode.pk).order_by("-pk").first(),
        "after": neighbours.filter(pk__gt=episode.pk).order_by("pk").first(),
    }
    return render(request, "replays/replay.html", context)


@require_safe
def beside(request: HttpRequest, episode_id: int, other_id: int) -> HttpResponse:
    """Two episodes of one scenario, played in step."""
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
    """The two agents in which the pairings differ; None if they differ in both or in none."""
    if first.target_id == second.target_id and first.camera_id != second.camera_id:
        return first.camera, second.camera
    if first.camera_id == second.camera_id and first.target_id != second.target_id:
        return first.target, second.target
    return None


def describe_side(episode: Episode, differing: tuple[Agent, Agent] | None) -> dict[str, Any]:
    """An episode with the name of what is special about it: the agent that differs, or both."""
    pairing = episode.pairing
    if differing is None:
        return {"episode": episode, "label": f"{pairing.camera.name} v {pairing.target.name}", "team": ""}
    agent = pairing.camera if differing[0].team == Team.CAMERA else pairing.target
    return {"episode": episode, "label": agent.name, "team": agent.team}


@require_safe
@takes("partial")
def replay_file(request: HttpRequest, episode_id: int) -> HttpResponseBase:
    """200 with the file, 202 while it is rendered, 409 where it cannot be, 503 where too many others wait.

    With `partial=1`, the beginning of an episode that is still rendered is an answer as well.
    """
    return answer_file(request, find_episode(episode_id), accepts_partial=request.GET.get("partial") == "1")


def answer_file(request: HttpRequest, episode: Episode, accepts_partial: bool = False) -> HttpResponseBase:
    tag = f'"{episode.digest}"'  # A trajectory's digest never changes, so its file never needs to be fetched twice.
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag})
    answer = recordings.ask_replay(episode, request)
    if answer.has_failed:
        return answer_error(request, 409, "cannot_replay", answer.message, episode)
    if answer.is_busy:
        response = answer_error(request, 503, "busy", answer.message, episode)
        response["Retry-After"] = "3"
        return response
    if answer.path is not None:
        with suppress(FileNotFoundError):  # It has just made room for newer ones: it is rendered again.
            response = FileResponse(answer.path.open("rb"), content_type="application/octet-stream")
            response["Content-Disposition"] = f'attachment; filename="mate-arena-{episode.pk}.replay"'
            response["ETag"] = tag
            response["Cache-Control"] = "public, max-age=3600"
            return response
    if accepts_partial and answer.partial is not None:
        with suppress(FileNotFoundError):  # It has just become complete.
            response = FileResponse(answer.partial.open("rb"), content_type="application/octet-stream")
            response["Cache-Control"] = "no-store"
            return response
    return JsonResponse({"state": "playing", "message": answer.message}, status=202, headers={"Retry-After": "1"})


def answer_error(request: HttpRequest, status: int, code: str, message: str, episode: Episode) -> HttpResponseBase:
    problem = problems.describe(status, code, message, f"episode {episode.pk}", request.path)
    return JsonResponse(problem, status=status, content_type=problems.CONTENT_TYPE)


@login_required
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest, episode_id: int) -> HttpResponse:
    """POST plays the episode anew; GET says how far that is, and then the verdict."""
    episode = find_episode(episode_id)
    if request.method == "POST":
        recordings.forget_verdict(episode)
    answer = recordings.ask_verdict(episode, request)
    verdict = recordings.read_verdict(answer.path) if answer.path else None
    return render(request, "replays/verdict.html", {"episode": episode, "answer": answer, "verdict": verdict})
