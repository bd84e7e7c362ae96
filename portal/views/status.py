"""Workers, and the work that waits."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.server import disk
from tournament import leaderboards, queries
from tournament.models import Block, BlockState, TrainingRun, TrainingState, Worker


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    failed = Block.objects.filter(state=BlockState.FAILED, tournament__is_private=False).select_related(
        "tournament", "pairing__camera", "pairing__target"
    )
    context = {
        "disks": disk.disks(),
        "workers": queries.with_signs_of_life(Worker.objects.order_by("-seen"))[:50],
        "engine": leaderboards.engine_version(),
        "unplayable": queries.count_unplayable(),
        "num_live": queries.live_workers().count(),
        "num_trainers": queries.live_trainers().count(),
        "num_training": TrainingRun.objects.filter(state=TrainingState.TRAINING).count(),
        "num_to_train": TrainingRun.objects.filter(state=TrainingState.WAITING).count(),
        "queue": queries.queue(),
        "failed": failed.order_by("-id")[:10],
    }
    template = "partials/status.html" if request.htmx else "status.html"  # type: ignore[attr-defined]
    return render(request, template, context)
