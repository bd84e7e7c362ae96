"""What the website itself remembers: the tokens of its API, and answers that may be asked for again."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone


class Scope(models.TextChoices):
    """What a token may change. Reading needs no scope."""

    UPLOADS = "uploads", "Upload checkpoints"
    AGENTS = "agents", "Rename and describe agents"
    TOURNAMENTS = "tournaments", "Start and cancel tournaments, schedules and re-evaluations"
    TRAININGS = "trainings", "Start and steer trainings and PSRO runs"
    ACCOUNT = "account", "Create and revoke tokens"


def every_scope() -> list[str]:
    return [scope.value for scope in Scope]


class ApiToken(models.Model):
    """A token of the REST API. Only its SHA-256 is kept; the key itself is shown once, when it is created."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=14, editable=False, help_text="How the key begins, to tell keys apart.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=every_scope, help_text="What the token may change.")
    expires = models.DateTimeField(null=True, blank=True)
    created = models.DateTimeField(auto_now_add=True)
    last_used = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def issue(
        cls, user: Any, name: str, scopes: Iterable[str] = tuple(Scope), expires: datetime | None = None
    ) -> tuple["ApiToken", str]:
        """Create a token for ``user``; return it with its key, which is known at no other time."""
        key = f"arena_{secrets.token_urlsafe(32)}"
        token = cls.objects.create(
            user=user, name=name, prefix=key[:12], digest=digest_of(key), scopes=list(map(str, scopes)), expires=expires
        )
        return token, key

    @classmethod
    def find(cls, key: str) -> "ApiToken | None":
        """Return the token with this key, also an expired one, if its user may still sign in.

        Records the time of use, to the hour.
        """
        token = cls.objects.select_related("user").filter(digest=digest_of(key), user__is_active=True).first()
        if token and (token.last_used is None or (timezone.now() - token.last_used).total_seconds() > 3600):
            cls.objects.filter(pk=token.pk).update(last_used=timezone.now())
        return token

    @property
    def is_expired(self) -> bool:
        return self.expires is not None and self.expires <= timezone.now()

    @property
    def scope_titles(self) -> list[str]:
        return [scope.label for scope in Scope if scope in self.scopes]


class StoredAnswer(models.Model):
    """The answer to a request with an idempotency key (`portal.server.idempotency`).

    `request` is the request's digest.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.BinaryField(default=bytes)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_for_a_key")]
        indexes = [models.Index(fields=["user", "created"])]

    def __str__(self) -> str:
        return self.key


class IncomingFile(models.Model):
    """A file that comes in several requests (`portal.server.incoming`). Once it is whole, an upload has its id."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    filename = models.CharField(max_length=255)
    name = models.CharField(max_length=80, blank=True)
    team = models.CharField(max_length=6, blank=True)
    deterministic = models.BooleanField(default=False)
    length = models.PositiveBigIntegerField()
    offset = models.PositiveBigIntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.filename

    @property
    def missing(self) -> int:
        """Bytes that have not come yet."""
        return self.length - self.offset


def digest_of(key: str) -> str:
    """Return the SHA-256 of a key. Keys are 256 random bits, so nothing can be guessed from a plain hash."""
    return hashlib.sha256(key.encode()).hexdigest()
