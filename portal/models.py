"""Tables of the website itself: accounts' settings, API tokens, stored responses, audit log, notifications."""

import hashlib
import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class Scope(models.TextChoices):
    """What a token may change. Reading needs no scope."""

    UPLOADS = "uploads", _("Upload checkpoints")
    AGENTS = "agents", _("Rename and describe agents")
    TOURNAMENTS = "tournaments", _("Start and cancel tournaments, schedules and re-evaluations")
    TRAININGS = "trainings", _("Start and steer trainings and PSRO runs")
    ACCOUNT = "account", _("Create and revoke tokens and webhooks, read notifications")


SCOPE_TITLES = {
    Scope.UPLOADS: _("Uploads"),
    Scope.AGENTS: _("Agents"),
    Scope.TOURNAMENTS: _("Tournaments"),
    Scope.TRAININGS: _("Trainings"),
    Scope.ACCOUNT: _("Account"),
}


def every_scope() -> list[str]:
    return [scope.value for scope in Scope]


class ApiToken(models.Model):
    """A token of the REST API. Only the SHA-256 of its key is stored; the key itself is shown once, at its creation."""

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

    @property
    def scope_titles(self) -> list[str]:
        """Return the names of the scopes."""
        return [str(SCOPE_TITLES.get(scope, scope)) for scope in self.scopes]

    @classmethod
    def issue(
        cls, user: Any, name: str, scopes: Iterable[str] = tuple(Scope), expires: datetime | None = None
    ) -> tuple["ApiToken", str]:
        """Create a token for ``user``; return it with its key, which cannot be read again later."""
        key = f"arena_{secrets.token_urlsafe(32)}"
        token = cls.objects.create(
            user=user, name=name, prefix=key[:12], digest=digest_of(key), scopes=list(map(str, scopes)), expires=expires
        )
        return token, key

    @classmethod
    def find(cls, key: str) -> "ApiToken | None":
        """Return the token with this key, even an expired one, if its user may still sign in.

        Records the time of use, to the hour.
        """
        token = cls.objects.select_related("user").filter(digest=digest_of(key), user__is_active=True).first()
        if token and (token.last_used is None or (timezone.now() - token.last_used).total_seconds() > 3600):
            cls.objects.filter(pk=token.pk).update(last_used=timezone.now())
        return token

    @property
    def is_expired(self) -> bool:
        return self.expires is not None and self.expires <= timezone.now()


class StoredAnswer(models.Model):
    """The response to a request with an idempotency key (`portal.server.idempotency`).

    `request` is the digest of the request.
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
    """A file that is sent in several requests (`portal.server.incoming`).

    When it is complete, it becomes an upload with the same id.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    filename = models.CharField(max_length=255)
    name = models.CharField(max_length=80, blank=True)
    team = models.CharField(max_length=6, blank=True)
    deterministic = models.BooleanField(default=False)
    lab = models.ForeignKey("tournament.Lab", null=True, on_delete=models.SET_NULL, related_name="+")
    is_private = models.BooleanField(default=False)
    length = models.PositiveBigIntegerField()
    offset = models.PositiveBigIntegerField(default=0)
    created = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.filename

    @property
    def missing(self) -> int:
        """The number of bytes that are still missing."""
        return self.length - self.offset


class AuditEntry(models.Model):
    """A change that a user made (`portal.server.audit`).

    It has the user name at that time, which is removed when the account is deleted.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    username = models.CharField(max_length=150, blank=True)
    token = models.CharField(max_length=60, blank=True, help_text="Name of the API token; empty: by a page.")
    action = models.CharField(max_length=120, help_text="Method and name of the page or operation.")
    path = models.CharField(max_length=200)
    status = models.PositiveSmallIntegerField()
    created = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        ordering = ["-created", "-id"]
        verbose_name_plural = "audit log"

    def __str__(self) -> str:
        return f"{self.username} {self.action}"


class Announcement(models.Model):
    """A sentence that is shown above every page for some time."""

    class Level(models.TextChoices):
        INFO = "info", _("Information")
        WARNING = "warning", _("Warning")

    text = models.CharField(max_length=300)
    text_zh = models.CharField(max_length=300, blank=True, help_text=_("Empty: the English text."))
    level = models.CharField(max_length=7, choices=Level.choices, default=Level.INFO)
    begins = models.DateTimeField(default=timezone.now)
    ends = models.DateTimeField(null=True, blank=True, help_text=_("Empty: until it is deleted."))
    is_dismissible = models.BooleanField(default=True, help_text=_("Readers may close it, each in the own browser."))

    class Meta:
        ordering = ["-begins"]

    def __str__(self) -> str:
        return self.text

    @property
    def shown(self) -> str:
        """The text in the reader's language."""
        return self.text_zh if self.text_zh and (get_language() or "").startswith("zh") else self.text

    @property
    def is_current(self) -> bool:
        now = timezone.now()
        return self.begins <= now and (self.ends is None or self.ends > now)


class UserLimits(models.Model):
    """Limits of one user that override the portal's: quotas by name (`portal.people.quotas`), and bytes of uploads."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="limits")
    quotas = models.JSONField(default=dict)
    bytes = models.PositiveBigIntegerField(null=True)

    def __str__(self) -> str:
        return str(self.user)


class NotificationKind(models.TextChoices):
    """The kinds of notifications."""

    UPLOAD = "upload", _("An upload was checked")
    TOURNAMENT = "tournament", _("A tournament has ended")
    RANK = "rank", _("The rank of an agent has changed")
    TRAINING = "training", _("A training or PSRO run has ended or failed")


def every_kind() -> list[str]:
    return [kind.value for kind in NotificationKind]


class Notification(models.Model):
    """A message to a user. The subject is unique per user, so that nothing is reported twice."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=10, choices=NotificationKind.choices)
    subject = models.CharField(max_length=100)
    text = models.CharField(max_length=300)
    path = models.CharField(max_length=200)
    is_read = models.BooleanField(default=False)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created", "-id"]
        constraints = [models.UniqueConstraint(fields=["user", "subject"], name="one_notification_of_a_subject")]
        indexes = [models.Index(fields=["user", "is_read"])]

    def __str__(self) -> str:
        return self.text


class Webhook(models.Model):
    """An address that a user's notifications are sent to. The secret signs them (`portal.notifications.webhooks`)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="webhooks")
    url = models.URLField(max_length=500)
    secret = models.CharField(max_length=64, editable=False)
    kinds = models.JSONField(default=every_kind)
    is_active = models.BooleanField(default=True)
    failures = models.PositiveIntegerField(default=0, editable=False)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created", "-id"]

    def __str__(self) -> str:
        return self.url

    @property
    def kind_titles(self) -> list[str]:
        """Titles of the kinds of notifications that it receives."""
        return [str(NotificationKind(kind).label) for kind in self.kinds]


class Delivery(models.Model):
    """A notification on its way to a webhook."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="deliveries")
    attempts = models.PositiveSmallIntegerField(default=0)
    due = models.DateTimeField(default=timezone.now)
    is_over = models.BooleanField(default=False)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [models.UniqueConstraint(fields=["webhook", "notification"], name="one_delivery")]
        indexes = [models.Index(fields=["is_over", "due"])]

    def __str__(self) -> str:
        return f"{self.notification_id} to {self.webhook_id}"


class AccountLanguage(models.Model):
    """The language of an account, for pages, mail and notifications."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    language = models.CharField(max_length=16)

    def __str__(self) -> str:
        return self.language


class MailSubscription(models.Model):
    """The kinds of notifications that a user also receives by e-mail."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_subscription")
    kinds = models.JSONField(default=list)

    def __str__(self) -> str:
        return ", ".join(self.kinds)


class Letter(models.Model):
    """A notification on its way by e-mail (`portal.notifications.letters`)."""

    notification = models.OneToOneField(Notification, on_delete=models.CASCADE, related_name="letter")
    attempts = models.PositiveSmallIntegerField(default=0)
    due = models.DateTimeField(default=timezone.now)
    is_over = models.BooleanField(default=False)
    error = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["is_over", "due"])]

    def __str__(self) -> str:
        return str(self.notification)


def digest_of(key: str) -> str:
    """Return the SHA-256 of a key. Keys have 256 random bits, so a plain hash is secure."""
    return hashlib.sha256(key.encode()).hexdigest()
