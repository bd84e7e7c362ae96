"""How fields are rendered: after a refusal the focus is on the first field with an error, which tells it
(`aria-describedby`).
"""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import DjangoTemplates


def first_fault(form: forms.BaseForm) -> str:
    """The name of the first field with an error; empty where there is none."""
    return next((name for name in form.fields if name in form.errors), "") if form.is_bound else ""


class FocusedField(BoundField):
    """A field that takes the focus where it is the first one with an error, and leaves it to that one otherwise."""

    def build_widget_attrs(self, attrs: Any, widget: Any = None) -> Any:
        built = super().build_widget_attrs(attrs, widget)
        if fault := first_fault(self.form):
            built["autofocus"] = self.name == fault
        return built


class Renderer(DjangoTemplates):
    """Renders all forms, the admin's too."""

    bound_field_class = FocusedField
