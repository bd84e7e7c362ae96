"""Forms of the pages for administrators."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.models import Announcement
from portal.people.quotas import QUOTAS, limits_of
from portal.templatetags.arena import sentence

GIB = 2**30


class Moment(forms.DateTimeInput):
    """Browsers' field for a date and time, in UTC."""

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class AnnouncementForm(forms.ModelForm):
    """An announcement, which is shown above every page."""

    class Meta:
        model = Announcement
        fields = ["text", "text_zh", "level", "begins", "ends", "is_dismissible"]
        labels = {
            "text": _("English text"),
            "text_zh": _("Chinese text"),
            "level": _("Level"),
            "begins": _("From (UTC)"),
            "ends": _("Until (UTC)"),
            "is_dismissible": _("May be dismissed"),
        }
        widgets = {"begins": Moment, "ends": Moment}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("ends") and data.get("begins") and data["ends"] <= data["begins"]:
            self.add_error("ends", _("It must end after it begins."))
        return data


class LimitsForm(forms.Form):
    """A user's own limits. For an empty field, the portal's limit applies."""

    storage = forms.FloatField(label=_("Storage of uploads (GiB)"), min_value=0, max_value=1e6, required=False)

    def __init__(self, user: Any, data: Any = None) -> None:
        own = limits_of(user)
        given = dict(own.quotas) if own else {}
        if own is not None and own.bytes is not None:
            given["storage"] = own.bytes / GIB
        super().__init__(data, initial=given)
        for name, quota in QUOTAS.items():
            self.fields[name] = forms.IntegerField(
                label=sentence(str(quota.plural)), min_value=0, max_value=10**9, required=False
            )

    @property
    def quotas(self) -> dict[str, int]:
        """The quotas that were filled in."""
        return {name: self.cleaned_data[name] for name in QUOTAS if self.cleaned_data[name] is not None}

    @property
    def most_bytes(self) -> int | None:
        storage = self.cleaned_data["storage"]
        return None if storage is None else int(storage * GIB)


class QuarantineForm(forms.Form):
    """The reason why a worker is put under quarantine."""

    reason = forms.CharField(label=_("Reason"), max_length=300)
