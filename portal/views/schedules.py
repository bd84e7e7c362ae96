"""Schedules: the list, the form of a new one, the page of one with its starts, and changes to it."""

from contextlib import nullcontext
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal.actions.confirming import ask_to_delete_schedule, show_question
from portal.actions.toasts import offer_undo
from portal.forms.lineups import read_wishes
from portal.forms.schedules import ScheduleForm, describe
from portal.inputs import takes
from portal.people import quotas
from portal.people.permissions import insist_on_change, may_change
from portal.texts import in_language
from portal.views.tournaments import chosen_scenario
from tasks import hints
from tournament import formats, schedules
from tournament.models import Scenario, Schedule, ScheduleKind

PAGE = 30


def explain(schedule: Schedule) -> str:
    """Return when a schedule starts tournaments, as a text in the reader's language."""
    simple = schedules.read_simple(schedule.expression)
    if not (get_language() or "en").startswith("en") and schedule.kind == ScheduleKind.CRON:
        if simple is None:
            return _("At the times of the cron expression %(expression)s, UTC") % {"expression": schedule.expression}
        day, hour, minute = simple
        time = f"{hour:02}:{minute:02}"
        if day is None:
            return _("Every day at %(time)s, UTC") % {"time": time}
        return _("Every %(day)s at %(time)s, UTC") % {"day": in_language(schedules.DAYS[day - 1]), "time": time}
    return in_language(schedules.explain(schedule))


@require_safe
@takes("page")
def all_schedules(request: HttpRequest) -> HttpResponse:
    page = Paginator(Schedule.objects.select_related("scenario", "owner"), PAGE).get_page(request.GET.get("page"))
    rows = [(schedule, explain(schedule)) for schedule in page]
    return render(request, "schedules/schedules.html", {"page": page, "rows": rows})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes(*ScheduleForm.names(), form=ScheduleForm.names())
def create(request: HttpRequest) -> HttpResponse:
    scenario = chosen_scenario(request.POST.get("scenario") or request.GET.get("scenario"))
    if scenario is None:
        return render(request, "leaderboards/none.html", status=404)
    schedule = Schedule(owner=request.user)  # type: ignore[misc]
    return answer(request, scenario, schedule, {})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes(*ScheduleForm.names(), form=ScheduleForm.names())
def edit(request: HttpRequest, schedule_id: int) -> HttpResponse:
    schedule = find_own(request, schedule_id)
    scenario = chosen_scenario(request.POST.get("scenario") or request.GET.get("scenario") or schedule.scenario.slug)
    return answer(request, scenario or schedule.scenario, schedule, describe(schedule))


def answer(request: HttpRequest, scenario: Scenario, schedule: Schedule, initial: dict[str, Any]) -> HttpResponse:
    """Return the form of a new or changed schedule; after saving, a redirect to the schedule's page."""
    status = 200
    if request.method == "POST":
        form = ScheduleForm(scenario, request.POST, user_key=request.user.pk)
        if form.is_valid() and keep(form, schedule):
            return redirect("schedule", schedule.pk)
        status = 400
    else:
        wishes = read_wishes(request.GET)
        if "when" in wishes:  # A half-filled form; browsers do not send unticked boxes.
            wishes.setdefault("has_fresh_seeds", False)
        form = ScheduleForm(scenario, initial=initial | wishes, user_key=request.user.pk)
    context = {
        "form": form,
        "scenario": scenario,
        "scenarios": Scenario.objects.all(),
        "schedule": schedule if schedule.pk else None,
    }
    is_part = request.htmx and request.method != "POST"  # type: ignore[attr-defined]
    return render(request, "schedules/fields.html" if is_part else "schedules/edit.html", context, status=status)


def keep(form: ScheduleForm, schedule: Schedule) -> bool:
    """Save the schedule; return whether it was accepted. If not, the form shows the errors."""
    try:
        with quotas.within(schedule.owner, "schedules") if schedule._state.adding else nullcontext():
            form.apply(schedule)
    except (schedules.ScheduleRefused, quotas.QuotaExceeded) as refusal:
        form.tell(refusal)
        return False
    return True


@require_safe
@takes("page")
def schedule(request: HttpRequest, schedule_id: int) -> HttpResponse:
    """The page of a schedule: what it starts, its next time, and its earlier starts."""
    schedule = get_object_or_404(Schedule.objects.select_related("scenario", "owner"), pk=schedule_id)
    starts = schedule.starts.select_related("agent", "tournament")
    context = {
        "schedule": schedule,
        "in_words": explain(schedule),
        "info": formats.FORMATS.get(schedule.format),
        "fields": schedules.chosen(schedule),
        "page": Paginator(starts, PAGE).get_page(request.GET.get("page")),
        "now": timezone.now(),
        "may_change": may_change(request.user, schedule),
        "question": ask_to_delete_schedule(schedule),
    }
    return render(request, "schedules/schedule.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, schedule_id: int, what: str) -> HttpResponse:
    """Pause or resume a schedule, start a tournament now, or delete the schedule after confirmation."""
    if request.method != "POST" and what != "delete":
        return HttpResponseNotAllowed(["POST"])
    schedule = find_own(request, schedule_id)
    if request.method != "POST":
        back = reverse("schedule", args=[schedule.pk])
        return show_question(request, ask_to_delete_schedule(schedule), back)
    if what == "delete":
        schedule.delete()
        messages.success(
            request, _("%(name)s was deleted. Tournaments that it started stay.") % {"name": schedule.name}
        )
        return redirect("schedules")
    if what == "start":
        start(request, schedule)
    else:
        back = {"pause": "resume", "resume": "pause"}[what]
        (schedules.pause if what == "pause" else schedules.resume)(schedule)
        text = _("Paused. It starts nothing until it is resumed.") if what == "pause" else _("Resumed.")
        offer_undo(request, text, reverse("schedule_change", args=[schedule.pk, back]))
    return redirect("schedule", schedule.pk)


def start(request: HttpRequest, schedule: Schedule) -> None:
    try:
        with quotas.within(request.user, "tournaments", "episodes"):
            start = schedules.start_now(schedule)
    except (schedules.ScheduleRefused, quotas.QuotaExceeded) as refusal:
        messages.error(request, in_language(refusal))
        return
    hints.send()
    if start.refusal:
        messages.error(request, in_language(start.refusal))
    else:
        messages.success(request, _("Started."))


def find_own(request: HttpRequest, schedule_id: int) -> Schedule:
    schedule = get_object_or_404(Schedule.objects.select_related("scenario", "owner"), pk=schedule_id)
    insist_on_change(request.user, schedule)
    return schedule
