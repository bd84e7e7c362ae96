"""Template tag for the rows of a comparison of two agents, built as text like those of boards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.templatetags.arena import from_to, interval_bar, percent, signed
from portal.wording import tell_name
from tournament.comparing import Against, PairedInterval

register = template.Library()


@register.simple_tag(takes_context=True)
def opponent_rows(context: template.Context, rows: list[Mapping[str, Any]]) -> SafeString:
    """Return rows of the table of opponents (`portal.views.comparisons.describe_row`)."""
    table = OpponentTable(context)
    return SafeString("".join(table.write_row(row) for row in rows))


class OpponentTable:
    """What all rows of a comparison have in common: addresses, words and the axis of the differences."""

    def __init__(self, context: template.Context) -> None:
        self.names = [tell_name(context[place].name) for place in ("first", "second")]
        self.team, self.axis = context["first"].team, (context["least"], context["most"], 0)
        self.agent = reverse("agent", args=["a"]).removesuffix("a/")
        self.pairing = reverse("pairing", args=[0]).removesuffix("0/")
        self.watch, self.episodes = escape(_("Watch")), _("Episodes of %(one)s and %(other)s")
        self.typical = _("Watch a typical pair of episodes against %(name)s")

    def write_row(self, row: Mapping[str, Any]) -> str:
        result: Against = row["result"]
        difference, opponent = result.difference, tell_name(row["opponent"].name)
        bar = interval_bar(difference.lower, difference.value, difference.upper, *self.axis)
        better = from_to(percent(result.better.lower, 0), percent(result.better.upper, 0))
        return (
            f'<tr><th scope="row"><a href="{self.agent}{row["opponent"].slug}/">{escape(opponent)}</a> '
            f'<span class="narrow-only team-{self.team}">{bar}</span></th>'
            f'<td class="n wide-only">{intcomma(result.count)}</td>'
            f"{self.write_payoff(0, row, result.first)}{self.write_payoff(1, row, result.second)}"
            f'<td class="n">{self.write_difference(difference)}</td>'
            f'<td class="wide-only plot team-{self.team}">{bar}</td>'
            f'<td class="n wide-only">{percent(result.better.value, 0)}<br>'
            f'<span class="soft small">{escape(better)}</span></td>{self.write_replays(row, opponent)}</tr>\n'
        )

    def write_payoff(self, place: int, row: Mapping[str, Any], payoff: float) -> str:
        """Return the cell of one agent's payoff, with a link to its pairing."""
        title = self.episodes % {"one": self.names[place], "other": tell_name(row["opponent"].name)}
        address = f"{self.pairing}{row['pairings'][place]}/"
        return f'<td class="n"><a href="{address}" title="{escape(title)}">{signed(payoff)}</a></td>'

    def write_difference(self, difference: PairedInterval) -> str:
        if difference.lower is None:
            return signed(difference.value)
        interval = from_to(signed(difference.lower), signed(difference.upper))
        return f'{signed(difference.value)}<br><span class="soft small">{escape(interval)}</span>'

    def write_replays(self, row: Mapping[str, Any], opponent: str) -> str:
        address, label = reverse("beside", args=row["episodes"]), escape(self.typical % {"name": opponent})
        return f'<td class="tight wide-only"><a href="{address}" aria-label="{label}">{self.watch}</a></td>'
