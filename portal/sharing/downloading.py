"""Downloads of agents: permissions, and the response with the file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from typing import IO, Any

from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpRequest

from portal.people.permissions import may_change
from tournament import downloads
from tournament.archives import NATIVE, NETWORKS, ONNX
from tournament.models import Agent, PsroRun

ENDINGS = {NATIVE: "", ONNX: "-onnx"}
IN_MEMORY = 8 * 1024 * 1024
"""Maximum bytes of a file that is kept in memory; a larger one is kept on disk."""


def read_networks(request: HttpRequest) -> str:
    """Return the requested format: native or ONNX. Raises Http404 for any other."""
    wanted = request.GET.get("format", NATIVE)
    if wanted not in NETWORKS:
        raise Http404(f"There is no format {wanted[:20]!r}: agents are downloaded as {' or '.join(NETWORKS)}.")
    return wanted


def may_download(user: Any, agent: Agent) -> bool:
    """Return whether a user may download an agent.

    Owners and administrators may. All others need the owner's permission.
    """
    return downloads.is_common(agent) or may_change(user, agent)


def answer_agent(user: Any, agent: Agent, networks: str = NATIVE) -> FileResponse:
    """Return a response with the file of an agent, with native or ONNX networks.

    Raises PermissionDenied if the user may not download it, and RequestRefused if there is no file.
    """
    if not may_download(user, agent):
        raise PermissionDenied(
            "Only the agent's owner or an administrator can download it. Ask the owner to allow downloads."
        )
    path = downloads.find_file(agent, networks)
    if path is not None:
        return as_file(path.open("rb"), agent.slug)
    file = written(lambda file: downloads.write_agent(agent, file, networks))
    return as_file(file, agent.slug + ENDINGS[networks])


def answer_populations(user: Any, run: PsroRun, networks: str = NATIVE) -> FileResponse:
    """Return a response with the file of a run's populations, without agents that the user may not download."""
    judge = partial(may_download, user)
    file = written(lambda file: downloads.write_populations(run, file, judge, networks))
    return as_file(file, f"psro-{run.pk}-agents{ENDINGS[networks]}")


def written(write: Callable[[IO[bytes]], None]) -> IO[bytes]:
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  the answer closes it
    write(file)
    file.seek(0)
    return file


def as_file(file: IO[bytes], name: str) -> FileResponse:
    return FileResponse(file, as_attachment=True, filename=f"{name}.zip", content_type="application/zip")
