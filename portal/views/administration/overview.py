"""Overview for administrators: work queues with their age, workers with their quarantine, and storage."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Min, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from portal.actions.confirming import Confirmation, show_question
from portal.forms.administration import QuarantineForm
from portal.inputs import takes
from portal.models import Delivery, Letter
from portal.server import disk
from portal.views.administration import for_administrators
from tournament import queries
from tournament.models import (
    Block,
    BlockState,
    Tournament,
    TournamentState,
    TrainingRun,
    TrainingState,
    Upload,
    UploadState,
    Worker,
)

MOST_WORKERS = 200
FOLDERS = ("uploads", "checkpoints", "replays", "exports", "trainings")


@dataclass(frozen=True)
class WorkQueue:
    """The queue of one kind of work: numbers of waiting and running items, and the time since when the oldest waits."""

    title: str | Promise
    waiting: int
    running: int
    oldest: datetime | None
    address: str


def count_queue(
    title: str | Promise, rows: QuerySet[Any], waiting: str, running: tuple[str, ...], since: str, address: str
) -> WorkQueue:
    """Return the queue of rows with a state. `since` is the field with the time since when a row waits."""
    found = rows.order_by().aggregate(
        waiting=Count("pk", filter=Q(state=waiting)),
        running=Count("pk", filter=Q(state__in=running)),
        oldest=Min(since, filter=Q(state=waiting)),
    )
    return WorkQueue(title, found["waiting"], found["running"], found["oldest"], address)


def list_queues() -> list[WorkQueue]:
    """Return the queues of all kinds of work."""
    blocks = Block.objects.filter(state__in=(BlockState.WAITING, BlockState.LEASED))
    playing = Tournament.objects.filter(state=TournamentState.PLAYING).aggregate(oldest=Min("created"))["oldest"]
    counts = dict(blocks.order_by().values_list("state").annotate(number=Count("id")))
    waiting = counts.get(BlockState.WAITING, 0)
    sent = [
        (gettext_lazy("Webhooks"), Delivery.objects.filter(is_over=False)),
        (gettext_lazy("E-mails"), Letter.objects.filter(is_over=False)),
    ]
    return [
        WorkQueue(
            gettext_lazy("Blocks of tournaments"),
            waiting,
            counts.get(BlockState.LEASED, 0),
            playing if waiting else None,
            f"{reverse('tournaments')}?state=playing",
        ),
        count_queue(
            gettext_lazy("Uploads"),
            Upload.objects.filter(state__in=(UploadState.WAITING, UploadState.CHECKING)),
            UploadState.WAITING,
            (UploadState.CHECKING,),
            "created",
            f"{reverse('uploads')}?state=waiting",
        ),
        count_queue(
            gettext_lazy("Trainings"),
            TrainingRun.objects.filter(state__in=(TrainingState.WAITING, TrainingState.TRAINING)),
            TrainingState.WAITING,
            (TrainingState.TRAINING,),
            "created",
            f"{reverse('trainings')}?state=waiting",
        ),
        *(
            WorkQueue(title, found["number"], 0, found["oldest"], "")
            for title, rows in sent
            for found in [rows.aggregate(number=Count("pk"), oldest=Min("notification__created"))]
        ),
    ]


@for_administrators
@require_safe
@takes()
def overview(request: HttpRequest) -> HttpResponse:
    """Queues and workers."""
    workers = queries.with_signs_of_life(Worker.objects.order_by("-seen"))[:MOST_WORKERS]
    context = {"queues": list_queues(), "workers": workers, "unplayable": queries.count_unplayable()}
    return render(request, "administration/overview.html", context)


@for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
@takes(form=["reason"])
def quarantine(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for a reason, then put a worker under quarantine: it gets no more work, and its episodes are played again."""
    worker = get_object_or_404(Worker, name=name)
    form = QuarantineForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        from tasks import auditing  # This import loads the game.

        voided = auditing.quarantine(worker.name, form.cleaned_data["reason"])
        text = _("%(name)s takes no more work. Blocks that are played again: %(count)d.")
        messages.success(request, text % {"name": worker.name, "count": voided})
        return redirect("administration")
    played = Block.objects.filter(worker=worker.name, state__in=(BlockState.DONE, BlockState.LEASED)).count()
    context = {"worker": worker, "form": form, "played": played}
    return render(request, "administration/quarantine.html", context, status=400 if form.is_bound else 200)


@for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
@takes()
def lift(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for confirmation, then lift the quarantine of a worker."""
    worker = get_object_or_404(Worker, name=name)
    if request.method != "POST":
        question = Confirmation(
            _("Lift the quarantine of %(name)s?") % {"name": worker.name},
            (_("Its reason is: %(reason)s") % {"reason": worker.quarantine or "–"}, _("It takes work again at once.")),
            _("Lift quarantine"),
        )
        return show_question(request, question, reverse("administration"))
    Worker.objects.filter(pk=worker.pk).update(quarantine="")
    messages.success(request, _("%(name)s takes work again.") % {"name": worker.name})
    return redirect("administration")


@for_administrators
@require_safe
@takes()
def storage(request: HttpRequest) -> HttpResponse:
    """The size of each kind of stored data, and how long it is kept."""
    uploads = Upload.objects.aggregate(size=Sum("size"), number=Count("pk"), kept=Count("pk", filter=~Q(file="")))
    context = {
        "disks": disk.disks(),
        "folders": [(name, *measure(Path(settings.MEDIA_ROOT) / name)) for name in FOLDERS],
        "uploads": uploads,
        "limits": [
            ("ARENA_USER_BYTES", settings.ARENA_USER_BYTES, _("Uploads of one user")),
            ("ARENA_EXPORT_BYTES", settings.ARENA_EXPORT_BYTES, _("Exports of published fits; the oldest go first")),
            ("ARENA_FREE_BYTES", settings.ARENA_FREE_BYTES, _("Free space below which uploads are refused")),
            ("ARENA_TRAINING_FREE_BYTES", settings.ARENA_TRAINING_FREE_BYTES, _("Free space that a training needs")),
            ("ARENA_CACHE_BYTES", settings.ARENA_CACHE_BYTES, _("Local copies of files in S3-compatible storage")),
        ],
        "times": [
            ("ARENA_KEEP_ORIGINALS_DAYS", settings.ARENA_KEEP_ORIGINALS_DAYS, _("Original files of accepted uploads")),
            ("ARENA_KEEP_SNAPSHOTS_DAYS", settings.ARENA_KEEP_SNAPSHOTS_DAYS, _("Fits of boards after newer ones")),
        ],
        "replays": settings.ARENA_KEEP_REPLAYS,
    }
    return render(request, "administration/storage.html", context)


def measure(folder: Path) -> tuple[int, int]:
    """Return the number and the total bytes of the files in a folder."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    return len(sizes), sum(sizes)
