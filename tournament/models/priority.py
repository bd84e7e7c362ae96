"""Priorities of work, which administrators set."""

from django.db import models


class Priority(models.IntegerChoices):
    """The priority of work. Work of a higher priority is always taken before work of a lower one."""

    BACKGROUND = -1, "Background: when nothing else waits"
    NORMAL = 0, "Normal"
    HIGH = 1, "High: before all others"
