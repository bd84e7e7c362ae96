"""Settings for logging a user's trainings to other services, and the logs of a training as a file."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.inputs import takes
from portal.people.permissions import insist_on_change
from tournament.models import TrainingLogs, TrainingRun

FOLDERS = ("tensorboard", "wandb")
"""Subfolders of a training's folder with logs."""


class TrainingLogsForm(forms.ModelForm):
    """The user's settings for logging."""

    class Meta:
        model = TrainingLogs
        fields = ("tensorboard", "wandb_project", "wandb_is_offline")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes(form=TrainingLogsForm.base_fields)
def training_logs(request: HttpRequest) -> HttpResponse:
    """The form of the settings. They apply to trainings that are started later."""
    owner: Any = request.user.pk
    row = TrainingLogs.objects.filter(owner=owner).first() or TrainingLogs(owner_id=owner)
    form = TrainingLogsForm(request.POST if request.method == "POST" else None, instance=row)
    if form.is_bound and form.is_valid():
        form.save()
        messages.success(request, _("Saved. Trainings that you start from now on follow it."))
        return redirect("account")
    return render(request, "accounts/training_logs.html", {"form": form}, status=400 if form.errors else 200)


@login_required
@require_safe
@takes()
def download(request: HttpRequest, run_id: int) -> HttpResponse:
    """The logs of the user's training as a zip file."""
    run = get_object_or_404(TrainingRun, pk=run_id)
    insist_on_change(request.user, run, "download its logs")
    content = io.BytesIO()
    root = Path(settings.MEDIA_ROOT) / "trainings" / str(run.pk)
    files = [path for name in FOLDERS for path in sorted((root / name).rglob("*")) if path.is_file()]
    if not files:
        raise Http404(_("This training has no logs of TensorBoard or Weights & Biases on this machine."))
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, path.relative_to(root))
    answer = HttpResponse(content.getvalue(), content_type="application/zip")
    answer["Content-Disposition"] = f'attachment; filename="training-{run.pk}-logs.zip"'
    return answer
