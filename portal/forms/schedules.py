"""The form of a schedule, which says when it starts which tournament."""

from collections.abc import Mapping
from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mate import Team
from portal.forms.lineups import LineupForm
from portal.forms.tournaments import BaseSeedField
from portal.texts import in_language_lazy
from tournament import schedules
from tournament.formats import FORMATS
from tournament.models import Scenario, Schedule, ScheduleKind

WEEKLY, DAILY, CRON, WATCH = "weekly", "daily", "cron", "watch"
RHYTHMS = {
    WEEKLY: (_("Every week"), _("On a day of the week, at a time in UTC.")),
    DAILY: (_("Every day"), _("At a time in UTC.")),
    CRON: (_("At times of your own"), _("As a cron expression of five fields, in UTC.")),
    WATCH: (_("For every new agent"), _("Each agent that is newly accepted and can play in the scenario is placed.")),
}
EVERYONE, CHOSEN = "everyone", "chosen"
NEEDED = {WEEKLY: ("day", "time"), DAILY: ("time",), CRON: ("expression",), WATCH: ()}


class ScheduleForm(LineupForm):
    """A schedule. The rhythm, the format and the participants decide which fields apply."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("Tournaments are named after it, with a number or the agent.")
    )
    when = forms.ChoiceField(
        choices=[(name, title) for name, (title, _) in RHYTHMS.items()], initial=WEEKLY, widget=forms.RadioSelect
    )
    day = forms.TypedChoiceField(
        label=_("Day"),
        choices=[(number, in_language_lazy(day)) for number, day in enumerate(schedules.DAYS, 1)],
        coerce=int,
        initial=1,
        required=False,
    )
    time = forms.TimeField(
        label=_("Time (UTC)"), initial=time(3, 0), required=False, widget=forms.TimeInput(attrs={"type": "time"})
    )
    expression = forms.CharField(
        label=_("Times"),
        max_length=100,
        required=False,
        help_text=_(
            "Minute, hour, day of the month, month, day of the week, in UTC: <code>0 3 * * 1</code> is Mondays "
            "at "
            "03:00."
        ),
    )
    who = forms.ChoiceField(
        choices=[(EVERYONE, _("Everyone who can play")), (CHOSEN, _("Chosen agents"))],
        initial=EVERYONE,
        widget=forms.RadioSelect,
        required=False,
    )
    has_fresh_seeds = forms.BooleanField(
        label=_("Fresh seeds every time"),
        initial=True,
        required=False,
        help_text=_("Otherwise a start plays only what does not exist yet: new agents, or nothing."),
    )
    base_seed = BaseSeedField()

    def __init__(
        self,
        scenario: Scenario,
        data: Any = None,
        initial: Mapping[str, Any] | None = None,
        user_key: int | None = None,
    ) -> None:
        wanted = (data if data is not None else initial or {}).get("when")
        self.rhythm = wanted if wanted in RHYTHMS else WEEKLY
        formats = schedules.PLACING if self.rhythm == WATCH else tuple(FORMATS)
        super().__init__(scenario, data, initial, formats, user_key)
        for name in NEEDED[self.rhythm]:
            self.fields[name].required = True
        if self.rhythm == WATCH:
            self.fields.pop("team", None)

    @property
    def rhythms(self) -> list[tuple[str, Any, Any]]:
        return [(name, title, text) for name, (title, text) in RHYTHMS.items()]

    @property
    def time_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in NEEDED[self.rhythm]]

    @property
    def setting_fields(self) -> list[forms.BoundField]:
        return [self[setting.name] for setting in self.info.settings if setting.name in self.fields]

    @property
    def has_everyone(self) -> bool:
        """Return whether all agents that can play take part.

        The two agents of a head-to-head test are always chosen.
        """
        who = (self.data if self.is_bound else self.initial).get("who", EVERYONE)
        return who != CHOSEN and not self.is_head_to_head

    @property
    def needs_fields(self) -> bool:
        return not self.has_everyone and self.rhythm != WATCH

    def apply(self, schedule: Schedule) -> Schedule:
        """Apply a valid form to the schedule, save it and return it. Raises ScheduleRefused."""
        data = self.cleaned_data
        schedule.kind = ScheduleKind.WATCH if self.rhythm == WATCH else ScheduleKind.CRON
        schedule.expression = self.read_times()
        schedule.scenario = self.scenario
        schedule.has_everyone = self.has_everyone
        schedule.format, schedule.settings = self.info.name, self.chosen_settings()
        for name in ("name", "base_seed", "has_fresh_seeds"):
            setattr(schedule, name, data[name])
        return schedules.save(schedule, data["cameras"], data["targets"])

    def read_times(self) -> str:
        """Return the cron expression of the chosen times."""
        data = self.cleaned_data
        if self.rhythm == WEEKLY:
            return schedules.weekly(data["day"], data["time"].hour, data["time"].minute)
        if self.rhythm == DAILY:
            return schedules.daily(data["time"].hour, data["time"].minute)
        return data["expression"] if self.rhythm == CRON else ""


def describe(schedule: Schedule) -> dict[str, Any]:
    """Return the initial values of a form that changes a schedule."""
    cameras, targets = ([str(agent.pk) for agent in field] for field in schedules.chosen(schedule))
    values = {name: getattr(schedule, name) for name in ("name", "expression", "base_seed", "has_fresh_seeds")}
    team = schedule.settings.get("team", "camera")
    pair = cameras if team == Team.CAMERA else targets
    values |= {"cameras": cameras, "targets": targets, "format": schedule.format, **schedule.settings}
    values |= dict(zip(("first", "second"), pair, strict=False))
    return values | describe_times(schedule) | {"who": EVERYONE if schedule.has_everyone else CHOSEN}


def describe_times(schedule: Schedule) -> dict[str, Any]:
    if schedule.kind == ScheduleKind.WATCH:
        return {"when": WATCH}
    simple = schedules.read_simple(schedule.expression)
    if simple is None:
        return {"when": CRON}
    day, hour, minute = simple
    return {"when": WEEKLY if day else DAILY, "day": day or 1, "time": time(hour, minute)}
