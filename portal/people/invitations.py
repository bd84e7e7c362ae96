"""Invitations: signed words that allow one name to sign up until a moment.

A name is taken once, so none is used twice.
"""

from datetime import timedelta

from django.core import signing
from django.utils import timezone

SALT = "portal.invitations"


def invite(name: str, span: timedelta) -> str:
    """The key of an invitation."""
    return signing.dumps([name, (timezone.now() + span).timestamp()], salt=SALT, compress=True)


def invited_name(key: str) -> str | None:
    """The name that a key allows to sign up; None if it was not made here, or is too old."""
    try:
        name, until = signing.loads(key, salt=SALT)
    except (signing.BadSignature, ValueError):
        return None
    return str(name) if timezone.now().timestamp() < until else None
