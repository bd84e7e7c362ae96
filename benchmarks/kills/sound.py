"""Checks that the portal shows nothing half-written, made after each kill and at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path


def find_halves(backups: Path) -> list[str]:
    """Return descriptions of everything that is shown and incomplete."""
    return [*check_uploads(), *check_agents(), *check_boards(), *check_trainings(), *check_backups(backups)]


def check_uploads() -> Iterator[str]:
    """Check that each upload has its complete file, and each accepted one its agent; yield the problems."""
    from django.core.files.storage import default_storage

    from tournament.models import Upload, UploadState

    for row in Upload.objects.exclude(file=""):
        if not default_storage.exists(row.file.name):
            yield f"upload {row.pk} has no file"
            continue
        with default_storage.open(row.file.name) as file:
            if hashlib.sha256(file.read()).hexdigest() != row.sha256:
                yield f"upload {row.pk} has another content than was sent"
        if row.state == UploadState.ACCEPTED and not row.agents.exists():
            yield f"upload {row.pk} was accepted without an agent"


def check_agents() -> Iterator[str]:
    """Check that each agent can be opened; yield the problems."""
    from tournament import entries
    from tournament.models import Agent, AgentKind

    for row in Agent.objects.filter(kind=AgentKind.CHECKPOINT):
        try:
            entries.open_checkpoint.__wrapped__(row.spec["checkpoint"])  # type: ignore[attr-defined]
        except Exception as error:
            yield f"agent {row.slug} cannot be opened: {error}"


def check_boards() -> Iterator[str]:
    """Check that each published fit has its number, its table and the keys of its episodes; yield the problems."""
    from tournament import packing
    from tournament.models import Basis, RatingSnapshot

    numbers: dict[tuple[int, int | None], list[int]] = {}
    for row in RatingSnapshot.objects.order_by("number"):
        numbers.setdefault((row.scenario_id, row.tournament_id), []).append(row.number)
        basis = Basis.objects.filter(snapshot=row).first()
        if basis is None or len(packing.unpack(bytes(basis.keys))) != row.num_episodes or not row.table.get("cameras"):
            yield f"snapshot {row.pk} is not whole"
    for board, found in numbers.items():
        if found != list(range(1, len(found) + 1)):
            yield f"the snapshots of board {board} are numbered {found}"


def check_trainings() -> Iterator[str]:
    """Check that each finished training has its agent and none failed; yield the problems."""
    from tournament.models import TrainingRun, TrainingState

    for run in TrainingRun.objects.all():
        if run.state == TrainingState.FINISHED and run.agent is None:
            yield f"training {run.pk} is finished without an agent"
        if run.state == TrainingState.FAILED:
            yield f"training {run.pk} failed: {run.error}"


def check_backups(place: Path) -> Iterator[str]:
    """Check that each backup with a final name is complete; yield the problems."""
    from portal import backups

    for folder in place.glob("[0-9]*"):
        try:
            backups.verify(folder)
        except backups.RestoreRefused as refusal:
            yield f"backup {folder.name}: {refusal}"
