"""The base of forms whose requests may be refused."""

from __future__ import annotations

from django import forms

from portal.texts import in_language
from tournament.refusals import RequestRefused


class RefusableForm(forms.Form):
    """A form that shows why its request was refused."""

    def place_of(self, field: str) -> str:
        """Return the name of the form's field for a field of the request; any other text for none."""
        return field

    def tell(self, refusal: RequestRefused) -> None:
        """Show each reason of a refusal at its field, and other reasons above the form."""
        for field, text in refusal.problems:
            place = self.place_of(field)
            self.add_error(place if place in self.fields else None, in_language(text))
