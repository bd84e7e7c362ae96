"""Tournaments: who plays whom, how often, from which seeds."""

from django.conf import settings
from django.db import models

from .agent import Agent
from .episode import Pairing
from .scenario import Scenario


class TournamentState(models.TextChoices):
    PLAYING = "playing", "Playing"
    FINISHED = "finished", "Finished"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Finished with errors"


class Tournament(models.Model):
    """A scenario, a camera field, a target field, a number of episodes per pairing and a base seed."""

    name = models.CharField(max_length=120)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="tournaments"
    )
    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="tournaments")
    cameras = models.ManyToManyField(Agent, related_name="+")
    targets = models.ManyToManyField(Agent, related_name="+")
    pairings = models.ManyToManyField(Pairing, related_name="tournaments")
    episodes_per_pairing = models.PositiveIntegerField()
    base_seed = models.BigIntegerField(default=0)
    engine = models.CharField(max_length=32, help_text="Engine version whose episodes count.")
    state = models.CharField(max_length=10, choices=TournamentState.choices, default=TournamentState.PLAYING)
    num_episodes = models.PositiveIntegerField(default=0, help_text="Episodes it consists of.")
    num_reused = models.PositiveIntegerField(default=0, help_text="Of those, how many existed already.")
    created = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return self.name
