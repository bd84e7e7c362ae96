"""Names that look like others: letters of other alphabets that cannot be told from Latin ones."""

from __future__ import annotations

import unicodedata

from confusable_homoglyphs import confusables
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from tournament.names import latin

MIXED = "This name mixes alphabets with letters that look alike. Write it in one alphabet."
TAKEN = "This name looks like one that is taken. Choose one that differs visibly."


def skeleton(name: str) -> str:
    """Return the name in small letters, with Latin ones for letters that look like them."""
    return "".join(map(latin, unicodedata.normalize("NFKC", name))).lower()


def refuse_look_alikes(name: str) -> None:
    """Raise ValidationError for a name that somebody could take for another user's."""
    if name.isascii():
        return
    if confusables.is_dangerous(name):
        raise ValidationError(MIXED)
    if User.objects.filter(username__iexact=skeleton(name)).exists():
        raise ValidationError(TAKEN)
