"""The installation: which files belong to this database."""

import uuid

from django.db import models


def make_identity() -> str:
    return uuid.uuid4().hex


class Installation(models.Model):
    """One row with the installation's identity, which its storage repeats: a mismatch shows another's files."""

    identity = models.CharField(max_length=32, default=make_identity, editable=False)

    def __str__(self) -> str:
        return self.identity
