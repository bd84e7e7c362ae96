"""Creation of what a form requests, within the quotas of its user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from portal.people import quotas
from tournament.refusals import RequestRefused

Made = TypeVar("Made")
Requested = TypeVar("Requested")
Request_co = TypeVar("Request_co", covariant=True)


class RequestForm(Protocol[Request_co]):
    """A form whose request may be refused by a lower floor."""

    def is_valid(self) -> bool:
        """Return whether all fields are valid."""

    def request(self, owner: Any) -> Request_co:
        """Return the request of a valid form."""

    def tell(self, refusal: RequestRefused) -> None:
        """Show each reason of a refusal at its field."""


def start(form: RequestForm[Requested], user: Any, create: Callable[[Requested], Made], *counted: str) -> Made | None:
    """Create what a form requests and return it.

    Return None if the form is invalid or its request is refused; the form then shows the reasons. `counted` names the
    quotas that apply.
    """
    if not form.is_valid():
        return None
    try:
        with quotas.within(user, *counted):
            return create(form.request(user))
    except RequestRefused as refusal:
        form.tell(refusal)
        return None
