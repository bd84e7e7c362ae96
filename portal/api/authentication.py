"""Who calls: the user of a bearer token."""

from typing import Any

from django.http import HttpRequest
from ninja.security import HttpBearer

from portal.models import ApiToken


class TokenAuthentication(HttpBearer):
    def authenticate(self, request: HttpRequest, token: str) -> Any:
        found = ApiToken.find(token)
        if found is None:
            return None
        request.user = found.user
        return found.user


token_needed = TokenAuthentication()
