"""Pages for administrators: work queues and workers, users, announcements, the audit log, storage."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

View = TypeVar("View", bound=Callable[..., Any])


def for_administrators(view: View) -> View:
    """Decorate a view for administrators only. Other users are refused; visitors are redirected to the sign-in page."""

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not getattr(request.user, "is_staff", False):
            raise PermissionDenied(_("Only administrators can see this page."))
        response: HttpResponse = view(request, *args, **kwargs)
        return response

    return guarded  # type: ignore[return-value]
