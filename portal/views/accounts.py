"""Sign-up, and the user's account page with API tokens."""

from typing import Any

from allauth.account.internal import flows
from allauth.account.models import EmailAddress, Login
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.actions.confirming import Confirmation, ask_to_revoke_token, show_question
from portal.forms.accounts import SignUpForm, TokenForm
from portal.inputs import takes
from portal.models import ApiToken
from portal.people import quotas
from portal.people.invitations import invited_name
from portal.server.incoming import bytes_of

REFUSALS = {
    "closed": "This portal takes no new accounts. Its administrator can create one for you.",
    "invitation": "Signing up here takes an invitation that is good. Ask the administrator for a link.",
}
"""Messages for visitors who may not sign up, by the value of ARENA_SIGN_UP."""


@require_http_methods(["GET", "HEAD", "POST"])
@takes("next", "invitation", form=[*SignUpForm.base_fields, "email", "next", "invitation"])
def sign_up(request: HttpRequest) -> HttpResponse:
    invitation = request.POST.get("invitation") or request.GET.get("invitation", "")
    name = invited_name(invitation) if settings.ARENA_SIGN_UP == "invitation" else ""
    if settings.ARENA_SIGN_UP == "closed" or name is None:
        return render(request, "refused.html", {"message": REFUSALS[settings.ARENA_SIGN_UP]}, status=403)
    form = SignUpForm(request.POST or None, invited_name=name, initial={"username": name})
    if request.method == "POST" and form.is_valid():
        return admit(request, form)
    context = {"form": form, "next": request.GET.get("next", ""), "invitation": invitation}
    return render(request, "accounts/sign_up.html", context)


def admit(request: HttpRequest, form: SignUpForm) -> HttpResponse:
    """Create the account of a valid form and sign the user in.

    If mail is set up, the user must confirm the address first. If the address already has an account, the page asks for
    a code too, so nobody learns which addresses have accounts.
    """
    address = form.cleaned_data.get("email", "")
    if address and EmailAddress.objects.filter(email__iexact=address, verified=True).exists():
        pending: HttpResponse = flows.signup.prevent_enumeration(request, email=address)
        return pending
    user = form.save()
    if address:
        EmailAddress.objects.create(user=user, email=address, primary=True, verified=False)
    else:
        messages.success(request, _("Welcome. You can now upload agents and start tournaments."))
    entry = Login(user=user, email=address or None, signup=True, redirect_url=resolve_url(next_address(request)))
    response: HttpResponse = flows.login.perform_password_login(request, {"username": user.get_username()}, entry)
    return response


def next_address(request: HttpRequest) -> str:
    """Return the page that the visitor wanted, if it is on this portal; else "home"."""
    address = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure()):
        return address
    return "home"


def refuse_sign_in(request: HttpRequest, response: HttpResponse, credentials: dict[str, Any]) -> HttpResponse:
    """Return the page after too many failed sign-ins. django-axes calls it with these arguments."""
    minutes = round(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
    message = f"Too many failed attempts to sign in under this name. Wait {minutes} minutes, then try again."
    return render(request, "refused.html", {"message": message}, status=429)


@login_required
@never_cache
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/account.html", describe_account(request, TokenForm()))


def describe_account(request: HttpRequest, form: TokenForm) -> dict[str, Any]:
    user: Any = request.user
    return {
        "form": form,
        "tokens": list_tokens(request),
        "quotas": quotas.list_usage(user),
        "bytes_used": bytes_of(user),
        "bytes_allowed": quotas.bytes_allowed(user),
    }


def list_tokens(request: HttpRequest) -> list[tuple[ApiToken, Confirmation]]:
    """Return the user's tokens, each with the confirmation of its revocation."""
    return [(token, ask_to_revoke_token(token)) for token in ApiToken.objects.filter(user=request.user.pk)]


@login_required
@never_cache
@require_POST
@takes(form=TokenForm.base_fields)
def create_token(request: HttpRequest) -> HttpResponse:
    """Create a token and show its key directly in the response. The key is stored nowhere, not even in the session."""
    form = TokenForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/account.html", describe_account(request, form), status=400)
    try:
        with quotas.within(request.user, "tokens"):
            _, key = form.issue(request.user)
    except quotas.QuotaExceeded as refusal:
        form.add_error("name", str(refusal))
        return render(request, "accounts/account.html", describe_account(request, form), status=409)
    context = describe_account(request, TokenForm())
    shown = {"key": key, "origin": request.build_absolute_uri("/")[:-1]}
    return render(request, "accounts/account.html", context | shown, status=201)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """Ask for confirmation, then revoke a token."""
    token = get_object_or_404(ApiToken, pk=token_id, user=request.user.pk)
    if request.method != "POST":
        return show_question(request, ask_to_revoke_token(token), reverse("account"))
    token.delete()
    messages.success(request, _("The token “%(name)s” no longer opens anything.") % {"name": token.name})
    return redirect("account")
