"""Sign-in with accounts of other sites: GitHub, and one OpenID Connect provider."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from portal.variables.declared import Variables

OIDC = "oidc"
"""The provider's id in the callback URL of OpenID Connect."""


@dataclass(frozen=True)
class Providers:
    """Django apps and settings for the configured providers.

    `origins` are the sites to which our forms may lead, for the content security policy.
    """

    apps: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    origins: list[str] = field(default_factory=list)


def read_providers(variables: Variables) -> Providers:
    """Return the providers of ARENA_GITHUB_* and ARENA_OIDC_*. Raises SystemExit if the extra `oauth` is missing."""
    found = Providers()
    if variables.ARENA_GITHUB_ID:
        found.apps.append("allauth.socialaccount.providers.github")
        client = {"client_id": variables.ARENA_GITHUB_ID, "secret": variables.ARENA_GITHUB_SECRET}
        found.settings["github"] = {"APPS": [client], "SCOPE": ["read:user", "user:email"], "VERIFIED_EMAIL": True}
        found.origins.append("https://github.com")
    if variables.ARENA_OIDC_SERVER:
        found.apps.append("allauth.socialaccount.providers.openid_connect")
        more = {"server_url": variables.ARENA_OIDC_SERVER, "fetch_userinfo": True}
        client = {"client_id": variables.ARENA_OIDC_ID, "secret": variables.ARENA_OIDC_SECRET}
        app = {"provider_id": OIDC, "name": variables.ARENA_OIDC_NAME, "settings": more, **client}
        found.settings["openid_connect"] = {"APPS": [app], "OAUTH_PKCE_ENABLED": True}
        server = urlsplit(variables.ARENA_OIDC_SERVER)
        found.origins.extend([f"{server.scheme}://{server.netloc}", *variables.ARENA_OIDC_ORIGINS])
    if found.apps:
        found.apps.insert(0, "allauth.socialaccount")
        if missing := [name for name in ("oauthlib", "requests", "jwt") if find_spec(name) is None]:
            raise SystemExit(
                f"Signing in with accounts of other sites needs {', '.join(missing)}: "
                "pip install 'mate-arena[oauth]', or -r requirements-oauth.in"
            )
    return found
