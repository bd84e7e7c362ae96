"""Pairings and their episodes: the facts that everything else is computed from."""

from django.db import models
from django.utils.translation import pgettext

from .agent import Agent, AgentKind
from .scenario import Scenario

EDGES = "Messages {} by each {}, by index, separated by spaces; null in rows from before they were counted."


class Pairing(models.Model):
    """One camera agent against one target agent in one scenario; shared by all tournaments that play it."""

    scenario = models.ForeignKey(Scenario, on_delete=models.PROTECT, related_name="pairings")
    camera = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="camera_pairings")
    target = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="target_pairings")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scenario", "camera", "target"], name="one_pairing")]

    def __str__(self) -> str:
        return f"{self.camera.name} {pgettext('between two teams', 'vs')} {self.target.name}, {self.scenario.name}"

    @property
    def is_reproducible(self) -> bool:
        """Return whether its episodes can be played again from their seeds."""
        return AgentKind.REMOTE not in (self.camera.kind, self.target.kind)


class Episode(models.Model):
    """One playing of a pairing from one seed: a row that is inserted once and never changed.

    All but the first four fields are functions of those four (docs/architecture.md, promise 1).
    """

    pairing = models.ForeignKey(Pairing, on_delete=models.PROTECT, related_name="episodes")
    engine = models.CharField(max_length=32, help_text="Engine version that played it.")
    device = models.CharField(max_length=16, default="cpu", help_text="Device class of the networks.")
    seed = models.BigIntegerField()
    steps = models.PositiveIntegerField()
    completed = models.BooleanField(help_text="All cargo was delivered before the step limit.")
    target_reward = models.FloatField(help_text="Sum of the target team's rewards.")
    normalised_reward = models.FloatField(
        help_text="target_reward / the scenario's nominal maximum; the payoff is its negative."
    )
    coverage = models.FloatField(help_text="Mean coverage rate, 0 to 1.")
    real_coverage = models.FloatField(help_text="Mean coverage rate of targets with bounty left, 0 to 1.")
    transport = models.FloatField(help_text="Mean transport rate at the end.")
    delivered = models.PositiveIntegerField(help_text="Delivered cargo weights.")
    digest = models.CharField(max_length=16, help_text="Running 64-bit hash of the whole trajectory, hexadecimal.")
    camera_edges_sent = models.TextField(null=True, help_text=EDGES.format("sent", "camera"))
    camera_edges_received = models.TextField(null=True, help_text=EDGES.format("received", "camera"))
    target_edges_sent = models.TextField(null=True, help_text=EDGES.format("sent", "target"))
    target_edges_received = models.TextField(null=True, help_text=EDGES.format("received", "target"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pairing", "engine", "device", "seed"], name="one_episode")]

    def __str__(self) -> str:
        return f"{self.pairing_id}/{self.seed}"


class EpisodeTotal(models.Model):
    """The number of a pairing's episodes, which the database itself keeps up to date (`tournament.totals`).

    `version` is random and changes with every change of the rows, so equal versions mean equal rows.
    """

    pairing = models.ForeignKey(Pairing, on_delete=models.CASCADE, related_name="totals")
    engine = models.CharField(max_length=32)
    device = models.CharField(max_length=16)
    count = models.BigIntegerField()
    version = models.CharField(max_length=36)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pairing", "engine", "device"], name="one_episode_total")]

    def __str__(self) -> str:
        return f"{self.count} episodes of pairing {self.pairing_id}"
