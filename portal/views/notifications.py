"""A user's notifications, and settings for e-mail and webhooks."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.actions.confirming import Confirmation, show_question
from portal.forms.notifications import MailForm, WebhookForm
from portal.inputs import takes
from portal.models import Notification, Webhook
from portal.notifications import letters

PAGE = 50


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@takes("page", form=MailForm.base_fields)
def notifications(request: HttpRequest) -> HttpResponse:
    """The user's notifications. If mail is set up, also the form for the kinds that are sent by e-mail."""
    form = MailForm(request.user, request.POST if request.method == "POST" else None) if settings.ARENA_MAIL else None
    if form is not None and form.is_valid():
        form.save()
        messages.success(request, _("Your choice is kept."))
        return redirect("notifications")
    found = Notification.objects.filter(user=request.user.pk)
    context = {
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "form": form,
        "obstacle": letters.describe_state(request.user) if form else "",  # type: ignore[arg-type]
    }
    return render(request, "people/notifications.html", context)


@login_required
@require_POST
@takes()
def mark_read(request: HttpRequest) -> HttpResponse:
    """Mark all notifications as read."""
    Notification.objects.filter(user=request.user.pk, is_read=False).update(is_read=True)
    return redirect("notifications")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@takes(form=WebhookForm.base_fields)
def webhooks(request: HttpRequest) -> HttpResponse:
    """The user's webhooks. The secret of a new one is only shown in the response that creates it."""
    form = WebhookForm(request.user, request.POST or None)
    made = form.create() if request.method == "POST" and form.is_valid() else None
    status = 201 if made else 400 if form.is_bound else 200
    context = {
        "form": WebhookForm(request.user) if made else form,
        "made": made,
        "webhooks": Webhook.objects.filter(user=request.user.pk),
    }
    return render(request, "people/webhooks.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes()
def delete_webhook(request: HttpRequest, webhook_id: int) -> HttpResponse:
    """Ask for confirmation, then delete a webhook."""
    hook = get_object_or_404(Webhook, pk=webhook_id, user=request.user.pk)
    if request.method != "POST":
        question = Confirmation(
            _("Delete this webhook?"),
            (_("Nothing more is sent to %(address)s. This cannot be undone.") % {"address": hook.url},),
            _("Delete webhook"),
        )
        return show_question(request, question, reverse("webhooks"))
    hook.delete()
    messages.success(request, _("The webhook is deleted."))
    return redirect("webhooks")
