"""Rules for user names: visible, not deceptive, and not similar to another user's name."""

from __future__ import annotations

import unicodedata

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError

from tournament.names import find_problem, latin

MIXED = "This name mixes alphabets with letters that look alike. Write it in one alphabet."
TAKEN = "This name looks like one that is taken. Choose one that differs visibly."


def check_user_name(name: str) -> None:
    """Raise ValidationError for a name that no new user may have.

    Existing names pass, because the database checks uniqueness. This is a validator of the model's field, so forms,
    Django's admin and `createsuperuser` all run it.
    """
    if User.objects.filter(username=name).exists():
        return
    if problem := find_problem(name):
        raise ValidationError(problem)
    refuse_look_alikes(name)


def skeleton(name: str) -> str:
    """Return the name in lower case, with Latin letters in place of letters that look like them."""
    return "".join(map(latin, unicodedata.normalize("NFKC", name))).lower()


def refuse_look_alikes(name: str) -> None:
    """Raise ValidationError for a name that can be confused with another user's."""
    if name.isascii():
        return
    from confusable_homoglyphs import confusables  # 7 MB of tables, which few names need

    if confusables.is_dangerous(name):
        raise ValidationError(MIXED)
    if User.objects.filter(username__iexact=skeleton(name)).exists():
        raise ValidationError(TAKEN)
