"""Published ratings."""

from django.db import models

from .scenario import Scenario
from .tournament import Tournament


class RatingSnapshot(models.Model):
    """One fit of the ratings: of all episodes of a scenario, or (with `tournament` set) of one tournament's."""

    scenario = models.ForeignKey(Scenario, on_delete=models.CASCADE, related_name="snapshots")
    tournament = models.ForeignKey(
        Tournament, null=True, blank=True, on_delete=models.CASCADE, related_name="snapshots"
    )
    number = models.PositiveIntegerField(help_text="Counts the snapshots of this board, from 1.")
    engine = models.CharField(max_length=32)
    code = models.CharField(max_length=32, help_text="Version of the code that fitted.")
    num_episodes = models.PositiveIntegerField()
    reason = models.CharField(
        max_length=300,
        blank=True,
        help_text="Why it was made: what is new since the one before; empty where nobody noted.",
    )
    table = models.JSONField(help_text="tournament.ratings.Ratings as JSON, agents by digest.")
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["scenario", "number"], condition=models.Q(tournament=None), name="one_scenario_snapshot"
            ),
            models.UniqueConstraint(
                fields=["tournament", "number"],
                condition=models.Q(tournament__isnull=False),
                name="one_tournament_snapshot",
            ),
        ]

    def __str__(self) -> str:
        return f"snapshot {self.number} of {self.tournament or self.scenario}"


class Basis(models.Model):
    """The keys of a snapshot's episodes, packed (`tournament.packing`).

    They are a table of their own, so that readers of boards do not load them.
    """

    snapshot = models.OneToOneField(RatingSnapshot, primary_key=True, on_delete=models.CASCADE, related_name="basis")
    keys = models.BinaryField()

    def __str__(self) -> str:
        return f"episodes of {self.snapshot}"
