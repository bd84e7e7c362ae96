"""Attacks: agents that are trained against one agent, to find how far it can be exploited."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .agent import Agent
from .scenario import Scenario
from .tournament import Tournament
from .training import TrainingRun


class AttackState(models.TextChoices):
    TRAINING = "training", _("Training attackers")
    JUDGING = "judging", _("Playing the best attacker")
    FINISHED = "finished", _("Finished")
    CANCELLED = "cancelled", _("Cancelled")
    FAILED = "failed", _("Failed")


class Attack(models.Model):
    """Attackers of several seeds against one agent in a scenario.

    `training` has the fields of `tournament.trainings.TrainingSettings`. The best attacker on selection seeds is played
    on fresh seeds in `tournament`; `result` is what that found.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="attacks"
    )
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="attacks", help_text="Which is attacked.")
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="attacks")
    training = models.JSONField(default=dict)
    num_attackers = models.PositiveSmallIntegerField()
    first_seed = models.BigIntegerField(default=0)
    episodes = models.PositiveIntegerField(help_text="Fresh ones, of the best attacker.")
    state = models.CharField(max_length=10, choices=AttackState.choices, default=AttackState.TRAINING)
    reason = models.TextField(blank=True, help_text="Why it failed, and what to do, in words.")
    trainings = models.ManyToManyField(TrainingRun, related_name="attacks")
    attacker = models.ForeignKey(
        Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="The best one."
    )
    tournament = models.ForeignKey(Tournament, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    result = models.JSONField(default=dict, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created", "-id"]
        indexes = [models.Index(fields=["state"]), models.Index(fields=["agent", "scenario"])]

    def __str__(self) -> str:
        return f"attack {self.pk} on {self.agent_id}"
