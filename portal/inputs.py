"""Names of inputs: what is sent under a name that a page or an operation does not have is refused, never passed over.

A misspelt name would pass for one that was left out, and the answer for one to another question. Pages declare with
`takes` what they read; the API's operations declare it by their signatures (`portal.api.unknown`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

View = TypeVar("View", bound=Callable[..., Any])
ALWAYS = frozenset({"csrfmiddlewaretoken"})
"""Names in every form. Browsers without scripts, and htmx, send them with a form that is half filled in."""
FOLLOWERS = ("utm_", "_x_tr_", "mc_", "mtm_", "pk_", "hsa_")
"""Beginnings of names that mail programs, translators and social networks add to links; nobody wrote them."""
FOLLOWER_NAMES = frozenset(
    {"fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "twclid", "yclid", "igshid", "_ga", "_gl"}
)


def suggest(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant, or an empty text."""
    spelt = {one.lower(): one for one in known}
    return next((spelt[close] for close in get_close_matches(name.lower(), spelt, 1, 0.6)), "")


def describe_unknown(kind: str, name: str, known: Collection[str]) -> str:
    """Say that there is no such name, and which was probably meant: else which there are, if they are few."""
    if meant := suggest(name, known):
        return f"There is no {kind} {shorten(name)}. Did you mean '{meant}'?"
    if not known:
        return f"There is no {kind} {shorten(name)}: nothing is read here. Leave it out."
    if len(known) <= 20:
        return f"There is no {kind} {shorten(name)}. There are: {', '.join(sorted(known))}."
    return f"There is no {kind} {shorten(name)}. Leave it out."


def shorten(name: str) -> str:
    """A name in quotation marks, cut where it is long."""
    return repr(name if len(name) <= 60 else f"{name[:59]}…")


# Pages


@dataclass(frozen=True)
class Names:
    """The names that a page reads from its address and from its form."""

    query: frozenset[str] = frozenset()
    form: frozenset[str] = frozenset()


def takes(*query: str, form: Iterable[str] = ()) -> Callable[[View], View]:
    """Declare the names that a view reads from its address and, when it is posted to, from its `form`.

    Without: none.
    """

    def declare(view: View) -> View:
        view.input_names = Names(frozenset(query), frozenset(form))  # type: ignore[attr-defined]
        return view

    return declare


class UnknownNames:
    """Refuse pages' addresses and forms with a name that the page did not declare.

    The admin's pages have checks of their own.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or "admin" in match.namespaces or is_operation(view):
            return None
        names: Names = getattr(view, "input_names", Names())
        query = find_unknown(request.GET, names.query)
        unknown = [describe_unknown("parameter", name, names.query) for name in query]
        may_send = bool(names.form) or request.user.is_authenticated  # Whoever is to sign in is told that first.
        if request.method == "POST" and may_send:
            sent = [*request.POST, *request.FILES]
            unknown += [describe_unknown("field", name, names.form) for name in find_unknown(sent, names.form)]
        if not unknown:
            return None
        context = {"message": " ".join(unknown), "address": without(request, query) if request.method == "GET" else ""}
        return render(request, "refused.html", context, status=400)


def is_operation(view: Any) -> bool:
    """Return whether a view is the API's, which checks names by its operations' signatures."""
    return getattr(view, "__module__", "") == "ninja.operation"


def find_unknown(sent: Iterable[str], known: Collection[str]) -> list[str]:
    return [name for name in sent if name not in known and name not in ALWAYS and not is_follower(name)]


def is_follower(name: str) -> bool:
    return name in FOLLOWER_NAMES or name.startswith(FOLLOWERS)


def without(request: HttpRequest, names: Collection[str]) -> str:
    """The address that was asked for, without the parameters of these names."""
    kept = [(name, value) for name, values in request.GET.lists() if name not in names for value in values]
    return f"{request.path}?{urlencode(kept)}" if kept else request.path
