"""Error responses: pages for browsers, problem details for programs."""

import sys

from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults

from mate.errors import UserError
from portal import problems
from portal.server import disk, outages
from portal.server.middleware import Middleware
from portal.texts import in_language


class UserErrors(Middleware):
    """Middleware that turns a UserError of a view into a page with its message. (The API has its own handler.)

    It also refuses addresses with a null character, because no name has one and PostgreSQL rejects them.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return refuse(request, 400, "bad_request", _("The address has a null character in it. Leave it out."))
        response = self.get_response(request)
        if response.status_code == 405:
            return wrong_method(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, UserError):
            return None
        return refuse(request, getattr(exception, "status", 400), getattr(exception, "code", "refused"), str(exception))


def is_for_a_program(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def refuse(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    if is_for_a_program(request):
        body = problems.describe(status, code, message, request.path, request.path)
        return JsonResponse(body, status=status, content_type=problems.CONTENT_TYPE)
    return render(request, "refused.html", {"message": in_language(message)}, status=status)


def wrong_method(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Return the response to a wrong method.

    Browsers get it after signing in if they came from a button; it must be pressed again.
    """
    allowed = response.headers.get("Allow", "")
    if is_for_a_program(request):
        message = f"{request.method} means nothing at this address{f'; use {allowed}' if allowed else ''}."
    else:
        message = _("This address only takes what a button sends. Go to the page with the button and press it again.")
    answer = refuse(request, 405, "wrong_method", message)
    if allowed:
        answer["Allow"] = allowed
    return answer


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, RequestDataTooBig):
        return refuse(request, 413, "too_large", _("That is more than a form may send, files apart: at most 1 MiB."))
    if isinstance(exception, DisallowedHost):
        message = _("The portal does not know the name in this address. Its administrator can add it to ALLOWED_HOSTS.")
        return refuse(request, 400, "bad_request", message)
    return refuse(request, 400, "bad_request", _("The request could not be read. Check its form and send it again."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if not is_for_a_program(request):
        return defaults.page_not_found(request, exception)
    return refuse(
        request, 404, "not_found", _("There is nothing at this address. GET /api/v1/openapi.json lists them all.")
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the response to an unexpected error, a full disk, or an outage of the database.

    Django calls it during the handling of the error.
    """
    if disk.is_full(sys.exc_info()[1]):
        if hasattr(request, "session"):
            request.session.modified = False  # The session cannot be saved either.
        return refuse(request, 507, "disk_full", str(disk.FULL))
    if reason := outages.explain(sys.exc_info()[1]):
        return unavailable(request, reason)
    if not is_for_a_program(request):
        return defaults.server_error(request)
    message = "The portal ran into an error that it did not expect; its log names the cause. Please tell who runs it."
    return refuse(request, 500, "our_mistake", message)


def unavailable(request: HttpRequest, reason: str) -> HttpResponse:
    """Return the response during an outage of the database. Its page makes no queries."""
    if hasattr(request, "session"):
        request.session.modified = False
    if is_for_a_program(request):
        answer = refuse(request, 503, "unavailable", reason)
    else:
        answer = HttpResponse(render_to_string("503.html", {"message": reason, "request": request}), status=503)
    answer["Retry-After"] = str(outages.RETRY_SECONDS)
    return answer


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    message = _("This form was open for too long, or cookies are off. Go back, load the page anew and send it again.")
    return refuse(request, 403, "not_yours", message)
