"""ETags of the API: a program that has the current response gets 304 without a body."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.http import ConditionalGetMiddleware

REVALIDATE = "no-cache"
"""Cache-Control: a response may be stored, but must be revalidated before each use."""


class EntityTags(ConditionalGetMiddleware):
    """Middleware that adds ETags to responses of the API.

    Streams have none, because they would have to be held in memory.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.method != "GET" or not request.path.startswith("/api/"):
            return response
        response.setdefault("Cache-Control", REVALIDATE)
        return super().process_response(request, response)
