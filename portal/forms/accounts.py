"""Forms about accounts."""

from typing import Any

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User

from portal.models import ApiToken


class SignUpForm(UserCreationForm):
    """A name and a password; no mail address is asked for, since none would be used."""

    class Meta:
        model = User
        fields = ["username"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget.attrs.update(autocomplete="username", autofocus=True)


class TokenForm(forms.ModelForm):
    class Meta:
        model = ApiToken
        fields = ["name"]
        labels = {"name": "What it is for"}
        widgets = {"name": forms.TextInput(attrs={"placeholder": "such as: laptop, nightly script"})}
