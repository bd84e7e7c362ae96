"""Leases of work."""

from django.db import models


class Lease(models.Model):
    """A claim on a row of work: taken by a conditional update, kept by heartbeats, fenced by a token that only grows.

    A worker whose lease has expired holds an old token, with which every write is refused: a duplicated or late task
    changes nothing.
    """

    token = models.BigIntegerField(default=0, help_text="Grows by one with every claim.")
    worker = models.CharField(max_length=120, blank=True)
    claimed = models.DateTimeField(null=True, blank=True, help_text="When the worker took it.")
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    previous_worker = ""
    """The worker that held the row before its claim; not stored."""

    class Meta:
        abstract = True
