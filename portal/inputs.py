"""Names of inputs: a page or an operation refuses a parameter or field that it does not know.

If unknown names were ignored, a misspelt name would look like a missing one, and the response would be wrong. Pages
declare their names with `takes`; operations of the API declare them by their signatures (`portal.api.unknown`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.server.middleware import Middleware

View = TypeVar("View", bound=Callable[..., Any])
ALWAYS = frozenset({"csrfmiddlewaretoken"})
"""Names in every form. htmx, and browsers without JavaScript, send them with half-filled forms."""
FOLLOWERS = ("utm_", "_x_tr_", "mc_", "mtm_", "pk_", "hsa_")
"""Prefixes of tracking parameters, which mail programs, translators and social networks add to links."""
FOLLOWER_NAMES = frozenset(
    {"fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "twclid", "yclid", "igshid", "_ga", "_gl"}
)


def suggest(name: str, known: Iterable[str]) -> str:
    """Return the known name that was probably meant; empty if none is similar."""
    spelt = {one.lower(): one for one in known}
    return next((spelt[close] for close in get_close_matches(name.lower(), spelt, 1, 0.6)), "")


def describe_unknown(kind: str, name: str, known: Collection[str]) -> str:
    """Return an error about an unknown name.

    It suggests the name that was probably meant, or lists the known names if there are few.
    """
    if meant := suggest(name, known):
        return f"There is no {kind} {shorten(name)}. Did you mean '{meant}'?"
    if not known:
        return f"There is no {kind} {shorten(name)}: nothing is read here. Leave it out."
    if len(known) <= 20:
        return f"There is no {kind} {shorten(name)}. There are: {', '.join(sorted(known))}."
    return f"There is no {kind} {shorten(name)}. Leave it out."


def shorten(name: str) -> str:
    """Return a name in quotation marks; a long one is cut."""
    return repr(name if len(name) <= 60 else f"{name[:59]}…")


# Pages


@dataclass(frozen=True)
class Names:
    """The names that a page reads from its query string and from its form."""

    query: frozenset[str] = frozenset()
    form: frozenset[str] = frozenset()


def takes(*query: str, form: Iterable[str] = ()) -> Callable[[View], View]:
    """Declare the names that a view reads from its query string and, on POST, from its `form`.

    A view without this decorator reads none.
    """

    def declare(view: View) -> View:
        view.input_names = Names(frozenset(query), frozenset(form))  # type: ignore[attr-defined]
        return view

    return declare


class UnknownNames(Middleware):
    """Middleware that refuses a query string or form with a name that the page does not declare.

    The pages of Django's admin have their own checks.
    """

    def process_view(self, request: HttpRequest, view: Any, *_: Any) -> HttpResponse | None:
        match = request.resolver_match
        if match is None or "admin" in match.namespaces or is_operation(view):
            return None
        names: Names = getattr(view, "input_names", Names())
        query = find_unknown(request.GET, names.query)
        unknown = [describe_unknown("parameter", name, names.query) for name in query]
        may_send = bool(names.form) or request.user.is_authenticated  # Visitors are asked to sign in first.
        if request.method == "POST" and may_send:
            sent = [*request.POST, *request.FILES]
            unknown += [describe_unknown("field", name, names.form) for name in find_unknown(sent, names.form)]
        if not unknown:
            return None
        context = {"message": " ".join(unknown), "address": without(request, query) if request.method == "GET" else ""}
        return render(request, "refused.html", context, status=400)


def is_operation(view: Any) -> bool:
    """Return whether a view belongs to the API, which checks names by its operations' signatures."""
    return getattr(view, "__module__", "") == "ninja.operation"


def find_unknown(sent: Iterable[str], known: Collection[str]) -> list[str]:
    return [name for name in sent if name not in known and name not in ALWAYS and not is_follower(name)]


def is_follower(name: str) -> bool:
    return name in FOLLOWER_NAMES or name.startswith(FOLLOWERS)


def without(request: HttpRequest, names: Collection[str]) -> str:
    """Return the requested address without the parameters of these names."""
    kept = [(name, value) for name, values in request.GET.lists() if name not in names for value in values]
    return f"{request.path}?{urlencode(kept)}" if kept else request.path
