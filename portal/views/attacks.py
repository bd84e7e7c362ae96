"""Attacks on agents: the form of a new one, and the page of one."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from portal.actions.confirming import ask_to_cancel_attack
from portal.actions.starting import start
from portal.actions.steering import SteeringAction, ask_first, list_buttons, steer
from portal.forms.attacks import AttackForm
from portal.inputs import takes
from portal.people.permissions import may_change
from tournament import attacks as domain
from tournament import trainings
from tournament.models import Attack
from tournament.visibility import seen_agents


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes(*AttackForm.base_fields, form=AttackForm.base_fields)
def create(request: HttpRequest, slug: str) -> HttpResponse:
    """The form of an attack on an agent."""
    agent = get_object_or_404(seen_agents(request.user), slug=slug)
    if request.method == "POST":
        form = AttackForm(agent, request.POST)
        if made := start(form, request.user, domain.create_attack, "attacks"):
            return redirect("attack", made.pk)
    else:
        form = AttackForm(agent, initial={name: request.GET[name] for name in request.GET if request.GET[name]})
    context = {"agent": agent, "form": form, **trainings.describe_trainers()}
    return render(request, "attacks/create.html", context, status=400 if form.errors else 200)


@require_safe
@takes("seen")
def attack(request: HttpRequest, attack_id: int) -> HttpResponse:
    """The page of an attack. For htmx, only the part that changes while the attack runs."""
    rows = Attack.objects.select_related("agent", "attacker", "scenario", "owner", "tournament")
    row = get_object_or_404(rows.filter(agent__in=seen_agents(request.user)), pk=attack_id)
    context = {
        "attack": row,
        "is_moving": row.state in domain.OPEN,
        "runs": list(row.trainings.select_related("agent").order_by("seed")),
        "actions": list_buttons(row, ACTIONS, "attack_act") if may_change(request.user, row) else [],
    }
    if request.htmx:  # type: ignore[attr-defined]
        response = render(request, "attacks/progress.html", context)
        if request.GET.get("seen", row.state) != row.state:
            response["HX-Refresh"] = "true"
        return response
    return render(request, "attacks/attack.html", context)


ACTIONS = {
    "resume": SteeringAction(
        gettext_lazy("Resume"),
        domain.RESUMABLE,
        domain.resume_attack,
        gettext_lazy("Stopped trainings go on from their last states."),
    ),
    "cancel": SteeringAction(
        gettext_lazy("Cancel attack"),
        domain.OPEN,
        domain.cancel_attack,
        gettext_lazy("Cancelled. It can be resumed."),
        ask_to_cancel_attack,
    ),
}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes(form=[])
def act(request: HttpRequest, attack_id: int, action: str) -> HttpResponse:
    """Resume or cancel an attack. Cancelling asks for confirmation first."""
    row = get_object_or_404(Attack, pk=attack_id)
    if request.method != "POST":
        return ask_first(request, row, ACTIONS, action, reverse("attack", args=[row.pk]))
    steer(request, row, ACTIONS, action)
    return redirect("attack", row.pk)
