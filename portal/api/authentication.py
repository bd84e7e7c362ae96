"""Authentication by bearer tokens, and the scopes of tokens."""

from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from portal.api.errors import Refusal
from portal.models import ApiToken, Scope


class TokenAuthentication(HttpBearer):
    """Bearer authentication by a token that has a scope; with None, by any token.

    Raises Refusal 401 ``token_expired`` or 403 ``scope_needed``. An unknown key gets the same answer as a missing
    token.
    """

    def __init__(self, scope: Scope | None) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> Any:
        found = ApiToken.find(token)
        if found is None:
            return None
        if found.is_expired:
            message = (
                f"The token {found.name!r} expired on {found.expires:%-d %B %Y}. Create another on your account page."
            )
            raise Refusal(401, "token_expired", message, "Authorization")
        if self.scope is not None and self.scope not in found.scopes:
            message = (
                f"The token {found.name!r} has no scope {self.scope.value!r} ({self.scope.label.lower()}). "
                "Create one with this scope on your account page."
            )
            raise Refusal(403, "scope_needed", message, "Authorization")
        request.user, request.token = found.user, found  # type: ignore[attr-defined]
        return found.user


any_token = TokenAuthentication(None)
upload_token = TokenAuthentication(Scope.UPLOADS)
agent_token = TokenAuthentication(Scope.AGENTS)
tournament_token = TokenAuthentication(Scope.TOURNAMENTS)
training_token = TokenAuthentication(Scope.TRAININGS)
account_token = TokenAuthentication(Scope.ACCOUNT)
