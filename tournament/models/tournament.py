"""Tournaments: fields, numbers of episodes and seeds."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .agent import Agent
from .episode import Pairing
from .priority import Priority
from .scenario import Scenario
from .schedule import Start


class TournamentState(models.TextChoices):
    PLAYING = "playing", pgettext_lazy("state", "Playing")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Finished with errors")


class Purpose(models.TextChoices):
    """The purpose of a tournament other than a comparison of its agents."""

    NONE = "", _("None")
    PLACEMENT = "placement", _("Placement of a new agent")
    REEVALUATION = "reevaluation", _("Re-evaluation on fresh seeds")
    SCHEDULE = "schedule", _("Started by a schedule")
    MILESTONE = "milestone", _("Milestone of a training run")
    PSRO = "psro", _("PSRO")
    ATTACK = "attack", _("Attack on an agent")


class Tournament(models.Model):
    """A scenario, a camera field, a target field, a base seed and a format, which chooses round by round what is
    played.

    It consists of the episodes of its choices. `finding` is what the format found after the last complete round.
    """

    name = models.CharField(max_length=120)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="tournaments"
    )
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="tournaments")
    cameras = models.ManyToManyField(Agent, related_name="+")
    targets = models.ManyToManyField(Agent, related_name="+")
    pairings = models.ManyToManyField(Pairing, related_name="tournaments")
    format = models.CharField(max_length=16, default="round-robin", help_text="The rule that chooses its episodes.")
    settings = models.JSONField(default=dict, blank=True, help_text="The format's settings, all of them.")
    round = models.PositiveIntegerField(default=0, help_text="Rounds that were chosen.")
    finding = models.JSONField(default=dict, blank=True)
    rates_remote = models.BooleanField(
        _("Rate remote agents in this tournament"),
        default=False,
        help_text=_("Their episodes cannot be played again. Leaderboards of scenarios never rate them."),
    )
    purpose = models.CharField(max_length=16, choices=Purpose.choices, blank=True, default=Purpose.NONE)
    start = models.OneToOneField(
        Start, null=True, blank=True, on_delete=models.SET_NULL, related_name="tournament", help_text="By a schedule."
    )
    episodes_per_pairing = models.PositiveIntegerField(
        default=0, help_text="0 where the format decides round by round."
    )
    base_seed = models.BigIntegerField(default=0)
    engine = models.CharField(max_length=32, help_text="Engine version whose episodes count.")
    device = models.CharField(max_length=16, default="cpu", help_text="Device class of the networks that play it.")
    state = models.CharField(max_length=10, choices=TournamentState.choices, default=TournamentState.PLAYING)
    num_episodes = models.PositiveIntegerField(default=0, help_text="Episodes it consists of, so far.")
    num_reused = models.PositiveIntegerField(default=0, help_text="Of those, how many existed already.")
    num_unwritten = models.PositiveIntegerField(
        default=0, help_text="Chosen episodes of a large first round that are not written yet; 0: it is prepared."
    )
    prepared_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then, the worker that prepares it is believed to be alive."
    )
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    is_private = models.BooleanField(default=False, help_text="An agent of it is private.")
    created = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created"]
        indexes: ClassVar = [
            models.Index(fields=["num_unwritten"], condition=models.Q(num_unwritten__gt=0), name="tournament_unwritten")
        ]

    def __str__(self) -> str:
        return self.name
