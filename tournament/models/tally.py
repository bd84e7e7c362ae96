"""Tallies: counts of events that leave no other rows."""

from django.db import models
from django.db.models import F


class Tally(models.Model):
    """How often something happened since the installation was made; metrics show it."""

    name = models.CharField(max_length=40, primary_key=True)
    count = models.BigIntegerField(default=0)

    class Meta:
        verbose_name_plural = "tallies"

    def __str__(self) -> str:
        return f"{self.name}: {self.count}"

    @classmethod
    def add(cls, name: str, count: int) -> None:
        """Add to a tally."""
        if count:
            cls.objects.get_or_create(name=name)
            cls.objects.filter(name=name).update(count=F("count") + count)
