"""Labs: people who own agents together."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.actions.confirming import Confirmation, show_question
from portal.forms.labs import InvitationForm, LabForm
from portal.inputs import takes
from tournament import labs as rules
from tournament import queries
from tournament.models import Lab, LabRole, Membership
from tournament.refusals import RequestRefused

MOST_AGENTS = 100


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@takes(form=LabForm.base_fields)
def labs(request: HttpRequest) -> HttpResponse:
    """The user's labs and invitations. A POST creates a lab."""
    form = LabForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            lab = rules.create(request.user, **form.cleaned_data)
        except RequestRefused as refusal:
            form.tell(refusal)
        else:
            return redirect("lab", lab.slug)
    mine = Membership.objects.filter(user=request.user.pk).select_related("lab")
    context = {"form": form, "memberships": mine.filter(accepted=True), "invitations": mine.filter(accepted=False)}
    return render(request, "labs/labs.html", context, status=400 if form.is_bound else 200)


@require_safe
@takes()
def lab(request: HttpRequest, slug: str) -> HttpResponse:
    """The page of a lab: its members, and those of its agents that the user may see."""
    lab = get_object_or_404(Lab, slug=slug)
    return render(request, "labs/lab.html", describe(request, lab, InvitationForm()))


def describe(request: HttpRequest, lab: Lab, form: InvitationForm) -> dict[str, Any]:
    members = lab.memberships.select_related("user").order_by("-role", "user__username")
    agents = queries.find_agents(viewer=request.user).filter(lab=lab)
    own = rules.membership_of(lab, request.user)
    may_manage = rules.may_manage(lab, request.user)
    return {
        "lab": lab,
        "form": form,
        "members": members if may_manage else members.filter(accepted=True),
        "agents": agents[:MOST_AGENTS],
        "own": own,
        "may_manage": may_manage,
        "roles": LabRole.choices,
    }


def insist_on_managing(request: HttpRequest, lab: Lab) -> None:
    """Raise PermissionDenied if the user may not manage the lab."""
    if not rules.may_manage(lab, request.user):
        raise PermissionDenied(_("Only an owner of the lab or an administrator can do this."))


@login_required
@require_POST
@takes(form=InvitationForm.base_fields)
def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Invite a user by name."""
    lab = get_object_or_404(Lab, slug=slug)
    insist_on_managing(request, lab)
    form = InvitationForm(request.POST)
    if form.is_valid():
        try:
            rules.invite(lab, **form.cleaned_data)
        except RequestRefused as refusal:
            form.tell(refusal)
        else:
            messages.success(request, _("%(name)s is invited.") % {"name": form.cleaned_data["username"]})
            return redirect("lab", slug)
    return render(request, "labs/lab.html", describe(request, lab, form), status=400)


@login_required
@require_POST
@takes()
def accept(request: HttpRequest, slug: str) -> HttpResponse:
    """Accept the invitation to a lab."""
    lab = get_object_or_404(Lab, slug=slug)
    rules.accept(lab, request.user)
    messages.success(request, _("You are a member of %(name)s now.") % {"name": lab.name})
    return redirect("lab", slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes()
def remove(request: HttpRequest, slug: str, username: str) -> HttpResponse:
    """Ask for confirmation, then remove a member from a lab.

    Members can remove themselves; owners can remove anyone.
    """
    lab = get_object_or_404(Lab, slug=slug)
    if username != request.user.get_username():
        insist_on_managing(request, lab)
    user = get_object_or_404(User, username=username, memberships__lab=lab)
    if request.method != "POST":
        text = _("Agents that %(name)s brought leave the lab too. They stay on the portal.") % {"name": username}
        question = Confirmation(
            _("Take %(name)s out of %(lab)s?") % {"name": username, "lab": lab.name}, (text,), _("Take out")
        )
        return show_question(request, question, reverse("lab", args=[slug]))
    rules.remove(lab, user)
    messages.success(request, _("%(name)s is no longer in %(lab)s.") % {"name": username, "lab": lab.name})
    return redirect("labs" if user == request.user else "lab", *([] if user == request.user else [slug]))


@login_required
@require_POST
@takes(form=["role"])
def set_role(request: HttpRequest, slug: str, username: str) -> HttpResponse:
    """Make a member an owner, or an owner a member."""
    lab = get_object_or_404(Lab, slug=slug)
    insist_on_managing(request, lab)
    user = get_object_or_404(User, username=username, memberships__lab=lab)
    rules.set_role(lab, user, LabRole.OWNER if request.POST.get("role") == LabRole.OWNER else LabRole.MEMBER)
    return redirect("lab", slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes()
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask for confirmation, then delete a lab. Its agents stay with their owners."""
    lab = get_object_or_404(Lab, slug=slug)
    insist_on_managing(request, lab)
    if request.method != "POST":
        question = Confirmation(
            _("Delete the lab %(name)s?") % {"name": lab.name},
            (_("Its members no longer share agents. Every agent stays its owner's. This cannot be undone."),),
            _("Delete lab"),
        )
        return show_question(request, question, reverse("lab", args=[slug]))
    lab.delete()
    messages.success(request, _("The lab is deleted."))
    return redirect("labs")
