"""Help."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.receiving import describe_limit


@require_GET
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "about.html", {"upload_limit": describe_limit()})
