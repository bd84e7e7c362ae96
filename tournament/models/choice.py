"""Choices: the pairings of a tournament, their numbers of episodes, and the reasons."""

from django.db import models

from .episode import Pairing
from .tournament import Tournament


class Choice(models.Model):
    """Episodes `first`, `first + step`, ... (`count` of them) of a pairing, chosen for a round of a tournament; never
    changed.

    A tournament consists of the episodes of its choices. What was chosen depends on the results of earlier rounds
    alone.
    """

    tournament = models.ForeignKey(Tournament, on_delete=models.CASCADE, related_name="choices")
    round = models.PositiveIntegerField(help_text="Counts from 1.")
    pairing = models.ForeignKey(Pairing, on_delete=models.PROTECT, related_name="choices")
    first = models.PositiveIntegerField(help_text="Number of the first episode, from 0.")
    count = models.PositiveIntegerField()
    step = models.PositiveSmallIntegerField(
        default=1, help_text="2 where all seeds are keyed by the target (even numbers) or by the camera (odd ones)."
    )
    reason = models.CharField(max_length=200, blank=True)
    probability = models.FloatField(default=1.0, help_text="With which the rule would choose this pairing here.")

    class Meta:
        ordering = ["round", "id"]
        constraints = [
            models.UniqueConstraint(fields=["tournament", "round", "pairing", "first", "step"], name="one_choice")
        ]
        indexes = [models.Index(fields=["tournament", "round", "id"])]

    @property
    def keyed_by(self) -> str:
        """The agent that keys the episodes' seeds: `target`, `camera`, or `both` alternately (`tournament.seeds`)."""
        if self.step == 1:
            return "both"
        return "camera" if self.first % 2 else "target"

    def __str__(self) -> str:
        return f"round {self.round} of {self.tournament_id}: {self.count} of {self.pairing_id}"
