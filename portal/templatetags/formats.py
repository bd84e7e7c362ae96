"""Template filter for numbers of any size, such as the figures of tournament formats."""

from django import template

from portal.templatetags.arena import fixed, is_missing

register = template.Library()


@register.filter
def figure(value: float | None) -> str:
    """Return a number with decimals by its size: 1,234, 56.7, 8.90, 0.0123. Whole numbers have no decimals."""
    if is_missing(value):
        return "–"
    size = abs(float(value))  # type: ignore[arg-type]
    digits = 0 if size.is_integer() or size >= 1000 else 1 if size >= 10 else 2 if size >= 1 else 4
    return fixed(value, digits)
