"""Messages after an action, with an Undo button if the action can be undone."""

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

UNDO = "undo:"


def offer_undo(request: HttpRequest, text: str, address: str) -> None:
    """Add a message about an action, with an Undo button that posts to ``address``."""
    messages.success(request, text, extra_tags=UNDO + address)


def undo_address(message: Message) -> str:
    """Return the address that undoes the action of a message; empty if it cannot be undone."""
    tags = message.extra_tags or ""
    return tags.removeprefix(UNDO) if tags.startswith(UNDO) else ""
