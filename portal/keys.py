"""Primary keys of rows in addresses."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.urls.converters import IntConverter

LARGEST_KEY = 2**63 - 1
"""Largest key that databases store, in 64 bits. SQLite fails on larger numbers, even in comparisons."""


class KeyConverter(IntConverter):
    """A path converter for keys. An address with a larger number is not found."""

    def to_python(self, value: str) -> int:
        """Return the key. Raises ValueError for a larger number, which Django answers with 404."""
        number = super().to_python(value)
        if number > LARGEST_KEY:
            raise ValueError(f"{value} is more than 64 bits")
        return number


def is_key(text: str) -> bool:
    """Return whether a text is a possible key."""
    return text.isascii() and text.isdigit() and int(text[:20]) <= LARGEST_KEY


class RowsField(forms.ModelMultipleChoiceField):
    """Some rows by their keys."""

    def clean(self, value: Any) -> Any:
        """Return the rows. Raises ValidationError for an invalid key before any query."""
        for key in value or ():
            if not is_key(str(key)):
                raise ValidationError(self.error_messages["invalid_pk_value"], "invalid_pk_value", {"pk": key})
        return super().clean(value)
