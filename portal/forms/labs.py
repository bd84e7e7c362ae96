"""Forms of labs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms.refusable import RefusableForm
from tournament.models import Lab, LabRole
from tournament.visibility import labs_of


class LabForm(RefusableForm):
    """A new lab."""

    name = forms.CharField(label=_("Name"), max_length=60)
    description = forms.CharField(
        label=_("Description"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class InvitationForm(RefusableForm):
    """The invitation of a user to a lab."""

    username = forms.CharField(label=_("User name"), max_length=150)
    role = forms.ChoiceField(label=_("Role"), choices=LabRole.choices, initial=LabRole.MEMBER)


class LabField(forms.ModelChoiceField):
    """One of a user's labs, or none."""

    def __init__(self, **more: Any) -> None:
        super().__init__(
            Lab.objects.none(), to_field_name="slug", required=False, label=_("Lab"), empty_label=_("None"), **more
        )


def offer_labs(form: forms.BaseForm, user: Any) -> None:
    """Offer the user's labs in the field `lab` of a form. The field is hidden if the user has no labs."""
    found = Lab.objects.filter(pk__in=labs_of(user)) if user is not None else Lab.objects.none()
    if found.exists():
        form.fields["lab"].queryset = found  # type: ignore[attr-defined]
    else:
        form.fields["lab"].widget = forms.HiddenInput()
