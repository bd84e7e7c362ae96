"""Workers, known from their heartbeats."""

from django.db import models


class Worker(models.Model):
    """A process that plays blocks or, with `trains` set, looks after trainings; `seen` is its last heartbeat.

    Its name is unique among all processes that ever were. It claims blocks of its engine version and device class only.
    """

    name = models.CharField(max_length=120, primary_key=True)
    seen = models.DateTimeField()
    doing = models.CharField(max_length=200, blank=True)
    trouble = models.CharField(max_length=300, blank=True, help_text="What of the infrastructure it waits for.")
    quarantine = models.CharField(
        max_length=300, blank=True, help_text="Why it may take no work: its results were wrong."
    )
    process = models.CharField(
        max_length=120, blank=True, help_text="Boot, namespace, number and start of its process."
    )
    engine = models.CharField(max_length=32, blank=True, help_text="Its engine version.")
    device = models.CharField(max_length=16, blank=True, help_text="Device class of its networks.")
    trains = models.BooleanField(default=False)
    cores = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Processors that a training may use there; empty where a cluster has them."
    )

    processor = models.CharField(max_length=120, blank=True, help_text="Name of the machine's processor.")
    machine_cores = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Processors of the machine.")
    labels = models.JSONField(default=list, blank=True, help_text="What its administrator calls it.")
    clock_error = models.FloatField(default=0.0, help_text="Seconds by which its clock is ahead of the database's.")

    class Meta:
        ordering = ["name"]

    TOLERANCE_SECONDS = 2.0

    @property
    def clock_is_wrong(self) -> bool:
        """Return whether its machine's clock differs from the database's by more than usual."""
        return abs(self.clock_error) > self.TOLERANCE_SECONDS

    @property
    def clock_lag(self) -> float:
        """Seconds by which its clock is behind the database's."""
        return -self.clock_error

    def __str__(self) -> str:
        return self.name
