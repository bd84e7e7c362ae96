"""Scenarios that agents can be rated in."""

from django.conf import settings
from django.db import models


class Scenario(models.Model):
    """An environment configuration, identified by the digest of its canonical form (`mate.Scenario.digest`).

    `owner` is who added it; nobody for packaged ones.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    name = models.CharField(max_length=80, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    config = models.JSONField(help_text="Canonical form, as mate.Scenario.to_json gives it.")
    enhanced_observation = models.CharField(max_length=8, default="none")
    num_cameras = models.PositiveSmallIntegerField()
    num_targets = models.PositiveSmallIntegerField()
    num_obstacles = models.PositiveSmallIntegerField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="scenarios"
    )
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
