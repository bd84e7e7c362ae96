"""Invitations: signed keys with which a person can sign up under one name, until they expire.

An invitation works only once, because user names are unique.
"""

from datetime import timedelta

from django.core import signing
from django.utils import timezone

SALT = "portal.invitations"


def invite(name: str, span: timedelta) -> str:
    """Return the key of an invitation."""
    return signing.dumps([name, (timezone.now() + span).timestamp()], salt=SALT, compress=True)


def invited_name(key: str) -> str | None:
    """Return the invited name of a key; None if the key is invalid or expired."""
    try:
        name, until = signing.loads(key, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return str(name) if timezone.now().timestamp() < until else None
