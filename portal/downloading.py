"""Downloads of agents: who may have which, and the answer with the file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from typing import IO, Any

from django.core.exceptions import PermissionDenied
from django.http import FileResponse

from portal.permissions import may_change
from tournament import downloads
from tournament.models import Agent, PsroRun

IN_MEMORY = 8 * 1024 * 1024
"""Maximum bytes of a written file that are kept in memory; a larger one lies in a temporary file."""


def may_download(user: Any, agent: Agent) -> bool:
    """Whether a user may have an agent's file: owners and administrators, others where the owner allows it."""
    return downloads.is_common(agent) or may_change(user, agent)


def answer_agent(user: Any, agent: Agent) -> FileResponse:
    """Return the file of an agent. Raises PermissionDenied for those who may not have it."""
    if not may_download(user, agent):
        raise PermissionDenied(
            "Only the agent's owner or an administrator can download it. Ask the owner to allow downloads."
        )
    path = downloads.find_file(agent)
    if path is not None:
        return as_file(path.open("rb"), agent.slug)
    return as_file(written(partial(downloads.write_agent, agent)), agent.slug)


def answer_populations(user: Any, run: PsroRun) -> FileResponse:
    """Return the file of a run's populations, without agents that the user may not have."""
    judge = partial(may_download, user)
    file = written(lambda file: downloads.write_populations(run, file, judge))
    return as_file(file, f"psro-{run.pk}-agents")


def written(write: Callable[[IO[bytes]], None]) -> IO[bytes]:
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  the answer closes it
    write(file)
    file.seek(0)
    return file


def as_file(file: IO[bytes], name: str) -> FileResponse:
    return FileResponse(file, as_attachment=True, filename=f"{name}.zip", content_type="application/zip")
