"""How numbers, states and intervals are written on pages."""

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
from tournament.forecasts import Span

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
    """A link of the main navigation, marked when the page belongs under it."""
    request = context.get("request")
    match = getattr(request, "resolver_match", None)
    here = match is not None and match.url_name in SECTIONS[name]
    return format_html(
        '<a href="{}"{}>{}</a>', reverse(name), SafeString(' aria-current="page"') if here else "", label
    )


@register.filter
def may_be_changed_by(thing: Owned, user: Any) -> bool:
    """Return whether a user may change a thing."""
    return may_change(user, thing)


@register.filter
def percent(value: float | None, digits: int = 1) -> str:
    """0.1234 as '12.3 %'."""
    return "–" if is_missing(value) else f"{100 * value:.{digits}f} %"  # type: ignore[operator]


@register.filter
def chance(value: float | None) -> str:
    """An estimated probability in whole percent, which is never certainty."""
    if is_missing(value):
        return "–"
    if value >= 0.995:  # type: ignore[operator]
        return ">\u00a099\u00a0%"
    if value < 0.005:  # type: ignore[operator]
        return "<\u00a01\u00a0%"
    return f"{100 * value:.0f}\u00a0%"  # type: ignore[operator]


@register.filter
def fixed(value: float | None, digits: int = 2) -> str:
    """A number with this many digits behind the point and a true minus sign; a dash when there is none."""
    if is_missing(value):
        return "–"
    return f"{value:z,.{digits}f}".replace("-", "−")


@register.filter
def elo(value: float | None) -> str:
    """A rating in whole points."""
    return "–" if is_missing(value) else f"{round(value)}".replace("-", "−")  # type: ignore[arg-type]


@register.simple_tag
def elo_range(lower: float | None, upper: float | None) -> str:
    """An interval of ratings; with words where a minus sign would be read as a dash."""
    if is_missing(lower) or is_missing(upper):
        return _("no interval")
    between = _(" to ") if lower < 0 else "\u2060–\u2060"  # type: ignore[operator]
    return f"{elo(lower)}{between}{elo(upper)}"


@register.filter
def signed(value: float | None, digits: int = 3) -> str:
    """The same with its sign, which zero has none of."""
    if is_missing(value):
        return "–"
    if round(value, digits) == 0:  # type: ignore[arg-type]
        return f"{0:.{digits}f}"
    return f"{value:+.{digits}f}".replace("-", "−")


ALIKE = 1e-7
"""A standard error below this is the rounding of sums of squares: the values are all the same."""


@register.filter
def plus_minus(error: float | None, digits: int = 3) -> str:
    """The standard error beside a mean; empty where it is unknown, and no number where all values are the same."""
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
    """Seconds in the words of a person who waits."""
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
    """A range of seconds in words, such as "about 20 s (10 s to 2 min)"; with the word "left", of what remains."""
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
    """An interval of two written figures in words, which hold also where they are negative."""
    return _("%(low)s to %(high)s") % {"low": low, "high": high}


TEAM_NAMES = {"camera": gettext_lazy("camera"), "target": gettext_lazy("target")}


@register.simple_tag
def team_name(team: str) -> str:
    """A team in words, as a title."""
    return str(TEAM_NAMES[team]).capitalize()


@register.filter(name="in_language")
def tell_in_language(text: str) -> str:
    """A text of a floor below in the reader's language."""
    return in_language(text)


@register.filter
def coded(text: str) -> SafeString:
    """A message as it is also told in terminals and by the API: what stands in backticks there is code on a page."""
    return SafeString(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)))


@register.filter
def sentence(text: str) -> str:
    """The text with a capital letter, unless it begins with a file's name or the like, which is spelt as it is."""
    first = text.split(" ", 1)[0].rstrip(",:;.")
    return text[:1].upper() + text[1:] if first.isalpha() else text


@register.filter(name="first_fault")
def find_first_fault(form: BaseForm) -> str:
    """The name of the first field with an error."""
    return first_fault(form)


@register.filter
def faulty(form: BaseForm) -> list[BoundField]:
    """The fields of a form that have to be corrected."""
    return [field for field in form if field.errors]


@register.simple_tag
def state_badge(state: str, label: str) -> SafeString:
    return format_html('<span class="badge {}">{}</span>', STATE_TONES.get(state, ""), in_language(label))


@register.simple_tag
def team_badge(team: str) -> SafeString:
    return format_html('<span class="badge {}">{}</span>', team, TEAM_NAMES[team])


ARROW = '<svg x="{}" y="50%" overflow="visible"><path class="beyond" d="M0 0 {} -4.5v9z"/></svg>'
LEFT, RIGHT = (SafeString(ARROW.format(*numbers)) for numbers in (("0", 6), ("100%", -6)))
"""What is beyond an end of the axis."""


@register.simple_tag
def interval_bar(
    low: float | None, value: float | None, high: float | None, least: float, most: float, mark: float | None = None
) -> SafeString:
    """A point with its interval on the axis from `least` to `most`, as a small picture; the figures stand beside it.

    An upright line stands at `mark`, where it is on the axis. An arrow at an end says that the interval goes on beyond
    it.
    """
    if is_missing(value) or is_missing(low) or is_missing(high):
        return SafeString("")
    span = (most - least) or 1.0

    def at(x: float) -> str:
        return f"{4 + 92 * min(max((x - least) / span, 0.0), 1.0):.2f}%"

    upright = beyond = SafeString("")
    if mark is not None and least <= mark <= most:
        upright = format_html('<line class="mark" x1="{0}" x2="{0}" y1="0" y2="100%"/>', at(mark))
    for end, points in ((low < least - 1e-9, LEFT), (high > most + 1e-9, RIGHT)):  # type: ignore[operator]
        beyond += points if end else SafeString("")
    point = SafeString("")
    if least <= value <= most:  # type: ignore[operator]
        point = format_html('<circle class="point" cx="{}" cy="50%" r="4"/>', at(value))  # type: ignore[arg-type]
    return format_html(
        '<svg class="interval" aria-hidden="true"><line class="axis" x1="0" x2="100%" y1="50%" y2="50%"/>{}'
        '<line class="span" x1="{}" x2="{}" y1="50%" y2="50%"/>{}{}</svg>',
        upright,
        at(low),  # type: ignore[arg-type]
        at(high),  # type: ignore[arg-type]
        beyond,
        point,
    )


@register.simple_tag
def mass_bar(mass: float | None) -> SafeString:
    """A share from 0 to 1 with its figure."""
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
    """The page's query string with some parameters replaced; None removes one."""
    parameters = context["request"].GET.copy()
    for key, value in changes.items():
        if value is None:
            parameters.pop(key, None)
        else:
            parameters[key] = value
    return f"?{parameters.urlencode()}" if parameters else "?"


@register.simple_tag
def measured(value: float | None, measure: Any) -> str:
    """A number in the way of its measure: a signed payoff, a share in percent, or a plain number."""
    if measure.unit == "payoff":
        return signed(value, measure.digits)
    return percent(value, measure.digits) if measure.unit == "share" else fixed(value, measure.digits)


@register.simple_tag
def error_of(value: float | None, measure: Any) -> str:
    """A standard error in the way of its measure; as `plus_minus` where it is unknown or all values are the same."""
    if measure.unit == "share" and not is_missing(value) and value >= ALIKE:  # type: ignore[operator]
        return f"± {percent(value, 2)}"
    return plus_minus(value, measure.digits + (measure.unit != "payoff"))


@register.simple_tag
def payoff_row(cells: list[Any]) -> SafeString:
    """The cells of a row of a payoff table: payoff with a link, error, episodes. A large table has thousands."""
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
def payoff(episode: Any) -> float:
    """What the episode is worth to the camera."""
    return -episode.normalised_reward
