"""Template tags for small parts of pages: icons, shortened names, times in the reader's time zone."""

from datetime import date, datetime
from functools import lru_cache

from django import template
from django.contrib.messages.storage.base import Message
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt

from portal.actions import toasts
from portal.documents import examples
from portal.drawing import arenas
from portal.wording import tell_name
from tournament.models import Scenario

register = template.Library()

MARKDOWN = MarkdownIt("js-default", {"html": False, "linkify": False}).disable("image")
"""The Markdown renderer, without images, because browsers would load them from other sites."""

LONGEST_NAME = 28
"""Maximum number of characters of a name that a table shows in full."""
TAIL = 10
"""Number of characters at the end of a long name that are always shown, because related names differ there."""


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """Return an icon of the sprite. Screen readers ignore it, because there is a text next to it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>', css, static("portal/icons.svg"), name
    )


@register.filter
def cut(name: object) -> SafeString | str:
    """Return a name that fits its column. A long one loses its middle, and is shown in full on hover and focus."""
    text = tell_name(name)
    if len(text) <= LONGEST_NAME:
        return text
    return format_html(
        '<span class="cut" title="{}"><span class="cut-head">{}</span><span class="cut-tail">{}</span></span>',
        text,
        text[:-TAIL],
        text[-TAIL:],
    )


@register.filter
def in_line(text: str) -> SafeString:
    """Return a Markdown text as HTML, without paragraphs."""
    return SafeString(MARKDOWN.renderInline(text))


@register.filter
def moment(value: datetime | None, style: str = "moment") -> SafeString | str:
    """Return a time: in UTC from the server, and in the reader's time zone with JavaScript.

    `style` is "moment" (day and time), "day", or "ago" (how long ago, with the moment as a title).
    """
    if value is None:
        return "–"
    is_day = style == "day"
    written = write_day(value.date(), get_language()) if is_day else date_format(value, _("j M Y, H:i"))
    shown = say_ago(value) if style == "ago" else written
    return format_html(
        '<time datetime="{}" data-style="{}" title="{} UTC">{}</time>', value.isoformat(), style, written, shown
    )


@lru_cache(maxsize=1000)
def write_day(day: date, language: str | None) -> str:
    """Return a day in the active language. Lists have many, and formatting one takes longer than the rest of a cell."""
    return date_format(day, _("j M Y"))


def say_ago(value: datetime) -> str:
    """Return how long ago a time was in the largest unit that fits, such as "3 h ago"."""
    seconds = (timezone.now() - value).total_seconds()
    if seconds < 60:
        return _("just now")
    if seconds < 3600:
        return _("%(count)d min ago") % {"count": seconds // 60}
    if seconds < 48 * 3600:
        return _("%(count)d h ago") % {"count": seconds // 3600}
    if seconds < 60 * 86400:
        return _("%(count)d days ago") % {"count": seconds // 86400}
    return date_format(value, _("j M Y"))


@register.simple_tag
def toast_icon(level: str) -> SafeString:
    """Return the icon for the level of a message."""
    names = {"success": "circle-check", "warning": "triangle-alert", "error": "circle-alert"}
    return icon(names.get(level, "info"))


@register.filter
def initial(name: str) -> str:
    """Return the first letter of a name, for its avatar."""
    return name[:1]


@register.filter
def undo_address(message: Message) -> str:
    """Return the address that undoes the action of a message; empty if it cannot be undone."""
    return toasts.undo_address(message)


@register.simple_tag
def arena_picture(scenario: Scenario) -> SafeString:
    """Return a small picture of the scenario's arena."""
    return arenas.picture(scenario)


@register.filter
def sparkline(values: list[float]) -> SafeString:
    """Return a sparkline: a line without axes; empty for fewer than two values."""
    if len(values) < 2:
        return SafeString("")
    least, most = min(values), max(values)
    height = (most - least) or 1.0
    points = " ".join(
        f"{100 * place / (len(values) - 1):.1f},{22 - 20 * (value - least) / height:.1f}"
        for place, value in enumerate(values)
    )
    return format_html(
        '<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">'
        '<polyline points="{}"/></svg>',
        points,
    )


@register.filter
def absolute(value: int) -> int:
    """Return the absolute value of a whole number."""
    return abs(value)


@register.simple_tag(takes_context=True)
def sort_head(context: template.Context, name: str, label: str, css: str = "") -> SafeString:
    """Return the head of a sortable column: a link that sorts the list by it, or reverses its order."""
    parameters = context["request"].GET.copy()
    sort = parameters.get("sort", "")
    for name in ("page", "after", "before"):
        parameters.pop(name, None)
    parameters["sort"] = f"-{name}" if sort == name else name
    order = {name: "ascending", f"-{name}": "descending"}.get(sort)
    return format_html(
        '<th scope="col" class="{}"{}><a class="sort" href="?{}">{}</a></th>',
        css,
        format_html(' aria-sort="{}"', order) if order else "",
        parameters.urlencode(),
        label,
    )


@register.simple_tag(takes_context=True)
def tab_link(context: template.Context, name: str, label: str) -> SafeString:
    """Return a tab of a section, which is marked on its page."""
    match = getattr(context["request"], "resolver_match", None)
    here = SafeString(' aria-current="page"') if match is not None and match.url_name == name else ""
    return format_html('<a href="{}"{}>{}</a>', reverse(name), here, label)


@register.filter
def prose(text: str) -> SafeString:
    """Return a user's Markdown text (CommonMark with tables) as HTML.

    HTML in the text is escaped.
    """
    return SafeString(MARKDOWN.render(text))


@register.inclusion_tag("parts/api_examples.html", takes_context=True)
def api_examples(context: template.Context, kind: str, key: str | int) -> dict[str, object]:
    """Return the context of a page's code examples: lines of curl and of the Python client that read its data."""
    found = examples.EXAMPLES[kind](key)
    origin = context["request"].build_absolute_uri("/")[:-1]
    return {"examples": found, "origin": origin, "LANGUAGE_CODE": context.get("LANGUAGE_CODE")}
