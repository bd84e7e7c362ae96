"""Rendering of form fields. After a refusal, the first field with an error has the focus.

Screen readers read the error with the field (`aria-describedby`).
"""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import DjangoTemplates


def first_fault(form: forms.BaseForm) -> str:
    """Return the name of the first field with an error; empty if there is none."""
    return next((name for name in form.fields if name in form.errors), "") if form.is_bound else ""


class FocusedField(BoundField):
    """A form field that has the focus if it is the first one with an error. If another is, this one never has it."""

    def build_widget_attrs(self, attrs: Any, widget: Any = None) -> Any:
        built = super().build_widget_attrs(attrs, widget)
        if fault := first_fault(self.form):
            built["autofocus"] = self.name == fault
        return built


class Renderer(DjangoTemplates):
    """The renderer of all forms, including those of Django's admin."""

    bound_field_class = FocusedField
