"""Schedules: tournaments that start by themselves."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .agent import Agent
from .scenario import Scenario


class ScheduleKind(models.TextChoices):
    CRON = "cron", _("At set times")
    WATCH = "watch", _("For every new agent")


class Schedule(models.Model):
    """A tournament to start at set times (`expression`, in UTC), or for every new agent of a scenario.

    `cameras` and `targets` are the fields; with `has_everyone` they are all agents that can play in the scenario at the
    time of a start. A watch places each new agent against the field of the other team.
    """

    name = models.CharField(max_length=100)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="schedules"
    )
    kind = models.CharField(max_length=5, choices=ScheduleKind.choices)
    expression = models.CharField(max_length=100, blank=True, help_text="Five cron fields, in UTC; empty for a watch.")
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="schedules")
    has_everyone = models.BooleanField(default=True, help_text="The fields are all agents that can play.")
    cameras = models.ManyToManyField(Agent, blank=True, related_name="+")
    targets = models.ManyToManyField(Agent, blank=True, related_name="+")
    format = models.CharField(max_length=16, default="round-robin")
    settings = models.JSONField(default=dict, blank=True, help_text="Of the format; what is absent is as usual.")
    episodes_per_pairing = models.PositiveIntegerField(default=0, help_text="Of a round robin; else 0.")
    base_seed = models.BigIntegerField(default=0)
    has_fresh_seeds = models.BooleanField(
        default=True, help_text="Every start takes another base seed, so that nothing is reused."
    )
    is_paused = models.BooleanField(default=False)
    next_start = models.DateTimeField(null=True, blank=True, help_text="Empty for a watch, and while paused.")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created"]
        indexes = [models.Index(fields=["is_paused", "next_start"])]

    def __str__(self) -> str:
        return self.name


class Start(models.Model):
    """One start of a schedule, or the reason why there was none. Its row prevents a second start.

    Either `due`, the planned moment, or `agent`, the agent to place, is set. The tournament refers to its start.
    """

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="starts")
    number = models.PositiveIntegerField(help_text="Counts the starts of the schedule, from 1.")
    due = models.DateTimeField(null=True, blank=True)
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    refusal = models.TextField(blank=True, help_text="Why nothing could be started.")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "number"], name="one_start_a_number"),
            models.UniqueConstraint(fields=["schedule", "due"], name="one_start_a_moment"),
            models.UniqueConstraint(fields=["schedule", "agent"], name="one_start_an_agent"),
        ]

    def __str__(self) -> str:
        return f"start {self.number} of {self.schedule}"
