"""Small parts of pages: icons, names that are cut in the middle, moments in the reader's zone."""

from datetime import datetime

from django import template
from django.contrib.messages.storage.base import Message
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt

from portal.actions import toasts
from portal.documents import examples
from portal.drawing import arenas
from tournament.models import Scenario

register = template.Library()

MARKDOWN = MarkdownIt("js-default", {"html": False, "linkify": False}).disable("image")
"""Without pictures: they would be asked of other sites."""

LONGEST_NAME = 28
"""Letters of a name that stands in a table uncut."""
TAIL = 10
"""Letters of a long name's end that are always shown: there names of one family differ."""


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """An icon of the sprite. It says nothing to screen readers; words stand beside it."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>', css, static("portal/icons.svg"), name
    )


@register.filter
def cut(name: object) -> SafeString | str:
    """A name that fits its column: a long one loses its middle, and is whole on hover and focus."""
    text = str(name)
    if len(text) <= LONGEST_NAME:
        return text
    return format_html(
        '<span class="cut" title="{}"><span class="cut-head">{}</span><span class="cut-tail">{}</span></span>',
        text,
        text[:-TAIL],
        text[-TAIL:],
    )


@register.filter
def moment(value: datetime | None, style: str = "moment") -> SafeString | str:
    """A point in time: in UTC from the server, in the reader's zone where there are scripts.

    `style` is "moment" (day and time), "day", or "ago" (how long ago, with the moment as a title).
    """
    if value is None:
        return "–"
    written = date_format(value, _("j M Y") if style == "day" else _("j M Y, H:i"))
    shown = say_ago(value) if style == "ago" else written
    return format_html(
        '<time datetime="{}" data-style="{}" title="{} UTC">{}</time>', value.isoformat(), style, written, shown
    )


def say_ago(value: datetime) -> str:
    """How long ago in the largest unit that fits, such as "3 h ago"."""
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
    """The icon of a message by its level."""
    names = {"success": "circle-check", "warning": "triangle-alert", "error": "circle-alert"}
    return icon(names.get(level, "info"))


@register.filter
def initial(name: str) -> str:
    """The first letter of a name, for its picture."""
    return name[:1]


@register.filter
def undo_address(message: Message) -> str:
    """The address that undoes what a message says; empty where nothing does."""
    return toasts.undo_address(message)


@register.simple_tag
def arena_picture(scenario: Scenario) -> SafeString:
    """A small picture of the scenario's arena."""
    return arenas.picture(scenario)


@register.filter
def sparkline(values: list[float]) -> SafeString:
    """A line of at least two figures without axes; the figures stand elsewhere."""
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
    """A whole number without its sign."""
    return abs(value)


@register.simple_tag(takes_context=True)
def sort_head(context: template.Context, name: str, label: str, css: str = "") -> SafeString:
    """The head of a column by which a list can be sorted: a link to the order, or to the opposite one where it is in
    it.
    """
    parameters = context["request"].GET.copy()
    sort = parameters.get("sort", "")
    parameters.pop("page", None)
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
    """A link of the tabs of a section, marked on its page."""
    match = getattr(context["request"], "resolver_match", None)
    here = SafeString(' aria-current="page"') if match is not None and match.url_name == name else ""
    return format_html('<a href="{}"{}>{}</a>', reverse(name), here, label)


@register.filter
def prose(text: str) -> SafeString:
    """A text of a user's own in Markdown (CommonMark with tables).

    HTML in it is shown as it is written, not as HTML.
    """
    return SafeString(MARKDOWN.render(text))


@register.inclusion_tag("parts/api_examples.html", takes_context=True)
def api_examples(context: template.Context, kind: str, key: str | int) -> dict[str, object]:
    """A disclosure with the lines of curl and of the Python client for just what a page shows."""
    found = examples.EXAMPLES[kind](key)
    origin = context["request"].build_absolute_uri("/")[:-1]
    return {"examples": found, "origin": origin, "LANGUAGE_CODE": context.get("LANGUAGE_CODE")}
