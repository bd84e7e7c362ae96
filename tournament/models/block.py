"""Blocks: the units of work that workers lease."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .episode import Pairing
from .lease import Lease
from .tournament import Tournament


class BlockState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    LEASED = "leased", pgettext_lazy("state", "Playing")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class Cause(models.TextChoices):
    """The party responsible for an error. An error never counts as a lost match."""

    NONE = "", _("None")
    PORTAL = "portal", _("Ours")
    CAMERA = "camera", _("The camera agent's")
    TARGET = "target", _("The target agent's")


class Block(Lease):
    """Some episodes of one pairing of one tournament, played together by one worker."""

    tournament = models.ForeignKey(Tournament, on_delete=models.CASCADE, related_name="blocks")
    pairing = models.ForeignKey(Pairing, on_delete=models.PROTECT, related_name="blocks")
    seeds = models.JSONField(help_text="The seeds of its episodes that did not exist when it was made.")
    num_episodes = models.PositiveIntegerField()
    num_played = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=10, choices=BlockState.choices, default=BlockState.WAITING)
    cause = models.CharField(max_length=6, choices=Cause.choices, blank=True, default=Cause.NONE)
    error = models.TextField(blank=True)
    seconds = models.FloatField(default=0.0, help_text="Time it took to play.")
    finished = models.DateTimeField(null=True, blank=True)
    earlier_workers = models.TextField(blank=True, help_text="Others that played some of its episodes, between spaces.")

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["state", "id"]),
            models.Index(fields=["tournament", "state"]),  # The last blocks of a tournament, in order.
            # The next block of a tournament, and when it was last served: queried at every claim.
            models.Index(fields=["tournament", "state", "attempts", "id"]),
            models.Index(
                fields=["tournament", "-claimed"], condition=models.Q(claimed__isnull=False), name="block_served"
            ),
            # Durations of episodes are queried at every claim; this index covers the query.
            models.Index(fields=["pairing", "state", "num_played", "seconds"]),
        ]

    def __str__(self) -> str:
        return f"block {self.pk} of {self.tournament_id}"
