"""Sign-in pages: django-allauth's views in this portal's design.

The views of the second factor are imported at the first request for one, because they load 13 MB of cryptography.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from importlib import import_module
from typing import Any, TypeVar

from allauth.account import views as allauth
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.forms.signing import ADDRESS_FIELDS, CODE_FIELDS, SIGN_IN_FIELDS
from portal.inputs import takes
from portal.server.headers import write_policy

View = TypeVar("View", bound=Callable[..., HttpResponse])
STEP = "accounts/step.html"
"""Template of a page with a title, a sentence, a form and a button."""


def leads_elsewhere(view: View) -> View:
    """Decorate a view so that its forms may lead to the configured providers."""

    @wraps(view)
    def led(*args: Any, **kwargs: Any) -> HttpResponse:
        response = view(*args, **kwargs)
        if settings.ARENA_PROVIDERS.origins:
            targets = " ".join(["form-action 'self'", *settings.ARENA_PROVIDERS.origins])
            response["Content-Security-Policy"] = write_policy().replace("form-action 'self'", targets)
        return response

    return led  # type: ignore[return-value]


def needs_mail(view: View) -> View:
    """Decorate a view that needs mail. If mail is not set up, its page says who can help instead."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if settings.ARENA_MAIL:
            return view(request, *args, **kwargs)
        message = _("This portal sends no mail. Its administrator can set a new password for you.")
        return render(request, "refused.html", {"message": message}, status=404)

    return asked  # type: ignore[return-value]


def reads(*query: str, form: Iterable[str] | None = None) -> Callable[[View], View]:
    """Declare the query parameters and form fields of a page. POST is allowed only if it has a form."""

    def declare(view: View) -> View:
        methods = ["GET", "HEAD"] if form is None else ["GET", "HEAD", "POST"]
        return takes(*query, form=form or ())(require_http_methods(methods)(view))

    return declare


def later(place: str, **options: Any) -> Callable[..., HttpResponse]:
    """Return a view that imports its class at the first call. ``place`` is ``module:Class``."""
    made: list[Callable[..., HttpResponse]] = []

    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not made:
            module, name = place.split(":")
            made.append(getattr(import_module(module), name).as_view(**options))
        return made[0](request, *args, **kwargs)

    return view


def step(title: Any, text: Any, button: Any, **more: Any) -> dict[str, Any]:
    """Return the options of a view with a form: its title, its text and the label of its button."""
    return {"template_name": STEP, "extra_context": {"title": title, "text": text, "button": button, **more}}


def told(title: Any, text: Any) -> dict[str, Any]:
    """Return the options of a view whose page only shows a message."""
    return step(title, text, "")


sign_in = leads_elsewhere(
    reads("next", form=SIGN_IN_FIELDS)(allauth.LoginView.as_view(template_name="accounts/sign_in.html"))
)
inactive = reads()(
    allauth.AccountInactiveView.as_view(
        **told(_("This account is closed"), _("Ask the administrator if you think that this is a mistake."))
    )
)
CONFIRM = {"template_name": "accounts/confirm_address.html"}
confirm_address = never_cache(
    reads("next", form=CODE_FIELDS)(allauth.ConfirmEmailVerificationCodeView.as_view(**CONFIRM))
)
address = needs_mail(reads(form=ADDRESS_FIELDS)(allauth.EmailView.as_view(template_name="accounts/address.html")))
prove = reads("next", form=("password", "next"))(
    allauth.ReauthenticateView.as_view(
        **step(_("Confirm that it is you"), _("Enter your password to go on."), _("Confirm"))
    )
)
set_password = reads(form=("password1", "password2"))(
    allauth.PasswordSetView.as_view(**step(_("Set a password"), _("Your account has none yet."), _("Set password")))
)
FORGOTTEN = _("Enter the e-mail address of your account. We send a link to it, by which you choose a new password.")
forgotten = needs_mail(
    reads(form=("email",))(
        allauth.PasswordResetView.as_view(**step(_("Forgot your password?"), FORGOTTEN, _("Send the link")))
    )
)
SENT = _("If there is an account with this address, a mail with a link is on its way. It is good for three days.")
forgotten_sent = needs_mail(reads()(allauth.PasswordResetDoneView.as_view(**told(_("Look at your mail"), SENT))))
new_password = needs_mail(
    reads("next", form=("password1", "password2", "revoke_tokens"))(
        allauth.PasswordResetFromKeyView.as_view(
            **step(_("Choose a new password"), "", _("Change password")),
        )
    )
)
new_password_set = needs_mail(
    reads()(
        allauth.PasswordResetFromKeyDoneView.as_view(
            **told(_("Your password is changed"), _("Sign in with the new one.")),
        )
    )
)

SECOND = "allauth.mfa.base.views"
TOTP = "allauth.mfa.totp.views"
CODES = "allauth.mfa.recovery_codes.views"
second_factor = reads(form=("code",))(
    later(
        f"{SECOND}:AuthenticateView",
        **step(
            _("Two-factor authentication"),
            _("Enter the code that your authenticator application shows, or one of your recovery codes."),
            _("Sign in"),
        ),
    )
)
prove_code = reads("next", form=("code", "next"))(
    later(
        f"{SECOND}:ReauthenticateView",
        **step(
            _("Confirm that it is you"),
            _("Enter the code that your authenticator application shows, or one of your recovery codes."),
            _("Confirm"),
        ),
    )
)
two_factor = reads()(later(f"{SECOND}:IndexView", template_name="accounts/two_factor.html"))
activate = never_cache(
    reads("next", form=("code",))(later(f"{TOTP}:ActivateTOTPView", template_name="accounts/two_factor_activate.html"))
)
deactivate = reads("next", form=())(
    later(
        f"{TOTP}:DeactivateTOTPView",
        **step(
            _("Switch two-factor authentication off?"),
            _("Your password alone signs you in then. The recovery codes are deleted."),
            _("Switch off"),
            back=reverse_lazy("mfa_index"),
            is_dangerous=True,
        ),
    )
)
recovery_codes = never_cache(
    reads("next")(later(f"{CODES}:ViewRecoveryCodesView", template_name="accounts/recovery_codes.html"))
)
new_codes = reads("next", form=())(
    later(
        f"{CODES}:GenerateRecoveryCodesView",
        **step(
            _("Make new recovery codes?"),
            _("The present codes stop working."),
            _("Make new codes"),
            back=reverse_lazy("mfa_index"),
        ),
    )
)
download_codes = reads("next")(later(f"{CODES}:DownloadRecoveryCodesView"))
