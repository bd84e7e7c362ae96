"""Workers, as far as the portal has heard of them."""

from django.db import models


class Worker(models.Model):
    """A process that plays blocks; `seen` is its last heartbeat."""

    name = models.CharField(max_length=120, primary_key=True)
    seen = models.DateTimeField()
    doing = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
