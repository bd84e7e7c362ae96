"""The form of a webhook."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.models import MailSubscription, NotificationKind, Webhook, every_kind
from portal.notifications.webhooks import BadAddress, check_address

MOST_HOOKS = 10


class WebhookForm(forms.Form):
    """The address of a webhook, and the kinds of notifications that it receives."""

    url = forms.URLField(label=_("Address"), max_length=500, assume_scheme="https")
    kinds = forms.MultipleChoiceField(
        label=_("Tell it when"),
        choices=NotificationKind.choices,
        initial=every_kind,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_url(self) -> str:
        address = str(self.cleaned_data["url"])
        try:
            check_address(address)
        except BadAddress as error:
            raise forms.ValidationError(str(error)) from None
        return address

    def clean(self) -> dict[str, Any]:
        if Webhook.objects.filter(user=self.user.pk).count() >= MOST_HOOKS:
            raise forms.ValidationError(
                _("You have %(count)d webhooks, the most that a user may have. Delete one first.")
                % {"count": MOST_HOOKS}
            )
        return self.cleaned_data

    def create(self) -> Webhook:
        """Create the webhook of a valid form, with a new secret."""
        data = self.cleaned_data
        return Webhook.objects.create(
            user=self.user, url=data["url"], kinds=data["kinds"], secret=secrets.token_urlsafe(32)
        )


class MailForm(forms.Form):
    """The kinds of notifications that a user also receives by e-mail."""

    kinds = forms.MultipleChoiceField(
        label=_("Tell me by e-mail when"),
        choices=NotificationKind.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )

    def __init__(self, user: Any, data: Any = None) -> None:
        found = MailSubscription.objects.filter(user=user.pk).first()
        super().__init__(data, initial={"kinds": found.kinds if found else []})
        self.user = user

    def save(self) -> None:
        """Save the choice of a valid form."""
        MailSubscription.objects.update_or_create(user=self.user, defaults={"kinds": self.cleaned_data["kinds"]})
