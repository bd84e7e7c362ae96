"""Notifications by e-mail. One mail to the confirmed address has all notifications since the last one.

Like deliveries to webhooks, letters are rows, so nothing is lost if a process dies, and nothing is sent twice.
"""

from __future__ import annotations

import logging
import smtplib
import threading
from collections.abc import Iterable
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.db import connections, transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.models import Letter, MailSubscription, Notification
from portal.people.languages import language_of

log = logging.getLogger("django.arena")

PAUSES = (60, 600, 3600, 21600)
"""Seconds before each retry. After the last retry, a letter is dropped."""
USERS = 20
"""Maximum number of users to whom one round sends mail."""
_sender: threading.Thread | None = None


def write_letters(told: Iterable[Notification]) -> None:
    """Create a letter for each notification that its user also wants by e-mail."""
    wanted = {one.user_id: one.kinds for one in MailSubscription.objects.all()} if settings.ARENA_MAIL else {}
    letters = [Letter(notification=one) for one in told if one.kind in wanted.get(one.user_id, ())]
    Letter.objects.bulk_create(letters, ignore_conflicts=True)


def start_sending() -> None:
    """Send due letters in a thread, of which only one runs at a time. A slow mail server must not delay the sweep."""
    global _sender
    is_idle = _sender is None or not _sender.is_alive()
    if settings.ARENA_MAIL and is_idle and Letter.objects.filter(due__lte=timezone.now(), is_over=False).exists():
        _sender = threading.Thread(target=send_in_thread, name="letters", daemon=True)
        _sender.start()


def send_in_thread() -> None:
    try:
        send_due()
    except Exception:
        log.exception("mail could not be sent; it is tried again after the next sweep")
    finally:
        connections.close_all()


def send_due() -> int:
    """Send due letters in one mail per user; return the number of mails that the mail server accepted."""
    due = Letter.objects.filter(is_over=False, due__lte=timezone.now())
    users = dict.fromkeys(due.order_by("due").values_list("notification__user", flat=True)[:500])
    return sum(send_to(user) for user in list(users)[:USERS])


def send_to(user_id: int) -> bool:
    """Send a user's letters in one mail; return whether the mail server accepted it."""
    with transaction.atomic():
        due = Letter.objects.select_for_update().filter(is_over=False, due__lte=timezone.now())
        letters = list(due.filter(notification__user=user_id).select_related("notification"))
        found = EmailAddress.objects.filter(user=user_id, verified=True, primary=True).select_related("user").first()
        if not letters or found is None or not found.user.is_active:
            due.filter(pk__in=[letter.pk for letter in letters]).update(is_over=True)
            return False
        try:
            compose(found.user, found.email, [letter.notification for letter in letters]).send()
        except (OSError, smtplib.SMTPException) as error:
            for letter in letters:
                postpone(letter, str(error) or type(error).__name__)
            return False
        due.filter(pk__in=[letter.pk for letter in letters]).update(is_over=True)
        return True


def compose(user: User, address: str, told: list[Notification]) -> EmailMessage:
    """Return a mail with these notifications, in the account's language."""
    subject = told[0].text
    context = {"user": user, "told": told, "origin": settings.ARENA_ADDRESS}
    with translation.override(language_of(user.pk)):
        if len(told) > 1:
            subject = ngettext("%(count)d notification", "%(count)d notifications", len(told)) % {"count": len(told)}
        body = render_to_string("account/email/notifications.txt", context)
    headers = {"Auto-Submitted": "auto-generated"}
    return EmailMessage(f"[MATE Arena] {subject}", body, to=[address], headers=headers)


def postpone(letter: Letter, error: str) -> None:
    """Store why a letter was not sent, and when to retry."""
    letter.attempts += 1
    letter.error = error[:200]
    letter.is_over = letter.attempts > len(PAUSES)
    if not letter.is_over:
        letter.due = timezone.now() + timedelta(seconds=PAUSES[letter.attempts - 1])
    letter.save(update_fields=["attempts", "error", "is_over", "due"])


def describe_state(user: User) -> str:
    """Return why a user who wants mail gets none; empty if mail can be sent."""
    if not EmailAddress.objects.filter(user=user, verified=True).exists():
        return _("Add an e-mail address to your account first.")
    return ""
