"""Names that look like others: letters of other alphabets that cannot be told from Latin ones."""

from __future__ import annotations

import unicodedata

from confusable_homoglyphs import confusables
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

MIXED = "This name mixes alphabets with letters that look alike. Write it in one alphabet."
TAKEN = "This name looks like one that is taken. Choose one that differs visibly."


def skeleton(name: str) -> str:
    """The name with each letter that looks like a Latin one replaced by it, in small letters."""
    plain = unicodedata.normalize("NFKC", name)
    return "".join(map(latin_of, plain)).lower()


def latin_of(letter: str) -> str:
    if letter.isascii():
        return letter
    found = confusables.is_confusable(letter, preferred_aliases=["latin"])
    looks = [one["c"] for entry in found or [] for one in entry["homoglyphs"] if one["c"].isascii()]
    return looks[0] if looks else letter


def refuse_look_alikes(name: str) -> None:
    """Raise ValidationError for a name that somebody could take for another user's."""
    if name.isascii():
        return
    if confusables.is_dangerous(name):
        raise ValidationError(MIXED)
    if User.objects.filter(username__iexact=skeleton(name)).exists():
        raise ValidationError(TAKEN)
