"""The caller's own account and its tokens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from ninja import Field, Router, Schema, Status
from ninja.pagination import paginate

from portal.api.authentication import account_token, any_token
from portal.api.errors import Refusal
from portal.api.schemas import Asked, Key, Text, answers
from portal.forms.accounts import check_name
from portal.models import ApiToken, Scope, every_scope
from portal.people import leaving, quotas
from portal.server.incoming import bytes_of
from tournament import queries

router = Router()


class TokenOut(Schema):
    id: int
    name: str
    prefix: str = Field(description="The first letters of the key, which tell keys apart.")
    scopes: list[str]
    created: datetime
    expires: datetime | None
    last_used: datetime | None = Field(description="To the hour.")


class NewTokenOut(TokenOut):
    key: str = Field(description="The key itself. It is shown once.")


class TokenIn(Asked):
    name: Text = Field(min_length=1, max_length=60, description="What the token is for.", examples=["nightly script"])
    scopes: list[Scope] = Field(
        default_factory=lambda: [Scope(name) for name in every_scope()],
        description="What the token may change; by default everything that the token of this request may change.",
    )
    days: int | None = Field(
        None, ge=1, le=3650, description="Days until it expires; null: as the token of this request."
    )


class QuotaOut(Schema):
    name: str = Field(description="tournaments, episodes, trainings, psro, schedules or tokens.")
    title: str
    used: int
    allowed: int


class AccountOut(Schema):
    username: str
    is_staff: bool
    joined: datetime
    token: TokenOut = Field(description="The token of this request.")
    num_agents: int
    bytes_used: int = Field(description="Bytes of your uploads.")
    bytes_allowed: int | None = Field(description="null: there is no limit for you.")
    quotas: list[QuotaOut] = Field(
        description="How much you have under way or keep, of what one user may; empty: no limits for you."
    )


@router.get("/account", auth=any_token, response=answers(AccountOut, 401), summary="Your account")
def get_account(request: HttpRequest) -> dict[str, Any]:
    user: Any = request.user
    return {
        "username": user.get_username(),
        "is_staff": user.is_staff,
        "joined": user.date_joined,
        "token": token_of(request),
        "num_agents": user.agents.filter(is_listed=True).count(),
        "bytes_used": bytes_of(user),
        "bytes_allowed": quotas.bytes_allowed(user),
        "quotas": quotas.list_usage(user),
    }


@router.get("/account/data", auth=any_token, response=answers(dict[str, Any], 401), summary="Everything about you")
def get_data(request: HttpRequest) -> dict[str, Any]:
    """Everything that the portal stores about you: account, tokens, audit log, and everything that you own."""
    return leaving.export_data(request.user)  # type: ignore[arg-type]


class UserOut(Schema):
    username: str
    joined: datetime
    num_agents: int
    url: str


@router.get("/users/{username}", response=answers(UserOut, 404), summary="One user")
def get_user(request: HttpRequest, username: str) -> dict[str, Any]:
    user: Any = get_object_or_404(User, username=username, is_active=True)
    return {
        "username": user.get_username(),
        "joined": user.date_joined,
        "num_agents": queries.find_agents().filter(owner=user).count(),
        "url": reverse("user", args=[user.get_username()]),
    }


@router.get("/tokens", auth=any_token, response=answers(list[TokenOut], 401), summary="Your tokens, newest first")
@paginate
def list_tokens(request: HttpRequest) -> QuerySet[ApiToken]:
    return ApiToken.objects.filter(user=request.user.pk)


@router.post(
    "/tokens",
    auth=account_token,
    response=answers(NewTokenOut, 400, 401, 403, 409, 422, status=201),
    summary="Create a token",
)
def create_token(request: HttpRequest, wanted: TokenIn) -> Any:
    """A token cannot create a token with more scopes or a later expiry than its own."""
    own = token_of(request)
    if more := [
        scope.value for scope in wanted.scopes if scope not in own.scopes and "scopes" in wanted.model_fields_set
    ]:
        message = (
            f"The token of this request has no scope {', '.join(map(repr, more))}, so it cannot give it to another."
        )
        raise Refusal(403, "scope_needed", message, "scopes")
    try:
        check_name(wanted.name)
    except Exception as error:
        raise Refusal(409, "refused", " ".join(getattr(error, "messages", [str(error)])), "name") from None
    expires = timezone.now() + timedelta(days=wanted.days) if wanted.days else own.expires
    if own.expires and expires and expires > own.expires:
        raise Refusal(409, "refused", f"The token of this request expires earlier, on {own.expires:%-d %B %Y}.", "days")
    scopes = [scope.value for scope in wanted.scopes if scope in own.scopes]
    with quotas.within(request.user, "tokens"):
        token, key = ApiToken.issue(request.user, wanted.name.strip(), scopes, expires)
    shown = {name: getattr(token, name) for name in TokenOut.model_fields}
    return Status(201, shown | {"key": key})


@router.delete(
    "/tokens/{token_id}",
    auth=account_token,
    response=answers(None, 401, 403, 404, status=204),
    summary="Revoke a token of yours",
)
def revoke_token(request: HttpRequest, token_id: Key) -> Any:
    get_object_or_404(ApiToken, pk=token_id, user=request.user.pk).delete()
    return Status(204, None)


def token_of(request: HttpRequest) -> ApiToken:
    """Return the token that the request was sent with."""
    token: ApiToken = request.token  # type: ignore[attr-defined]
    return token
