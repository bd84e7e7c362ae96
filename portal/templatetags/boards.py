"""Template tags for the rows of leaderboards.

The cells are built as text. In a template, the rows take more than half of the time of a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django import template
from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.templatetags.arena import (
    chance,
    elo,
    elo_range,
    interval_bar,
    mass_bar,
    percent,
    plus_minus,
    signed,
)
from portal.templatetags.parts import cut, icon, moment, sparkline
from portal.texts import in_language
from portal.wording import tell_name
from tournament.models import Agent, AgentKind
from tournament.ratings import AgentRating

register = template.Library()

Row = Mapping[str, Any]
"""A row of `portal.views.leaderboards.describe_row`."""


@register.simple_tag
def rank_move(move: int) -> SafeString:
    """Return by how many places an agent moved in a day: up if positive, down if negative, empty for 0."""
    if not move:
        return SafeString("")
    number = abs(move)
    if move > 0:
        title = ngettext("%(number)s place up since yesterday", "%(number)s places up since yesterday", number)
    else:
        title = ngettext("%(number)s place down since yesterday", "%(number)s places down since yesterday", number)
    css, arrow = ("up", "▲") if move > 0 else ("down", "▼")
    return SafeString(f'<span class="move {css}" title="{escape(title % {"number": number})}">{arrow} {number}</span>')


@register.simple_tag(takes_context=True)
def board_rows(context: template.Context) -> SafeString:
    """Return the rows of the board `side`, with a cell for each of the `columns`."""
    table = BoardTable(context)
    return SafeString("".join(table.write_row(row) for row in context["side"]["rows"]))


class BoardTable:
    """What all rows of a board have in common: addresses, words, and the cells to write."""

    def __init__(self, context: template.Context) -> None:
        side, scenario = context["side"], context["board"].snapshot.scenario
        self.team, self.axis = side["team"], (side["least"], side["most"])
        self.user = context["user"].pk if context["user"].is_authenticated else None
        self.is_full = context["has_extra"]
        self.columns = [CELLS[column.name] for column in context["columns"]]
        self.compare = reverse("compare", args=[scenario.slug])
        self.agent = reverse("agent", args=["a"]).removesuffix("a/")
        has_details = not self.is_full and not context["board"].snapshot.tournament_id
        self.details = reverse("board_row", args=[scenario.slug, "a"]).removesuffix("a/") if has_details else ""
        self.kinds = {kind.value: escape(kind.label) for kind in AgentKind}
        self.anchor, self.chevron = escape(_("anchor")), icon("chevron-down")

    def write_row(self, row: Row) -> str:
        agent = row["line"].agent
        css = ' class="mine"' if self.user is not None and agent.owner_id == self.user else ""
        cells = "".join(cell(self, row, row["rating"]) for cell in self.columns)
        return f"<tr{css}>{cells}{self.write_opener(agent) if self.details else ''}</tr>\n"

    def write_rank(self, row: Row, rating: AgentRating) -> str:
        agent, rival = row["line"].agent, row["rival"]
        if rival:
            names = {"name": tell_name(agent.name), "rival": tell_name(rival.agent.name)}
            title = escape(_("Compare %(name)s with %(rival)s") % names)
            address = f"{self.compare}?first={agent.slug}&amp;second={rival.agent.slug}"
            rank = f'<a class="rank" href="{address}" title="{title}">{rating.rank}</a>'
        else:
            rank = f'<span class="rank">{"–" if rating.rank is None else rating.rank}</span>'
        if rating.rank is not None and rating.best_rank != rating.worst_rank:
            rank += f' <span class="rank-range">{rating.best_rank}&#8288;–&#8288;{rating.worst_rank}</span>'
        return f'<td class="n">{rank}</td>'

    def write_agent(self, row: Row, rating: AgentRating) -> str:
        agent = row["line"].agent
        badge = ""
        if rating.rating is None:
            badge = f' <span class="badge">{escape(_("unrated"))}</span>'
        elif rating.is_provisional:
            title = escape(_("Few episodes: the interval is wide"))
            badge = f' <span class="badge warn" title="{title}">{escape(_("provisional"))}</span>'
        return (
            f'<th scope="row"><span class="agent-name">{self.link_agent(agent)} {rank_move(row["move"])}{badge}</span> '
            f'<span class="agent-note">{self.write_note(agent)}</span></th>'
        )

    def link_agent(self, agent: Agent) -> str:
        return f'<a href="{self.agent}{agent.slug}/">{conditional_escape(cut(agent.name))}</a>'

    def write_note(self, agent: Agent) -> str:
        """Return who made the agent, what it is and when it was added."""
        owner = f"{escape(agent.owner.get_username())} · " if agent.owner else ""
        what = escape(in_language(agent.architecture)) if agent.architecture else self.kinds[agent.kind]
        when = f" · {moment(agent.created, 'day')}" if agent.kind != AgentKind.BUILTIN else ""
        return f"{owner}{what}{when}"

    def write_elo(self, row: Row, rating: AgentRating) -> str:
        if rating.rating is None:
            title = escape(_("No episode connects it with the greedy agent"))
            return f'<td class="n"><span class="soft" title="{title}">–</span></td>'
        interval = self.write_interval(rating, rating.lower, rating.upper)
        return f'<td class="n"><strong>{elo(rating.rating)}</strong><br><span class="of">{interval}</span></td>'

    def write_interval(self, rating: AgentRating, lower: float | None, upper: float | None) -> str:
        return self.anchor if rating.is_anchor else elo_range(lower, upper)

    def draw_interval(self, row: Row, rating: AgentRating) -> str:
        css = "plot" if self.is_full else "plot wide-only"
        bar = interval_bar(rating.lower, rating.rating, rating.upper, *self.axis, 1000)
        return f'<td class="{css} team-{self.team}">{bar}</td>'

    def write_first(self, row: Row, rating: AgentRating) -> str:
        value = rating.first_probability
        soft = " soft" if value is not None and value < 0.005 else ""
        return f'<td class="n wide-only{soft}">{escape(chance(value))}</td>'

    def write_nash(self, row: Row, rating: AgentRating) -> str:
        support = ""
        if self.is_full and rating.nash_support:
            share = percent(rating.nash_support, 0)
            title = _("In the equilibrium of %(share)s of the bootstrap replicates") % {"share": share}
            words = _("in %(chance)s") % {"chance": chance(rating.nash_support)}
            support = f'<br><span class="of" title="{escape(title)}">{escape(words)}</span>'
        return f'<td class="n"><span class="team-{self.team}">{mass_bar(rating.nash_mass)}</span>{support}</td>'

    def write_margin(self, row: Row, rating: AgentRating) -> str:
        if rating.margin is None:
            return '<td class="n">–</td>'
        interval = self.write_interval(rating, rating.margin_lower, rating.margin_upper)
        return f'<td class="n">{elo(rating.margin)}<br><span class="of">{interval}</span></td>'

    def write_skill(self, row: Row, rating: AgentRating) -> str:
        return f'<td class="n">{signed(rating.nash_skill)}</td>'

    def write_deviation(self, row: Row, rating: AgentRating) -> str:
        return f'<td class="n">{signed(rating.deviation)}</td>'

    def write_payoff(self, row: Row, rating: AgentRating) -> str:
        known = rating.payoff_error is not None
        error = f'<br> <span class="of">{escape(plus_minus(rating.payoff_error))}</span>' if known else ""
        return f'<td class="n">{signed(rating.payoff)}{error}</td>'

    def write_worst(self, row: Row, rating: AgentRating) -> str:
        worst, pairing = row["worst"], row["worst_pairing"]
        if worst and pairing:
            return f'<td><a href="{reverse("pairing", args=[pairing])}">{conditional_escape(cut(worst.name))}</a></td>'
        return f"<td>{escape(tell_name(worst.name)) if worst else '–'}</td>"

    def write_exploitability(self, row: Row, rating: AgentRating) -> str:
        attack = row["attack"]
        if not attack:
            return '<td class="n">–</td>'
        found = attack.result.get("exploitability")
        if not found:
            gain = signed(attack.result["payoff"]["mean"])
        else:
            gain = escape(_("none found")) if found["mean"] <= 0 else f"≥ {signed(found['mean'])}"
        span = ""
        if found and found.get("low") is not None:
            span = f'<br><span class="of">{signed(found["low"])} {escape(_("to"))} {signed(found["high"])}</span>'
        return f'<td class="n"><a href="{reverse("attack", args=[attack.pk])}">{gain}</a>{span}</td>'

    def write_episodes(self, row: Row, rating: AgentRating) -> str:
        opponents = ""
        if self.is_full:
            number = rating.num_opponents
            words = ngettext("%(number)s opponent", "%(number)s opponents", number) % {"number": number}
            opponents = f'<br><span class="of">{escape(words)}</span>'
        return f'<td class="n wide-only">{intcomma(rating.num_episodes)}{opponents}</td>'

    def draw_trend(self, row: Row, rating: AgentRating) -> str:
        return f'<td class="wide-only team-{self.team}">{sparkline(row["trend"])}</td>'

    def write_opener(self, agent: Agent) -> str:
        """Return the button that shows the agent's hardest opponents and replays below the row."""
        label = escape(_("Opponents and replays of %(name)s") % {"name": tell_name(agent.name)})
        return (
            f'<td class="opener"><button class="tool" type="button" data-more="{self.details}{agent.slug}/" hidden '
            f'aria-expanded="false" aria-label="{label}">{self.chevron}</button></td>'
        )


CELLS: dict[str, Callable[[BoardTable, Row, AgentRating], str]] = {
    "rank": BoardTable.write_rank,
    "agent": BoardTable.write_agent,
    "elo": BoardTable.write_elo,
    "interval": BoardTable.draw_interval,
    "first": BoardTable.write_first,
    "nash": BoardTable.write_nash,
    "margin": BoardTable.write_margin,
    "skill": BoardTable.write_skill,
    "deviation": BoardTable.write_deviation,
    "payoff": BoardTable.write_payoff,
    "worst": BoardTable.write_worst,
    "exploitability": BoardTable.write_exploitability,
    "episodes": BoardTable.write_episodes,
    "trend": BoardTable.draw_trend,
}
"""The cell of each column of `portal.listing.columns`."""
