"""How figures of any size are written, where a format decides what they are."""

from django import template

from portal.templatetags.arena import fixed, is_missing

register = template.Library()


@register.filter
def figure(value: float | None) -> str:
    """A number with as many digits as its size needs: 1,234, 56.7, 8.90, 0.0123; whole ones without any behind the
    point.
    """
    if is_missing(value):
        return "–"
    size = abs(float(value))  # type: ignore[arg-type]
    digits = 0 if size.is_integer() or size >= 1000 else 1 if size >= 10 else 2 if size >= 1 else 4
    return fixed(value, digits)
