"""Entity tags of the API: a program that has an answer already is told so with 304, without the body."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.http import ConditionalGetMiddleware

REVALIDATE = "no-cache"
"""An answer may be stored, and is asked for again before it is used."""


class EntityTags(ConditionalGetMiddleware):
    """Gives the answers of the API their tags. Streams have none: they would have to be held in memory."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if request.method != "GET" or not request.path.startswith("/api/"):
            return response
        response.setdefault("Cache-Control", REVALIDATE)
        return super().process_response(request, response)
