"""All components of pages on one page, for developers."""

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal.actions.confirming import Confirmation
from tournament.forecasts import Span

COLOURS = ("paper", "card", "sunk", "line", "ink", "soft", "accent", "camera", "target", "good", "warn", "bad")
QUESTION = Confirmation(
    "Delete “Weekly”?", ("It starts no more tournaments.", "This cannot be undone."), "Delete schedule"
)


@require_safe
def styleguide(request: HttpRequest) -> HttpResponse:
    """The style guide. It is for staff, or for everybody if DEBUG is on."""
    if not (settings.DEBUG or request.user.is_authenticated):
        return redirect_to_login(request.path)
    if not (settings.DEBUG or getattr(request.user, "is_staff", False)):
        raise PermissionDenied(_("Only administrators can see the style guide."))
    context = {
        "colours": COLOURS,
        "question": QUESTION,
        "now": timezone.now(),
        "span": Span(10, 120, 20),
        "long_name": "NE-camera.HRL-MAPPO-vs.-target.MAPPO camera mixture of iteration 2",
        "steps": [
            {"name": "Read the archive", "status": "ok", "detail": "3 files, 1.2 MB"},
            {"name": "Play 60 steps", "status": "running", "detail": ""},
            {"name": "Enter the agent", "status": "waiting", "detail": ""},
        ],
    }
    return render(request, "styleguide.html", context)
