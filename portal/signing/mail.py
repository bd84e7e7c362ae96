"""Django's settings for mail from ARENA_MAIL. Without this variable, the portal sends no mail."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

KINDS = {"smtp": 587, "smtps": 465, "file": 0}
"""Schemes of ARENA_MAIL and their default ports."""
ALLOWED = "smtp://USER:PASSWORD@mail.example.org:587/?from=arena@example.org, or be left out, and no mail is sent"


def read_mail(address: str) -> dict[str, Any]:
    """Return the settings for an address such as ``smtp://USER:PASSWORD@HOST:587/?from=arena@example.org``.

    ``smtp`` uses STARTTLS unless ``&tls=off`` is given. ``smtps`` encrypts from the start. ``file:///FOLDER`` writes
    each mail into a file. Special characters of the password are written as %XX.

    Raises:
        ValueError: The address is invalid. The message says what is allowed, without the address and its password.
    """
    if not address:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    more = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme not in KINDS or set(more) - {"from", "tls"} or "@" not in more.get("from", "arena@localhost"):
        raise ValueError(ALLOWED)
    found: dict[str, Any] = {"DEFAULT_FROM_EMAIL": more.get("from", "arena@localhost")}
    found["SERVER_EMAIL"] = found["DEFAULT_FROM_EMAIL"]
    if parts.scheme == "file":
        return found | {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": unquote(parts.path),
        }
    if not parts.hostname:
        raise ValueError(ALLOWED)
    return found | {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or KINDS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp" and more.get("tls") != "off",
        "EMAIL_TIMEOUT": 10,
    }
