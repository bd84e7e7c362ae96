"""How the figures of curves are written."""

from django import template

from portal.plots import write_number
from portal.templatetags.arena import is_missing

register = template.Library()


@register.filter
def brief(value: float | None) -> str:
    """A number in few letters, such as 1.2 M; a dash when there is none."""
    return "–" if is_missing(value) else write_number(float(value))  # type: ignore[arg-type]
