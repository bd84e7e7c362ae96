"""Webhooks: signed requests to users' addresses. None goes to a private network, unless the operator allows it."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.db import connections
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.models import Delivery, Webhook

log = logging.getLogger("django.arena")

SIGNATURE = "Arena-Signature"
TIMEOUT = 5.0
THREADS = 4
BATCH = 20
PAUSES = (60, 300, 1800, 7200, 43200)
"""Seconds before each retry. After the last retry, a delivery is dropped."""
MOST_FAILURES = 20
"""Number of consecutive dropped deliveries after which a webhook is switched off."""


_sender: threading.Thread | None = None


class BadAddress(Exception):
    """An address to which no request may be sent; the message says why."""


def check_address(address: str) -> SplitResult:
    """Return the parts of a webhook's address. Raises BadAddress if it is not allowed."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise BadAddress(_("This is no address. Write one such as https://example.org/hook.")) from None
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or port == 0:
        raise BadAddress(_("This is no address. Write one such as https://example.org/hook."))
    if parts.scheme == "http" and settings.ARENA_WEBHOOKS != "any":
        raise BadAddress(_("The address must begin with https://."))
    with suppress(ValueError):  # A host name is resolved only when a request is sent.
        ipaddress.ip_address(parts.hostname)
        resolve(parts)
    return parts


def resolve(parts: SplitResult) -> str:
    """Return the IP address of a host. Raises BadAddress if it is private or the host is unknown."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except OSError:
        raise BadAddress(_("There is no host %(name)s.") % {"name": parts.hostname}) from None
    addresses = [str(entry[4][0]) for entry in found]
    if settings.ARENA_WEBHOOKS != "any" and not all(is_public(address) for address in addresses):
        raise BadAddress(_("%(name)s lies in a private network.") % {"name": parts.hostname})
    return addresses[0]


def is_public(address: str) -> bool:
    parsed = ipaddress.ip_address(address.split("%")[0])
    mapped = getattr(parsed, "ipv4_mapped", None)
    return (mapped or parsed).is_global and not (mapped or parsed).is_multicast


def sign(secret: str, body: bytes, moment: int) -> str:
    """Return the signature of a body: HMAC-SHA256 of the timestamp, a dot and the body."""
    code = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={code}"


def send(hook: Webhook, content: dict[str, Any]) -> int:
    """Send a signed request; return its status. Raises BadAddress and httpx.HTTPError.

    The request goes to the IP address that was checked, so a change of the DNS name cannot redirect it.
    """
    parts = check_address(hook.url)
    address = resolve(parts)
    host = f"[{address}]" if ":" in address else address
    place = parts._replace(netloc=host + (f":{parts.port}" if parts.port else ""), fragment="").geturl()
    body = json.dumps(content).encode()
    headers = {
        "Host": parts.netloc,
        "Content-Type": "application/json",
        "User-Agent": "MATE-Arena",
        SIGNATURE: sign(hook.secret, body, int(time.time())),
    }
    import httpx  # Few portals have webhooks, and httpx loads many modules.

    with httpx.Client(timeout=TIMEOUT, trust_env=False, follow_redirects=False) as client:
        request = client.build_request(
            "POST", place, content=body, headers=headers, extensions={"sni_hostname": parts.hostname or ""}
        )
        response = client.send(request, stream=True)  # The body of the response is not read.
        response.close()
        return response.status_code


def describe(delivery: Delivery) -> dict[str, Any]:
    """Return the JSON content of a delivery's request."""
    told = delivery.notification
    return {
        "id": told.pk,
        "kind": told.kind,
        "text": told.text,
        "path": told.path,
        "created": told.created.isoformat(),
    }


def find_due() -> QuerySet[Delivery]:
    """Return the due deliveries, oldest first; none if the operator has switched webhooks off."""
    due = Delivery.objects.filter(is_over=False, due__lte=timezone.now(), webhook__is_active=True)
    return due.none() if settings.ARENA_WEBHOOKS == "off" else due.order_by("due")


def start_sending() -> None:
    """Send due deliveries in a thread, of which only one runs at a time. A slow receiver must not delay the sweep."""
    global _sender
    if (_sender is None or not _sender.is_alive()) and find_due().exists():
        _sender = threading.Thread(target=send_in_thread, name="webhooks", daemon=True)
        _sender.start()


def send_in_thread() -> None:
    try:
        send_due()
    except Exception:
        log.exception("webhooks could not be sent; they are tried again after the next sweep")
    finally:
        connections.close_all()


def send_due() -> int:
    """Send due deliveries, several at a time; return the number of attempts."""
    chosen = list(find_due().select_related("webhook", "notification")[:BATCH])
    with ThreadPoolExecutor(THREADS) as threads:
        outcomes = list(threads.map(attempt, chosen))
    for delivery, error in zip(chosen, outcomes, strict=True):
        settle(delivery, error)
    return len(chosen)


def attempt(delivery: Delivery) -> str:
    """Send a delivery; return the error, or an empty text if the receiver accepted it.

    It runs in a thread and makes no queries.
    """
    import httpx

    try:
        status = send(delivery.webhook, describe(delivery))
    except (BadAddress, httpx.HTTPError, OSError) as error:
        return str(error) or type(error).__name__
    return "" if 200 <= status < 300 else f"HTTP {status}"


def settle(delivery: Delivery, error: str) -> None:
    """Store the outcome of a delivery, and when to retry."""
    delivery.attempts += 1
    delivery.error = error[:200]
    delivery.is_over = not error or delivery.attempts > len(PAUSES)
    if not delivery.is_over:
        delivery.due = timezone.now() + timedelta(seconds=PAUSES[delivery.attempts - 1])
    delivery.save(update_fields=["attempts", "error", "is_over", "due"])
    hook = Webhook.objects.filter(pk=delivery.webhook_id)
    if not error:
        hook.update(failures=0)
    elif delivery.is_over:
        hook.update(failures=F("failures") + 1)
        if hook.filter(failures__gte=MOST_FAILURES).update(is_active=False):
            log.warning("the webhook %d is switched off after %d failures", delivery.webhook_id, MOST_FAILURES)
