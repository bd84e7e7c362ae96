"""Notifications and webhooks of the caller."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Field, Router, Schema, Status
from ninja.pagination import paginate

from portal.api.authentication import account_token, any_token
from portal.api.errors import Refusal
from portal.api.schemas import Asked, Key, Text, answers
from portal.forms.notifications import WebhookForm
from portal.models import Notification, NotificationKind, Webhook, every_kind

router = Router()


class NotificationOut(Schema):
    id: int
    kind: NotificationKind
    text: str
    path: str = Field(description="The page that it is about.")
    is_read: bool
    created: datetime


class CountOut(Schema):
    count: int = Field(description="Notifications that were marked.")


class WebhookIn(Asked):
    url: Text = Field(
        max_length=500, description="Address that takes the requests, such as `https://example.org/hook`."
    )
    kinds: list[NotificationKind] = Field(
        default_factory=lambda: [NotificationKind(kind) for kind in every_kind()], description="What is sent there."
    )


class WebhookOut(Schema):
    id: int
    url: str
    kinds: list[NotificationKind]
    is_active: bool = Field(description="False after many failures.")
    failures: int
    created: datetime


class NewWebhookOut(WebhookOut):
    secret: str = Field(description="Signs the requests. It is shown once.")


@router.get(
    "/notifications",
    auth=any_token,
    response=answers(list[NotificationOut], 401),
    summary="Your notifications, newest first",
)
@paginate
def list_notifications(request: HttpRequest, unread: bool = False) -> QuerySet[Notification]:
    found = Notification.objects.filter(user=request.user.pk)
    return found.filter(is_read=False) if unread else found


@router.post(
    "/notifications/read",
    auth=account_token,
    response=answers(CountOut, 401, 403),
    summary="Mark your notifications as read",
)
def mark_read(request: HttpRequest) -> dict[str, int]:
    unread = Notification.objects.filter(user=request.user.pk, is_read=False)
    return {"count": unread.update(is_read=True)}


@router.get("/webhooks", auth=any_token, response=answers(list[WebhookOut], 401), summary="Your webhooks, newest first")
@paginate
def list_webhooks(request: HttpRequest) -> QuerySet[Webhook]:
    return Webhook.objects.filter(user=request.user.pk)


@router.post(
    "/webhooks",
    auth=account_token,
    response=answers(NewWebhookOut, 400, 401, 403, 422, status=201),
    summary="Create a webhook",
)
def create_webhook(request: HttpRequest, wanted: WebhookIn) -> Any:
    """Your notifications are sent to the address of the webhook as signed requests."""
    form = WebhookForm(request.user, wanted.dict())
    if not form.is_valid():
        where, texts = next(iter(form.errors.items()))
        raise Refusal(409, "refused", " ".join(map(str, texts)), "" if where == "__all__" else where)
    return Status(201, form.create())


@router.delete(
    "/webhooks/{webhook_id}",
    auth=account_token,
    response=answers(None, 401, 403, 404, status=204),
    summary="Delete a webhook of yours",
)
def delete_webhook(request: HttpRequest, webhook_id: Key) -> Any:
    get_object_or_404(Webhook, pk=webhook_id, user=request.user.pk).delete()
    return Status(204, None)
