"""The numbers of rows, as addresses name them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls.converters import IntConverter

LARGEST_KEY = 2**63 - 1
"""Databases keep keys in 64 bits; SQLite fails on a larger number, also where one is only compared."""


class KeyConverter(IntConverter):
    """A number that a row may have: an address with a larger one leads nowhere."""

    def to_python(self, value: str) -> int:
        """Raises ValueError, which Django answers with 404."""
        number = super().to_python(value)
        if number > LARGEST_KEY:
            raise ValueError(f"{value} is more than 64 bits")
        return number


def is_key(text: str) -> bool:
    """Return whether a text is a number that a row may have."""
    return text.isascii() and text.isdigit() and int(text[:20]) <= LARGEST_KEY


class RowsField(forms.ModelMultipleChoiceField):
    """Some rows by their keys."""

    def clean(self, value: Any) -> Any:
        """Raises ValidationError for what is no key, before a database is asked for it."""
        for key in value or ():
            if not is_key(str(key)):
                raise ValidationError(self.error_messages["invalid_pk_value"], "invalid_pk_value", {"pk": key})
        return super().clean(value)
