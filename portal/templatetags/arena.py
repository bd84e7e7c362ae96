"""Template tags and filters for numbers, states and intervals."""

import math
import re
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.forms import BaseForm, BoundField
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.forms.rendering import first_fault
from portal.people.permissions import Owned, may_change
from portal.texts import in_language
from portal.wording import tell_algorithm, tell_name, tell_value
from tournament.forecasts import Span
from tournament.models import Episode

register = template.Library()

STATE_TONES = {
    "playing": "live", "checking": "live", "leased": "live", "running": "live",
    "training": "live", "evaluating": "live",
    "finished": "good", "accepted": "good", "done": "good", "ok": "good",
    "failed": "bad", "refused": "bad",
}  # fmt: skip

SECTIONS = {
    "leaderboards": {
        "leaderboards",
        "leaderboard",
        "snapshots",
        "snapshot",
        "payoffs",
        "compare",
        "pairing",
        "replay",
        "beside",
        "replay_film",
        "scenarios",
        "scenario",
        "scenario_create",
    },
    "agents": {"agents", "agent", "agent_attack", "agent_edit", "attack"},
    "tournaments": {
        "tournaments",
        "tournament",
        "tournament_create",
        "tournament_snapshot",
        "tournament_payoffs",
        "choices",
        "schedules",
        "schedule",
        "schedule_create",
        "schedule_edit",
    },
    "trainings": {
        "trainings",
        "training",
        "training_create",
        "training_compare",
        "psro_runs",
        "psro_run",
        "psro_create",
        "studies",
        "study",
        "study_create",
    },
    "uploads": {"uploads", "upload", "upload_create"},
    "status": {"status"},
    "about": {"about", "documents", "document"},
}


@register.simple_tag(takes_context=True)
def nav_link(context: template.Context, name: str, label: str) -> SafeString:
    """Return a link of the main navigation, which is marked on the pages of its section."""
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    here = match is not None and match.url_name in SECTIONS[name]
    return format_html(
        '<a href="{}"{}>{}</a>', reverse(name), SafeString(' aria-current="page"') if here else "", label
    )


@register.filter
def may_be_changed_by(thing: Owned, user: Any) -> bool:
    """Return whether a user may change an object."""
    return may_change(user, thing)


@register.filter
def percent(value: float | None, digits: int = 1) -> str:
    """Return a fraction in percent: 0.1234 as '12.3 %'."""
    return "–" if is_missing(value) else f"{100 * value:.{digits}f} %"  # type: ignore[operator]


@register.filter
def chance(value: float | None) -> str:
    """Return an estimated probability in whole percent; near 0 and 1, it is "< 1 %" and "> 99 %"."""
    if is_missing(value):
        return "–"
    if value >= 0.995:  # type: ignore[operator]
        return ">\u00a099\u00a0%"
    if value < 0.005:  # type: ignore[operator]
        return "<\u00a01\u00a0%"
    return f"{100 * value:.0f}\u00a0%"  # type: ignore[operator]


@register.filter
def fixed(value: float | None, digits: int = 2) -> str:
    """Return a number with a fixed number of decimals and a typographic minus sign; a dash if it is missing."""
    if is_missing(value):
        return "–"
    return f"{value:z,.{digits}f}".replace("-", "−")


@register.filter
def elo(value: float | None) -> str:
    """Return a rating in whole Elo points."""
    return "–" if is_missing(value) else f"{round(value)}".replace("-", "−")  # type: ignore[arg-type]


@register.simple_tag
def elo_range(lower: float | None, upper: float | None) -> str:
    """Return an interval of ratings. Negative bounds are joined by "to", since a dash would look like a minus sign."""
    if is_missing(lower) or is_missing(upper):
        return _("no interval")
    between = _(" to ") if lower < 0 else "\u2060–\u2060"  # type: ignore[operator]
    return f"{elo(lower)}{between}{elo(upper)}"


@register.filter
def signed(value: float | None, digits: int = 3) -> str:
    """Return a number with its sign and a fixed number of decimals; zero has no sign."""
    if is_missing(value):
        return "–"
    if round(value, digits) == 0:  # type: ignore[arg-type]
        return f"{0:.{digits}f}"
    return f"{value:+.{digits}f}".replace("-", "−")


ALIKE = 1e-7
"""A standard error below this comes from rounding: all values are equal."""


@register.filter
def plus_minus(error: float | None, digits: int = 3) -> str:
    """Return a standard error with ±; empty if it is unknown, and without a number if all values are equal."""
    if error is None or is_missing(error):
        return ""
    if error < ALIKE:
        return _("all alike")
    least = 10**-digits
    return f"± {fixed(error, digits)}" if error >= least / 2 else f"± < {fixed(least, digits)}"


def is_missing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and not math.isfinite(value))


@register.filter
def duration(seconds: float | None) -> str:
    """Return a duration in seconds as a short text for people who wait."""
    if is_missing(seconds):
        return _("not known yet")
    whole = round(seconds)  # type: ignore[arg-type]
    if whole < 1:
        return _("under a second")
    if whole < 90:
        return _("%(count)s s") % {"count": whole}
    if whole < 90 * 60:
        return _("%(count)s min") % {"count": round(whole / 60)}
    if whole < 48 * 3600:
        return _("%(count)s h") % {"count": f"{whole / 3600:.1f}"}
    return _("%(count)s days") % {"count": f"{whole / 86400:.1f}"}


@register.filter
def span(value: Span | None, word: str = "") -> str:
    """Return a range of seconds in words, such as "about 20 s (10 s to 2 min)".

    The word "left" marks remaining time.
    """
    if value is None:
        return _("not known yet")
    after = _("%(time)s left") if word == "left" else "%(time)s"
    if value.high is None:
        return after % {"time": _("at least %(time)s") % {"time": duration(value.low)}}
    low, expected, high = (duration(seconds) for seconds in (value.low, value.expected, value.high))
    about = after % {"time": expected if value.expected < 0.5 else _("about %(time)s") % {"time": expected}}
    return about if low == high else _("%(about)s (%(low)s to %(high)s)") % {"about": about, "low": low, "high": high}


@register.simple_tag
def from_to(low: str, high: str) -> str:
    """Return an interval of two formatted numbers, joined by "to", which also suits negative ones."""
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


TEAM_NAMES = {"camera": gettext_lazy("camera"), "target": gettext_lazy("target")}


@register.simple_tag
def team_name(team: str) -> str:
    """Return the name of a team, capitalised."""
    return str(TEAM_NAMES[team]).capitalize()


@register.filter(name="in_language")
def tell_in_language(text: str) -> str:
    """Return a text of a lower floor in the reader's language."""
    return in_language(text)


register.filter("named", tell_name)
register.filter("value_in_language", tell_value)
register.filter("algorithm", tell_algorithm)


@register.filter
def coded(text: str) -> SafeString:
    """Return a message as HTML, with text in backticks as code. Terminals and the API show the backticks."""
    return SafeString(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)))


@register.filter
def sentence(text: str) -> str:
    """Return the text with a capital first letter, unless its first word is not plain, such as a file name."""
    first = text.split(" ", 1)[0].rstrip(",:;.")
    return text[:1].upper() + text[1:] if first.isalpha() else text


@register.filter(name="first_fault")
def find_first_fault(form: BaseForm) -> str:
    """Return the name of the first field with an error."""
    return first_fault(form)


@register.filter
def faulty(form: BaseForm) -> list[BoundField]:
    """Return the fields of a form that have errors."""
    return [field for field in form if field.errors]


@register.simple_tag
def state_badge(state: str, label: str) -> SafeString:
    return format_html('<span class="badge {}">{}</span>', STATE_TONES.get(state, ""), in_language(label))


@register.simple_tag
def team_badge(team: str) -> SafeString:
    return format_html('<span class="badge {}">{}</span>', team, TEAM_NAMES[team])


ARROW = '<svg x="{}" y="50%" overflow="visible"><path class="beyond" d="M0 0 {} -4.5v9z"/></svg>'
LEFT, RIGHT = (SafeString(ARROW.format(*numbers)) for numbers in (("0", 6), ("100%", -6)))
"""Arrows for values beyond the ends of the axis."""


@register.simple_tag
def interval_bar(
    low: float | None, value: float | None, high: float | None, least: float, most: float, mark: float | None = None
) -> SafeString:
    """Return a point with its interval as a small chart on the axis from `least` to `most`.

    A vertical line marks `mark` if it is on the axis. An arrow at an end shows that the interval continues beyond it.
    """
    if is_missing(value) or is_missing(low) or is_missing(high):
        return SafeString("")
    span = (most - least) or 1.0

    def at(x: float) -> str:
        return f"{4 + 92 * min(max((x - least) / span, 0.0), 1.0):.2f}%"

    upright = beyond = SafeString("")
    if mark is not None and least <= mark <= most:
        upright = SafeString(f'<line class="mark" x1="{at(mark)}" x2="{at(mark)}" y1="0" y2="100%"/>')
    for end, points in ((low < least - 1e-9, LEFT), (high > most + 1e-9, RIGHT)):  # type: ignore[operator]
        beyond += points if end else SafeString("")
    point = SafeString("")
    if least <= value <= most:  # type: ignore[operator]
        point = SafeString(f'<circle class="point" cx="{at(value)}" cy="50%" r="4"/>')  # type: ignore[arg-type]
    ends = f'x1="{at(low)}" x2="{at(high)}"'  # type: ignore[arg-type]
    return SafeString(
        f'<svg class="interval" aria-hidden="true"><line class="axis" x1="0" x2="100%" y1="50%" y2="50%"/>{upright}'
        f'<line class="span" {ends} y1="50%" y2="50%"/>{beyond}{point}</svg>'
    )


@register.simple_tag
def mass_bar(mass: float | None) -> SafeString:
    """Return a bar for a share from 0 to 1, with its number."""
    if is_missing(mass):
        return SafeString("–")
    return format_html(
        '<span class="mass"><svg aria-hidden="true"><rect width="100%" height="100%" rx="3"/>'
        '<rect width="{}%" height="100%" rx="3"/></svg>{}</span>',
        f"{100 * mass:.1f}",  # type: ignore[operator]
        "0" if mass == 0 else percent(mass, 0 if mass > 0.9995 else 1),  # type: ignore[operator]
    )


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, **changes: Any) -> str:
    """Return the page's query string with some parameters replaced. None removes a parameter."""
    parameters = context["request"].GET.copy()
    for key, value in changes.items():
        if value is None:
            parameters.pop(key, None)
        else:
            parameters[key] = value
    return f"?{parameters.urlencode()}" if parameters else "?"


@register.simple_tag
def measured(value: float | None, measure: Any) -> str:
    """Return a number in the unit of its measure: a signed payoff, a share in percent, or a plain number."""
    if measure.unit == "payoff":
        return signed(value, measure.digits)
    return percent(value, measure.digits) if measure.unit == "share" else fixed(value, measure.digits)


@register.simple_tag
def error_of(value: float | None, measure: Any) -> str:
    """Return a standard error in the unit of its measure; as `plus_minus` if it is unknown or all values are equal."""
    if measure.unit == "share" and not is_missing(value) and value >= ALIKE:  # type: ignore[operator]
        return f"± {percent(value, 2)}"
    return plus_minus(value, measure.digits + (measure.unit != "payoff"))


@register.simple_tag
def payoff_row(cells: list[Any]) -> SafeString:
    """Return the cells of a row of a payoff table: payoff with a link, error, episodes.

    Built as text, because large tables have thousands.
    """
    base, none = reverse("pairing", args=[0]).removesuffix("0/"), escape(_("not played"))
    unknown = escape(_("error not known"))
    return SafeString(
        "".join(
            f'<td><a href="{base}{cell.pairing}/">{signed(cell.payoff)}</a><br><span class="soft small">'
            f"{plus_minus(cell.error) if cell.count > 1 else unknown}, {intcomma(cell.count)}</span></td>"
            if cell
            else f'<td><span class="soft">{none}</span></td>'
            for cell in cells
        )
    )


@register.filter
def payoff(episode: Episode) -> float:
    """Return the camera's payoff of an episode."""
    return -episode.normalised_reward
