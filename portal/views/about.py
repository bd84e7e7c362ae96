"""The help page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.server.receiving import describe_limit


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "about.html", {"upload_limit": describe_limit()})
