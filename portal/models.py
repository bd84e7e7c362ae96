"""What the website itself remembers: the keys of its API."""

import hashlib
import secrets
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone


class ApiToken(models.Model):
    """A key to the REST API. Only its SHA-256 is kept; the key itself is shown once, when it is made."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=14, editable=False, help_text="How the key begins, to tell keys apart.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created = models.DateTimeField(auto_now_add=True)
    last_used = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    def issue(cls, user: Any, name: str) -> tuple["ApiToken", str]:
        """A new token for `user`, and the key: the only time that it is known."""
        key = f"arena_{secrets.token_urlsafe(32)}"
        token = cls.objects.create(user=user, name=name, prefix=key[:12], digest=digest_of(key))
        return token, key

    @classmethod
    def find(cls, key: str) -> "ApiToken | None":
        """The token with this key, if its user may still sign in; notes the time of use, to the hour."""
        token = cls.objects.select_related("user").filter(digest=digest_of(key), user__is_active=True).first()
        if token and (token.last_used is None or (timezone.now() - token.last_used).total_seconds() > 3600):
            cls.objects.filter(pk=token.pk).update(last_used=timezone.now())
        return token


def digest_of(key: str) -> str:
    """Keys are 256 random bits, so one plain hash is enough; nothing can be guessed from it."""
    return hashlib.sha256(key.encode()).hexdigest()
