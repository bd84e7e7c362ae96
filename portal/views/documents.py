"""Documents: the table of contents with its search, each document, and its pictures and notebooks."""

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from portal.documents import library
from portal.documents.finding import find_in_documents
from portal.inputs import takes
from portal.listing.searching import LONGEST_QUERY
from portal.server.visitor_pages import kept_for_visitors

MOST_FOUND = 40
FRESH = 3600.0
"""Seconds for which browsers cache a picture."""


@require_safe
@takes("q")
@kept_for_visitors(seconds=600)
def documents(request: HttpRequest) -> HttpResponse:
    """The table of contents, or the results of a search in the documents."""
    language, text = get_language() or "en", request.GET.get("q", "").strip()[:LONGEST_QUERY]
    context = {
        "groups": library.list_groups(language),
        "text": text,
        "found": find_in_documents(text, language, MOST_FOUND),
    }
    return render(request, "documents/documents.html", context)


@require_safe
@kept_for_visitors(seconds=600)
def document(request: HttpRequest, name: str) -> HttpResponse:
    """One document, with links to the previous and the next one."""
    if name == library.INDEX:
        return redirect("documents")
    language = get_language() or "en"
    found = library.find_document(name, language)
    if found is None:
        raise Http404("There is no such document.")
    entries = library.list_entries(language)
    place = next((place for place, entry in enumerate(entries) if entry.name == name), None)
    context = {
        "document": found,
        "title": found.title if found.language == language or place is None else entries[place].title,
        "groups": library.list_groups(language),
        "before": entries[place - 1] if place else None,
        "after": entries[place + 1] if place is not None and place + 1 < len(entries) else None,
    }
    return render(request, "documents/document.html", context)


@require_safe
def document_file(request: HttpRequest, name: str) -> FileResponse:
    """A picture or notebook of the documents."""
    path = library.find_file(name)
    if path is None:
        raise Http404("There is no such file.")
    kind = library.KINDS[path.suffix]
    response = FileResponse(path.open("rb"), content_type=kind, as_attachment=not kind.startswith("image/"))
    response["Cache-Control"] = f"max-age={FRESH:.0f}"
    return response
