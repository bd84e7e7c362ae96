"""Announcements, which are shown above every page."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.actions.confirming import Confirmation, show_question
from portal.forms.administration import AnnouncementForm
from portal.inputs import takes
from portal.models import Announcement
from portal.views.administration import for_administrators


@for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
@takes(form=AnnouncementForm.base_fields)
def announcements(request: HttpRequest) -> HttpResponse:
    """The list of announcements. A POST adds one."""
    form = AnnouncementForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        form.save()
        messages.success(request, _("The announcement is saved."))
        return redirect("administration_announcements")
    context = {"form": form, "all": Announcement.objects.all()}
    return render(request, "administration/announcements.html", context, status=400 if form.is_bound else 200)


@for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
@takes(form=AnnouncementForm.base_fields)
def edit(request: HttpRequest, announcement_id: int) -> HttpResponse:
    """Change an announcement."""
    row = get_object_or_404(Announcement, pk=announcement_id)
    form = AnnouncementForm(request.POST if request.method == "POST" else None, instance=row)
    if form.is_bound and form.is_valid():
        form.save()
        messages.success(request, _("The announcement is saved."))
        return redirect("administration_announcements")
    context = {"form": form, "row": row}
    return render(request, "administration/announcement.html", context, status=400 if form.is_bound else 200)


@for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
@takes()
def delete(request: HttpRequest, announcement_id: int) -> HttpResponse:
    """Ask for confirmation, then delete an announcement."""
    row = get_object_or_404(Announcement, pk=announcement_id)
    if request.method != "POST":
        question = Confirmation(
            _("Delete this announcement?"),
            (f"“{row.text}”", _("It disappears from every page. This cannot be undone.")),
            _("Delete announcement"),
        )
        return show_question(request, question, reverse("administration_announcements"))
    row.delete()
    messages.success(request, _("The announcement is deleted."))
    return redirect("administration_announcements")
