"""Workers, known from their heartbeats."""

from django.db import models


class Worker(models.Model):
    """A process that plays blocks or, with `trains` set, looks after trainings; `seen` is its last heartbeat."""

    name = models.CharField(max_length=120, primary_key=True)
    seen = models.DateTimeField()
    doing = models.CharField(max_length=200, blank=True)
    trains = models.BooleanField(default=False)
    cores = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Processors that a training may use there; empty where a cluster has them."
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
