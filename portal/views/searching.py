"""Search: a page of all results; for the search dialog, only the first results of each kind."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.inputs import takes
from portal.listing.searching import FEW, LONGEST_QUERY, MANY, search


@require_safe
@takes("q")
def find(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:LONGEST_QUERY]
    is_part = bool(request.htmx)  # type: ignore[attr-defined]
    context = {"text": text, "groups": search(text, FEW if is_part else MANY, request.user)}
    return render(request, "parts/found.html" if is_part else "search.html", context)
