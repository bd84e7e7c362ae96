"""Export of a user's data, and deletion of accounts: results stay, names are removed."""

from __future__ import annotations

import secrets
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib.auth.models import User
from django.db import transaction
from django.utils.translation import gettext as _

from portal.models import (
    ApiToken,
    AuditEntry,
    IncomingFile,
    MailSubscription,
    Notification,
    StoredAnswer,
    Webhook,
)
from portal.server import incoming
from tournament import psro_runs, schedules, trainings
from tournament.models import Agent, PsroRun, PsroState, Schedule, Tournament, TrainingRun, TrainingState, Upload
from tournament.refusals import RequestRefused

OPEN_TRAININGS = (TrainingState.WAITING, TrainingState.TRAINING, TrainingState.EVALUATING, TrainingState.PAUSED)
EXPORTED: dict[str, tuple[Any, tuple[str, ...]]] = {
    "agents": (Agent, ("slug", "name", "team", "kind", "description", "digest", "provenance", "withdrawn", "created")),
    "uploads": (Upload, ("id", "filename", "size", "sha256", "name", "state", "reason", "created", "finished")),
    "tournaments": (Tournament, ("id", "name", "scenario__slug", "format", "settings", "state", "created", "finished")),
    "schedules": (Schedule, ("id", "name", "kind", "expression", "scenario__slug", "format", "settings", "created")),
    "trainings": (
        TrainingRun,
        ("id", "name", "scenario__slug", "team", "algorithm", "configuration", "state", "created"),
    ),
    "psro_runs": (PsroRun, ("id", "name", "scenario__slug", "meta_solver", "state", "created", "finished")),
}


def export_data(user: User) -> dict[str, Any]:
    """Return everything that the portal stores about a user, for JSON.

    Keys and hashes of passwords and tokens are left out.
    """
    account = {name: getattr(user, name) for name in ("username", "email", "date_joined", "last_login")}
    tokens = ApiToken.objects.filter(user=user).values("name", "prefix", "scopes", "created", "expires", "last_used")
    actions = AuditEntry.objects.filter(user=user).values("created", "action", "path", "token")
    listed = {
        name: list(model.objects.filter(owner=user).values(*fields)) for name, (model, fields) in EXPORTED.items()
    }
    told = Notification.objects.filter(user=user).values("kind", "text", "path", "is_read", "created")
    hooks = Webhook.objects.filter(user=user).values("url", "kinds", "is_active", "created")
    listed |= {"notifications": list(told), "webhooks": list(hooks)}
    listed["addresses"] = list(EmailAddress.objects.filter(user=user).values("email", "verified", "primary"))
    return {"account": account, "tokens": list(tokens), "actions": list(actions), **listed}


def delete_account(user: User) -> None:
    """Delete an account. Agents, episodes and tournaments stay, with an owner who has no name and cannot sign in.

    Active runs are cancelled, schedules are paused, and uploaded files are deleted. The weights of agents stay. Raises
    RequestRefused for the last administrator.
    """
    if user.is_superuser and not User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk).exists():
        raise RequestRefused([("", _("You are the only administrator. Make somebody else an administrator first."))])
    with transaction.atomic():
        stop_runs(user)
        for upload in Upload.objects.filter(owner=user):
            upload.file.delete(save=False)
            Upload.objects.filter(pk=upload.pk).update(filename="", name="", file="")
        for row in IncomingFile.objects.filter(owner=user):
            incoming.discard(row)
        for model in find_personal():
            model.objects.filter(user=user).delete()
        AuditEntry.objects.filter(user=user).update(username="", token="")
        user.username, user.email = f"deleted-{secrets.token_hex(6)}", ""
        user.first_name = user.last_name = ""
        user.is_active = user.is_staff = user.is_superuser = False
        user.set_unusable_password()
        user.save()


def find_personal() -> list[Any]:
    """Return the models whose rows are deleted with their user, including accounts of other sites if set up."""
    found: list[Any] = [ApiToken, Notification, StoredAnswer, Webhook, MailSubscription, EmailAddress, Authenticator]
    if apps.is_installed("allauth.socialaccount"):
        found.append(next(model for model in apps.get_models() if model._meta.label == "socialaccount.SocialAccount"))
    return found


def stop_runs(user: User) -> None:
    for training in TrainingRun.objects.filter(owner=user, state__in=OPEN_TRAININGS, purpose=""):
        trainings.cancel_training(training)
    for run in PsroRun.objects.filter(owner=user, state__in=(PsroState.RUNNING, PsroState.PAUSED)):
        psro_runs.cancel_run(run)
    for schedule in Schedule.objects.filter(owner=user, is_paused=False):
        schedules.pause(schedule)
