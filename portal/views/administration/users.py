"""Administration of users: search, block, sign out, set limits."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.actions.confirming import Confirmation, show_question
from portal.forms.administration import LimitsForm
from portal.inputs import takes
from portal.models import ApiToken, AuditEntry
from portal.people import administering, quotas
from portal.people.quotas import QUOTAS
from portal.server.incoming import bytes_of
from portal.views.administration import for_administrators

PAGE = 50
LATEST = 20


@for_administrators
@require_safe
@takes("search", "state", "page")
def users(request: HttpRequest) -> HttpResponse:
    """The list of users, by name."""
    asked = {name: request.GET.get(name, "").replace("\0", "")[:100].strip() for name in ("search", "state", "page")}
    page = Paginator(administering.find_users(asked["search"], asked["state"]), PAGE).get_page(asked["page"])
    context = {"page": page, "rows": administering.describe_users(list(page)), "asked": asked}
    return render(request, "administration/users.html", context)


@for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
@takes(form=["storage", *QUOTAS])
def user(request: HttpRequest, username: str) -> HttpResponse:
    """The page of one user. A POST sets the user's own limits."""
    subject = get_object_or_404(User, username=username)
    form = LimitsForm(subject, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        administering.set_limits(subject, form.quotas, form.most_bytes)
        messages.success(request, _("The limits of %(name)s are saved.") % {"name": username})
        return redirect("administration_user", username)
    context = {
        "subject": subject,
        "form": form,
        "usage": quotas.list_usage(subject),
        "bytes_used": bytes_of(subject),
        "bytes_allowed": quotas.bytes_allowed(subject),
        "num_sessions": len(administering.find_sessions(subject)),
        "tokens": ApiToken.objects.filter(user=subject),
        "entries": AuditEntry.objects.filter(user=subject)[:LATEST],
    }
    return render(request, "administration/user.html", context, status=400 if form.is_bound else 200)


def ask(name: str, action: str) -> Confirmation:
    """Return the confirmation of an action."""
    return {
        "block": Confirmation(
            _("Block %(name)s?") % {"name": name},
            (
                _("The user is signed out and can no longer sign in. Tokens are refused."),
                _("Agents, tournaments and trainings stay. The block can be lifted."),
            ),
            _("Block user"),
        ),
        "unblock": Confirmation(
            _("Lift the block of %(name)s?") % {"name": name},
            (_("The user can sign in again, and tokens work again."),),
            _("Lift block"),
        ),
        "sign-out": Confirmation(
            _("End all sessions and tokens of %(name)s?") % {"name": name},
            (_("The user has to sign in again. All tokens are revoked; this cannot be undone."),),
            _("End sessions and tokens"),
        ),
    }[action]


@for_administrators
@require_http_methods(["GET", "HEAD", "POST"])
@takes()
def act(request: HttpRequest, username: str, action: str) -> HttpResponse:
    """Ask for confirmation, then block or unblock a user, or end sessions and tokens."""
    subject = get_object_or_404(User, username=username)
    if action not in ACTIONS:
        raise Http404("There is no such action.")
    if action == "block" and subject == request.user:
        raise PermissionDenied(_("You cannot block yourself. Ask another administrator."))
    if request.method != "POST":
        return show_question(request, ask(username, action), reverse("administration_user", args=[username]))
    messages.success(request, ACTIONS[action](subject))
    return redirect("administration_user", username)


def block(subject: User) -> str:
    administering.set_blocked(subject, True)
    return _("%(name)s is blocked.") % {"name": subject.username}


def unblock(subject: User) -> str:
    administering.set_blocked(subject, False)
    return _("%(name)s can sign in again.") % {"name": subject.username}


def sign_out(subject: User) -> str:
    sessions, tokens = administering.end_access(subject)
    return _("Ended: %(sessions)d sessions, %(tokens)d tokens.") % {"sessions": sessions, "tokens": tokens}


ACTIONS: dict[str, Any] = {"block": block, "unblock": unblock, "sign-out": sign_out}
