"""Visibility: who makes a request, and protection of private agents.

`PrivateRows` checks the rows in the address of every page and operation, so that no view can forget the check. Lists
must filter their rows with `tournament.visibility`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest

from portal.models import ApiToken
from portal.server.middleware import Middleware
from portal.views import errors
from tournament import visibility
from tournament.models import Agent, Episode, Pairing, Tournament, Upload


def viewer_of(request: HttpRequest) -> Any:
    """Return the signed-in user, or the user of the token that a program sends; otherwise an anonymous user."""
    if not hasattr(request, "viewer"):
        request.viewer = request.user  # type: ignore[attr-defined]
        kind, _, key = request.headers.get("Authorization", "").partition(" ")
        if kind == "Bearer" and errors.is_for_a_program(request):
            token = ApiToken.find(key.strip())
            if token is not None and not token.is_expired:
                request.viewer = token.user  # type: ignore[attr-defined]
    return request.viewer  # type: ignore[attr-defined]


def sees_agent(user: Any, name: str) -> bool:
    """Return whether the user may see the agent with a slug or digest; True if there is none."""
    rows = Agent.objects.filter(Q(slug=name) | Q(digest=name), withdrawn="private")
    return not rows.exists() or visibility.seen_agents(user).filter(pk__in=rows.values("pk")).exists()


def sees(rows: Any, seen: Callable[[Any, Any], Any], user: Any) -> bool:
    """Return whether the user may see the rows; True if there are none."""
    return not rows.exists() or seen(rows, user).exists()


def named(model: Any, key: Any) -> Any:
    """Return the row with the key that an address names; none if it cannot be a key, which the view refuses then."""
    try:
        return model.objects.filter(pk=model._meta.pk.clean(key, None))
    except ValidationError:
        return model.objects.none()


def sees_pairing(user: Any, key: Any) -> bool:
    return sees(named(Pairing, key), visibility.seen_pairings, user)


def sees_episode(user: Any, key: Any) -> bool:
    pairing = named(Episode, key).values_list("pairing", flat=True).first()
    return pairing is None or sees_pairing(user, pairing)


JUDGES: dict[str, Callable[[Any, Any], bool]] = {
    "agent": sees_agent,
    "tournament_id": lambda user, key: sees(named(Tournament, key), visibility.seen_tournaments, user),
    "pairing_id": sees_pairing,
    "episode_id": sees_episode,
    "other_id": sees_episode,
    "upload_id": lambda user, key: sees(named(Upload, key), visibility.seen_uploads, user),
}
"""Checks of visibility, by the name of the parameter in addresses."""


def find_named(path: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of an address that JUDGES checks. Below ``agents/``, a slug is that of an agent."""
    named = {name: value for name, value in arguments.items() if name in JUDGES}
    if "slug" in arguments and path.removeprefix("/api/v1").startswith("/agents/"):
        named["agent"] = arguments["slug"]
    return named


class PrivateRows(Middleware):
    """Middleware that answers "not found" for rows that the caller may not see."""

    def process_view(self, request: HttpRequest, view: Any, _: Any, arguments: Mapping[str, Any]) -> Any:
        rows = find_named(request.path, arguments)
        if not rows or ("upload_id" not in rows and not Agent.objects.filter(withdrawn="private").exists()):
            return None
        user = viewer_of(request)
        if all(JUDGES[name](user, value) for name, value in rows.items()):
            return None
        return errors.not_found(request, Exception())
