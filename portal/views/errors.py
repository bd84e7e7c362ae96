"""Pages for what went wrong."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mate.errors import UserError


class UserErrors:
    """Turns a refusal that reached the website into a page with its message. (The API has its own form of it.)"""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, UserError):
            return None
        return render(request, "refused.html", {"message": str(exception)}, status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = "This form was open for too long, or cookies are off. Go back, load the page anew and send it again."
    return render(request, "refused.html", {"message": message}, status=403)
