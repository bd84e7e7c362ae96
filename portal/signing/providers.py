"""Accounts of other sites with which people may sign in: GitHub, and one provider of OpenID Connect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

OIDC = "oidc"
"""The part of the address that the OpenID Connect provider sends people back to."""


@dataclass(frozen=True)
class Providers:
    """Django's applications and settings for the providers that the environment names.

    `origins` are the sites to which a form of ours may lead, for the content security policy.
    """

    apps: list[str] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    origins: list[str] = field(default_factory=list)


def read_providers(environment: Mapping[str, str]) -> Providers:
    """Read ARENA_GITHUB_ID and _SECRET, ARENA_OIDC_SERVER, _ID, _SECRET, _NAME and _ORIGINS.

    Raises:
        SystemExit: One of them is missing, or the extra `oauth` is.
    """
    found = Providers()
    if github := read_group(environment, "ARENA_GITHUB", ("ID", "SECRET")):
        found.apps.append("allauth.socialaccount.providers.github")
        client = {"client_id": github["ID"], "secret": github["SECRET"]}
        found.settings["github"] = {"APPS": [client], "SCOPE": ["read:user", "user:email"], "VERIFIED_EMAIL": True}
        found.origins.append("https://github.com")
    if oidc := read_group(environment, "ARENA_OIDC", ("SERVER", "ID", "SECRET")):
        found.apps.append("allauth.socialaccount.providers.openid_connect")
        name = environment.get("ARENA_OIDC_NAME") or "OpenID Connect"
        more = {"server_url": oidc["SERVER"], "fetch_userinfo": True}
        client = {"client_id": oidc["ID"], "secret": oidc["SECRET"]}
        app = {"provider_id": OIDC, "name": name, "settings": more, **client}
        found.settings["openid_connect"] = {"APPS": [app], "OAUTH_PKCE_ENABLED": True}
        server = urlsplit(oidc["SERVER"])
        found.origins.extend([f"{server.scheme}://{server.netloc}", *environment.get("ARENA_OIDC_ORIGINS", "").split()])
    if found.apps:
        found.apps.insert(0, "allauth.socialaccount")
        if missing := [name for name in ("oauthlib", "requests", "jwt") if find_spec(name) is None]:
            raise SystemExit(
                f"Signing in with accounts of other sites needs {', '.join(missing)}: "
                "pip install 'mate-arena[oauth]', or -r requirements-oauth.in"
            )
    return found


def read_group(environment: Mapping[str, str], prefix: str, names: tuple[str, ...]) -> dict[str, str]:
    """Return the variables of a group by the ends of their names; empty where none of them is set."""
    found = {name: environment.get(f"{prefix}_{name}", "") for name in names}
    if not any(found.values()):
        return {}
    if missing := [f"{prefix}_{name}" for name, value in found.items() if not value]:
        raise SystemExit(f"{' and '.join(missing)} must be set as well, beside the others that begin with {prefix}_.")
    return found
