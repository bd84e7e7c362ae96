"""Audits: episodes that are played a second time, by another worker, to find workers whose results are wrong."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .block import Block
from .lease import Lease


class AuditState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    PLAYING = "playing", pgettext_lazy("state", "Playing")


class Audit(Lease):
    """One episode of a played block. `opinions` has the digest that each worker found, the block's worker first.

    While two opinions differ, the next worker that plays it must be a third one, whose digest decides. The row is
    deleted afterwards.
    """

    block = models.ForeignKey(Block, on_delete=models.CASCADE, related_name="audits")
    seed = models.BigIntegerField()
    opinions = models.JSONField(default=dict, help_text="Digests by worker.")
    state = models.CharField(max_length=8, choices=AuditState.choices, default=AuditState.WAITING)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["state", "id"])]

    def __str__(self) -> str:
        return f"audit of seed {self.seed}, {self.block}"
