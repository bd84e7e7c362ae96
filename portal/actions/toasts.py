"""What a page says after an action, with Undo where the action can be undone."""

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

UNDO = "undo:"


def offer_undo(request: HttpRequest, text: str, address: str) -> None:
    """Say what was done; a button beside it posts to ``address``, which undoes it."""
    messages.success(request, text, extra_tags=UNDO + address)


def undo_address(message: Message) -> str:
    """Return the address that undoes what a message says; empty where nothing does."""
    tags = message.extra_tags or ""
    return tags.removeprefix(UNDO) if tags.startswith(UNDO) else ""
