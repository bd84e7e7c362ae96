"""URLs of account pages. Some have two names: ours, and the name that django-allauth looks up."""

from django.conf import settings
from django.contrib.auth import views as auth
from django.urls import path, re_path, reverse_lazy
from django.urls.resolvers import URLPattern, URLResolver

from portal.forms.accounts import PasswordForm
from portal.inputs import takes
from portal.views import accounts, labs, notifications, people, signing, training_logs

password_change = auth.PasswordChangeView.as_view(
    form_class=PasswordForm, template_name="accounts/password_change.html", success_url=reverse_lazy("account")
)
password_change = takes(form=PasswordForm.base_fields)(password_change)
sign_out = takes(form=["next"])(auth.LogoutView.as_view())

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/", signing.sign_in, name="sign_in"),
    path("sign-in/", signing.sign_in, name="account_login"),
    path("sign-in/code/", signing.second_factor, name="mfa_authenticate"),
    path("sign-in/closed/", signing.inactive, name="account_inactive"),
    path("sign-in/forgotten/", signing.forgotten, name="account_reset_password"),
    path("sign-in/forgotten/sent/", signing.forgotten_sent, name="account_reset_password_done"),
    path("sign-in/forgotten/done/", signing.new_password_set, name="account_reset_password_from_key_done"),
    re_path(
        r"^sign-in/forgotten/(?P<uidb36>[0-9A-Za-z]{1,12})-(?P<key>[0-9A-Za-z-]{1,200})/$",
        signing.new_password,
        name="account_reset_password_from_key",
    ),
    path("sign-out/", sign_out, name="sign_out"),
    path("sign-out/", sign_out, name="account_logout"),
    path("sign-up/", accounts.sign_up, name="sign_up"),
    path("sign-up/", accounts.sign_up, name="account_signup"),
    path("sign-up/confirm/", signing.confirm_address, name="account_email_verification_sent"),
    path("account/", accounts.account, name="account"),
    path("account/password/", password_change, name="password_change"),
    path("account/password/", password_change, name="account_change_password"),
    path("account/password/set/", signing.set_password, name="account_set_password"),
    path("account/prove/", signing.prove, name="account_reauthenticate"),
    path("account/prove/code/", signing.prove_code, name="mfa_reauthenticate"),
    path("account/email/", signing.address, name="account_email"),
    path("account/two-factor/", signing.two_factor, name="mfa_index"),
    path("account/two-factor/on/", signing.activate, name="mfa_activate_totp"),
    path("account/two-factor/off/", signing.deactivate, name="mfa_deactivate_totp"),
    path("account/two-factor/codes/", signing.recovery_codes, name="mfa_view_recovery_codes"),
    path("account/two-factor/codes/new/", signing.new_codes, name="mfa_generate_recovery_codes"),
    path("account/two-factor/codes/file/", signing.download_codes, name="mfa_download_recovery_codes"),
    path("account/data/", people.download_data, name="account_data"),
    path("account/delete/", people.delete_account, name="account_delete"),
    path("account/training-logs/", training_logs.training_logs, name="training_logs"),
    path("account/tokens/", accounts.create_token, name="token_create"),
    path("account/tokens/<key:token_id>/revoke/", accounts.revoke_token, name="token_revoke"),
    path("account/webhooks/", notifications.webhooks, name="webhooks"),
    path("account/webhooks/<key:webhook_id>/delete/", notifications.delete_webhook, name="webhook_delete"),
    path("notifications/", notifications.notifications, name="notifications"),
    path("notifications/read/", notifications.mark_read, name="notifications_read"),
    path("labs/", labs.labs, name="labs"),
    path("labs/<slug:slug>/", labs.lab, name="lab"),
    path("labs/<slug:slug>/invite/", labs.invite, name="lab_invite"),
    path("labs/<slug:slug>/join/", labs.accept, name="lab_accept"),
    path("labs/<slug:slug>/delete/", labs.delete, name="lab_delete"),
    path("labs/<slug:slug>/members/<str:username>/remove/", labs.remove, name="lab_remove"),
    path("labs/<slug:slug>/members/<str:username>/role/", labs.set_role, name="lab_role"),
    path("users/<str:username>/", people.profile, name="user"),
]

if settings.ARENA_PROVIDERS.apps:
    from portal.views.signing_elsewhere import list_addresses

    urlpatterns += list_addresses()
