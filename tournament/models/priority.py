"""Priorities of work, which administrators set."""

from django.db import models


class Priority(models.IntegerChoices):
    """Of works whose priorities differ, the one of higher priority is always taken first."""

    BACKGROUND = -1, "Background: when nothing else waits"
    NORMAL = 0, "Normal"
    HIGH = 1, "High: before all others"
