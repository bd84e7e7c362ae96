"""Compression of responses."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

KINDS = ("text/html", "text/csv", "application/json", "application/problem+json")


class Compression(GZipMiddleware):
    """Middleware that compresses text.

    Replays and Parquet files are already compressed, and events must not be delayed.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        is_text = response.get("Content-Type", "").startswith(KINDS)
        return super().process_response(request, response) if is_text else response
