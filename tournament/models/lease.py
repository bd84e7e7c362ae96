"""Work that a worker holds for a while."""

from django.db import models


class Lease(models.Model):
    """A claim on a row of work: taken by a conditional update, kept by heartbeats, fenced by a token that only grows.

    A worker that lost its lease (it was away longer than the lease lasts) holds an old token; everything it then tries to
    write is refused, so a doubled or late task can change nothing.
    """

    token = models.BigIntegerField(default=0, help_text="Grows by one with every claim.")
    worker = models.CharField(max_length=120, blank=True)
    claimed = models.DateTimeField(null=True, blank=True, help_text="When the worker took it.")
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True
