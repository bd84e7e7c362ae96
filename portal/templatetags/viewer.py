"""Icons of the replay viewer, and small filters of its templates."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """An icon of the sprite. It says nothing to screen readers; words stand beside it."""
    address = static("portal/replay/icons.svg")
    return format_html('<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>', css, address, name)


@register.filter
def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()
