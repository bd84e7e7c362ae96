"""Encryption of secrets in the database, such as keys of second factors, with the portal's secret key."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from mate.errors import UserError

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

MARK = "fernet:"
"""Prefix of encrypted texts. Texts without it were stored before encryption was introduced."""
PURPOSE = b"mate-arena second factor"


class SecretLost(UserError):
    """A secret that was encrypted with another secret key."""


def encrypt(text: str) -> str:
    """Return an encrypted text for storage."""
    return MARK + _cipher(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(text.encode()).decode()


def decrypt(stored: str) -> str:
    """Return the text of a stored secret. Raises SecretLost if it was encrypted with another secret key."""
    from cryptography.fernet import InvalidToken

    if not stored.startswith(MARK):
        return stored
    cipher = _cipher(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    try:
        return cipher.decrypt(stored.removeprefix(MARK).encode()).decode()
    except InvalidToken:
        raise SecretLost(
            _("The portal has another secret key than when this was stored. Ask the administrator to switch it off.")
        ) from None


@lru_cache(maxsize=4)
def _cipher(*keys: str) -> MultiFernet:
    """Return the cipher of secret keys.

    The first key encrypts; all keys decrypt. Imported here, since few processes need it.
    """
    from cryptography.fernet import Fernet, MultiFernet

    derived = (hashlib.scrypt(key.encode(), salt=PURPOSE, n=2**10, r=8, p=1, dklen=32) for key in keys)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])
