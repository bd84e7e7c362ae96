"""Replay files on demand.

The player (`tournament.recorder`) makes them at the first request; then they are kept for some time.
"""

from __future__ import annotations

import contextlib
import errno
import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import HttpRequest
from django.utils.translation import gettext as _

from portal.server import compiling
from portal.server.throttling import callers
from tournament import agents, entries, recorded, recorder, storages
from tournament.models import AgentKind, Episode
from tournament.replays.file import FORMAT_VERSION

Action = Literal["record", "verify", "picture", "film"]
ENDINGS: dict[Action, str] = {
    "record": f"v{FORMAT_VERSION}.replay",
    "verify": "verdict",
    "picture": "png",
    "film": "mp4",
}


REFUSALS = {"too many": "too_many_replays", "busy": "busy"}
"""The codes of problems (`portal.problems`) by the state of an order that was refused."""


@dataclass(frozen=True)
class Answer:
    """The state of a requested file.

    `path` is the file if it exists; otherwise `message` says its progress or why it failed. `partial` is a file with
    the beginning of an episode that is still being rendered. `refusal` is the code of the problem if too many
    requests wait (`REFUSALS`); ask again in a few seconds.
    """

    path: Path | None = None
    message: str = ""
    partial: Path | None = None
    has_failed: bool = False
    refusal: str = ""


def folder() -> Path:
    path = Path(settings.MEDIA_ROOT) / "replays"
    path.mkdir(parents=True, exist_ok=True)
    return path


def path_of(episode: Episode, action: Action) -> Path:
    return folder() / f"{episode.pk}-{episode.digest}.{ENDINGS[action]}"


def ask_replay(episode: Episode, request: HttpRequest) -> Answer:
    """Request the replay file of an episode; return it or its progress. Ask again until it exists or has failed.

    Like all requests of this module, it raises OSError if the disk is full.
    """
    return _ask(episode, "record", request)


def ask_picture(episode: Episode, request: HttpRequest) -> Answer:
    """Request a picture of an episode, for link previews on other sites; return it or its progress."""
    return _ask(episode, "picture", request)


def ask_film(episode: Episode, request: HttpRequest) -> Answer:
    """Request an MP4 film of an episode; return it or its progress."""
    return _ask(episode, "film", request)


def can_film() -> bool:
    """Return whether the package that encodes films is installed (`requirements-film.in`)."""
    return find_spec("imageio_ffmpeg") is not None


def ask_verdict(episode: Episode, request: HttpRequest) -> Answer:
    """Request the verification of an episode; return the verdict or its progress."""
    return _ask(episode, "verify", request)


def forget_verdict(episode: Episode) -> None:
    """Delete the verdict on an episode, so that the next request plays the episode again."""
    path_of(episode, "verify").unlink(missing_ok=True)


def read_verdict(path: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(path.read_text())
    return facts


def _ask(episode: Episode, action: Action, request: HttpRequest) -> Answer:
    path = path_of(episode, action)
    if path.exists() or find_elsewhere(path):
        return Answer(path)
    if compiling.progress():
        return Answer(message=_("The game is being compiled. Replays can be rendered when that is done."))
    reply = recorder.ask(settings.DATA_DIR, path, action, order_of(episode), callers(request)[-1])
    if reply.state == "done":
        share(path)
        return Answer(path)
    if reply.state == "full":
        raise OSError(errno.ENOSPC, reply.message)
    if reply.state == "failed":
        return Answer(message=reply.message, has_failed=True)
    return Answer(message=describe(reply), partial=recorder.find_partial(path), refusal=REFUSALS.get(reply.state, ""))


def find_elsewhere(path: Path) -> bool:
    """Fetch a file that another web server has made, if the storage is remote; return whether it exists here now."""
    if not storages.is_remote():
        return False
    try:
        storages.fetch(f"replays/{path.name}", path)
    except FileNotFoundError:
        return False
    return True


def share(path: Path) -> None:
    """Upload a file that was made here to a remote storage, for other web servers."""
    if storages.is_remote() and path.suffix == ".replay":
        default_storage.save(f"replays/{path.name}", ContentFile(path.read_bytes()))


def fetch_checkpoints(*specs: dict[str, Any]) -> Path:
    """Return the folder with the checkpoints of these agents; fetch them first if the storage is remote."""
    digests = {digest for spec in specs for digest in agents.checkpoints(agents.from_json(spec))}
    if storages.is_remote():
        for digest in digests:
            with contextlib.suppress(FileNotFoundError):  # The player reports it.
                storages.local_path(entries.checkpoint_name(digest))
        return storages.cache_folder() / "checkpoints"
    return Path(settings.MEDIA_ROOT) / "checkpoints"


def fetch_actions(episode: Episode, team: str) -> str:
    """Return the path of the recorded actions of a remote agent in an episode; empty if they are no longer stored."""
    with contextlib.suppress(FileNotFoundError):
        return str(storages.local_path(recorded.file_name(episode.pairing_id, episode.seed, team)))
    return ""


def describe(reply: recorder.Reply) -> str:
    match reply.state:
        case "starting":
            return _("The replay player is starting.")
        case "busy":
            return _("Too many replays are being rendered. Try again in a few seconds.")
        case "too many":
            return _("You have too many waiting replays. Try again in a few seconds.")
        case "waiting":
            return _("Waiting for other replays: %(ahead)d ahead of this one.") % {"ahead": reply.ahead}
    return (
        _("Rendering the replay: step %(step)d.") % {"step": reply.step} if reply.step else _("Rendering the replay.")
    )


def order_of(episode: Episode) -> recorder.Order:
    pairing = episode.pairing
    config, sides = pairing.scenario.config, (pairing.camera, pairing.target)
    return recorder.Order(
        scenario=config if isinstance(config, str) else json.dumps(config),
        camera=pairing.camera.spec,
        target=pairing.target.spec,
        names=(pairing.camera.name, pairing.target.name),
        seed=episode.seed,
        engine=episode.engine,
        digest=episode.digest,
        device=episode.device,
        checkpoints=str(fetch_checkpoints(pairing.camera.spec, pairing.target.spec)),
        actions={agent.team: fetch_actions(episode, agent.team) for agent in sides if agent.kind == AgentKind.REMOTE},
    )
