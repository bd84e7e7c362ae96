"""Forms about accounts."""

from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import PasswordChangeForm, UserCreationForm
from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.models import ApiToken, Scope, every_scope
from tournament import names

LIFETIMES = {30: _("30 days"), 90: _("90 days"), 365: _("1 year"), 0: _("No expiry")}
USUAL_LIFETIME = 365  # days


class SignUpForm(UserCreationForm):
    """A user name and a password. If the portal sends mail, also an e-mail address."""

    class Meta:
        model = User
        fields = ["username"]

    def __init__(self, *args: Any, invited_name: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.invited_name = invited_name
        self.fields["username"].widget.attrs.update(autocomplete="username", autofocus=True)
        if settings.ARENA_MAIL:
            self.fields["email"] = forms.EmailField(
                label=_("E-mail"), help_text=_("Nobody else sees it. A code is sent there, which you enter next.")
            )
            self.order_fields(["username", "email"])

    def save(self, commit: bool = True) -> Any:
        user = super().save(commit=False)
        user.email = self.cleaned_data.get("email", "")
        if commit:
            user.save()
        return user

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()

    def clean_username(self) -> str:
        """Refuse any name but the invited one."""
        name = str(super().clean_username())
        if self.invited_name and name != self.invited_name:
            raise forms.ValidationError(_("This invitation is for the name “%(name)s”.") % {"name": self.invited_name})
        return name

    def validate_password_for_user(self, user: Any, *_args: Any, **_named: Any) -> None:
        """Show errors of a password at its first field, not at the repetition."""
        super().validate_password_for_user(user, "password1")  # type: ignore[misc]


def check_name(name: str) -> None:
    """Raise ValidationError for an invisible or deceptive name."""
    if problem := names.find_problem(name):
        raise forms.ValidationError(problem)


class TokenForm(forms.ModelForm):
    """A new API token: its name, its scopes and its lifetime."""

    scopes = forms.MultipleChoiceField(
        label=_("Scopes"),
        choices=Scope.choices,
        initial=every_scope,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    days = forms.TypedChoiceField(
        label=_("Expires after"), choices=list(LIFETIMES.items()), coerce=int, initial=USUAL_LIFETIME
    )

    class Meta:
        model = ApiToken
        fields = ["name"]
        labels = {"name": _("Name")}
        widgets = {"name": forms.TextInput(attrs={"placeholder": _("such as: laptop, nightly script")})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].validators.append(check_name)

    def issue(self, user: Any) -> tuple[ApiToken, str]:
        """Create the token of a valid form; return it with its key."""
        data = self.cleaned_data
        return ApiToken.issue(user, data["name"], data["scopes"], expiry(data["days"]))


def expiry(days: int) -> Any:
    """Return the moment after a number of days; None for 0, which means no expiry."""
    return timezone.now() + timedelta(days=days) if days else None


class DeletionForm(forms.Form):
    """The password of the account to delete, or its name if it has no password."""

    password = forms.CharField(label=_("Your password"), widget=forms.PasswordInput)

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        if not user.has_usable_password():
            self.fields["password"] = forms.CharField(label=_("Your name, to confirm"))

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        if not self.user.has_usable_password():
            if password != self.user.get_username():
                raise forms.ValidationError(_("This is not your name."))
        elif not self.user.check_password(password):
            raise forms.ValidationError(_("This is not your password."))
        return password


class PasswordForm(PasswordChangeForm):
    """A new password, and whether all API tokens are revoked."""

    revoke_tokens = forms.BooleanField(
        label=_("Revoke my API tokens as well"),
        help_text=_("Do this if somebody else may know your password. Other browsers are signed out in any case."),
        required=False,
    )

    def validate_password_for_user(self, user: Any, *_args: Any, **_named: Any) -> None:
        """Show errors of a password at its first field, as on the sign-up page."""
        super().validate_password_for_user(user, "new_password1")

    def save(self, commit: bool = True) -> Any:
        user = super().save(commit)
        if self.cleaned_data["revoke_tokens"]:
            ApiToken.objects.filter(user=user).delete()
        return user
