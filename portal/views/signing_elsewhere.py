"""Pages for signing in with accounts of other sites. Imported only if a provider is set up."""

from __future__ import annotations

from allauth.socialaccount import views as allauth
from django.conf import settings
from django.urls import path
from django.urls.resolvers import URLPattern, URLResolver
from django.utils.translation import gettext_lazy as _

from portal.views.signing import leads_elsewhere, reads, step, told

CALLBACK = ("code", "state", "scope", "error", "error_description", "error_uri", "iss", "session_state", "authuser")
"""Query parameters of providers' redirects to the callback."""

signup = reads(form=("username", "email"))(
    allauth.SignupView.as_view(**step(_("Choose a name"), _("Others see it beside your agents."), _("Create account")))
)
connections = leads_elsewhere(
    reads(form=("account",))(allauth.ConnectionsView.as_view(template_name="accounts/connections.html"))
)
cancelled = reads()(
    allauth.LoginCancelledView.as_view(
        **told(_("You were not signed in"), _("You stopped at the other site. Nothing was changed."))
    )
)
failed = reads()(
    allauth.LoginErrorView.as_view(
        **told(
            _("You were not signed in"),
            _("The other site did not confirm who you are. Try again, or sign in with your password."),
        )
    )
)


def list_addresses() -> list[URLPattern | URLResolver]:
    """Return the URLs of the configured providers."""
    found: list[URLPattern | URLResolver] = [
        path("sign-up/name/", signup, name="socialaccount_signup"),
        path("account/connections/", connections, name="socialaccount_connections"),
        path("sign-in/with/cancelled/", cancelled, name="socialaccount_login_cancelled"),
        path("sign-in/with/failed/", failed, name="socialaccount_login_error"),
    ]
    if "allauth.socialaccount.providers.github" in settings.ARENA_PROVIDERS.apps:
        from allauth.socialaccount.providers.github import views as github

        enter, back = reads("process", "next", form=())(github.oauth2_login), reads(*CALLBACK)(github.oauth2_callback)
        found += [
            path("sign-in/with/github/", enter, name="github_login"),
            path("sign-in/with/github/back/", back, name="github_callback"),
        ]
    if "allauth.socialaccount.providers.openid_connect" in settings.ARENA_PROVIDERS.apps:
        from allauth.socialaccount.providers.openid_connect import views as openid

        enter, back = reads("process", "next", form=())(openid.login), reads(*CALLBACK)(openid.callback)
        found += [
            path("sign-in/with/<slug:provider_id>/", enter, name="openid_connect_login"),
            path("sign-in/with/<slug:provider_id>/back/", back, name="openid_connect_callback"),
        ]
    return found
