"""Uploads: files on their way to becoming agents."""

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .lease import Lease


class UploadState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    CHECKING = "checking", _("Checking")
    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed on our side")


class Upload(Lease):
    """One uploaded file.

    `steps` is a list of {name, status: waiting|running|ok|failed|skipped, detail}, in order of checking.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="uploads")
    file = models.FileField(upload_to="uploads/", max_length=255, blank=True)
    filename = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=80, blank=True, help_text="The agent's name, if the user gave one.")
    team = models.CharField(max_length=6, blank=True, help_text="The team the user expects, if said.")
    deterministic = models.BooleanField(
        default=False, help_text="Play the best action instead of sampling; upstream samples."
    )
    place_in = models.ForeignKey(
        "tournament.Scenario",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Where its agents are to get a rank at once, if anywhere.",
    )
    lab = models.ForeignKey(
        "tournament.Lab", null=True, blank=True, on_delete=models.SET_NULL, related_name="uploads",
        help_text="To which its agents will belong.",
    )  # fmt: skip
    is_private = models.BooleanField(default=False, help_text="Its agents will be private.")
    state = models.CharField(max_length=10, choices=UploadState.choices, default=UploadState.WAITING)
    reason = models.TextField(blank=True)
    steps = models.JSONField(default=list, blank=True)
    report = models.JSONField(default=dict, blank=True)
    agents = models.ManyToManyField("tournament.Agent", blank=True, related_name="uploads")
    created = models.DateTimeField(auto_now_add=True)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created"]
        indexes = [models.Index(fields=["state", "created"])]

    def __str__(self) -> str:
        return self.filename

    @property
    def is_over(self) -> bool:
        """Return whether the check has ended."""
        return self.state not in (UploadState.WAITING, UploadState.CHECKING)
