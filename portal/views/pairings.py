"""One pairing: distributions of its episodes, comparisons with other agents, and the list of episodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from mate import Team
from portal.inputs import takes
from portal.listing import keyset
from portal.server.kept_values import kept
from portal.server.visitor_pages import kept_for_visitors
from portal.views.comparisons import axis_of
from tournament import queries
from tournament.distributions import Bin, Distribution, distribute
from tournament.matchups import rivals_of
from tournament.models import Episode, Pairing, Tournament
from tournament.visibility import are_private

PAGE = 25


def find_tournaments(pairing: Pairing) -> QuerySet[Tournament]:
    """Return the tournaments with a pairing. Private ones are only included if the pairing itself is private."""
    found = pairing.tournaments.select_related("scenario", "owner")
    return found if are_private((pairing.camera, pairing.target)) else found.filter(is_private=False)


DISTRIBUTION_OF = 20_000
"""Maximum number of episodes in a distribution; the newest count."""
FIRST_RIVALS, MOST_RIVALS = 8, 40
"""Maximum number of other agents that are compared at once, and with those that can be unfolded."""
ORDERS = {
    "number": ("id", _("when it was played")),
    "best": ("normalised_reward", _("the camera's payoff, best first")),
    "worst": ("-normalised_reward", _("the camera's payoff, worst first")),
    "steps": ("-steps", _("length, longest first")),
    "coverage": ("-coverage", _("coverage, highest first")),
    "transport": ("-transport", _("transport, highest first")),
}


@dataclass(frozen=True)
class PairingMeasure:
    """A measure of episodes: its column, title, unit and format."""

    column: str
    title: Any
    unit: str
    """One of "payoff", "share" and "number"."""
    digits: int = 1
    sign: int = 1
    has_picture: bool = True


MEASURES = (
    PairingMeasure("normalised_reward", _("Payoff of the camera"), "payoff", 3, sign=-1),
    PairingMeasure("coverage", _("Coverage"), "share"),
    PairingMeasure("transport", _("Transport"), "share"),
    PairingMeasure("delivered", _("Delivered cargo"), "number"),
    PairingMeasure("steps", _("Length in steps"), "number", 0),
    PairingMeasure("target_reward", _("Targets' reward"), "number", 0, has_picture=False),
    PairingMeasure("real_coverage", _("Coverage of bounty"), "share", has_picture=False),
)


@require_safe
@kept_for_visitors(10)
@takes("order", "page", *keyset.CURSORS)
def pairing(request: HttpRequest, pairing_id: int) -> HttpResponse:
    order = request.GET.get("order", "number")
    cursors = {name: request.GET.get(name, "") for name in keyset.CURSORS}
    shown = kept(("pairing", pairing_id, order, *cursors.values()), lambda: describe(pairing_id, order, cursors))
    return render(request, "pairings/pairing.html", shown)


def describe(pairing_id: int, order: str, cursors: Mapping[str, str]) -> dict[str, Any]:
    """Return the context of the page, with the episodes in the requested order."""
    pairing = get_object_or_404(Pairing.objects.select_related("scenario", "camera", "target"), pk=pairing_id)
    episodes = queries.episodes_of(pairing)
    engine = queries.newest_engine(pairing)
    counted = queries.episodes_of(pairing, engine)  # Episodes of different engines are never averaged.
    num_episodes = counted.count()
    column = ORDERS.get(order, ORDERS["number"])[0]
    return {
        "pairing": pairing,
        "engine": engine,
        "num_episodes": num_episodes,
        "num_completed": counted.filter(completed=True).count(),
        "num_older": episodes.count() - num_episodes,
        "num_described": min(num_episodes, DISTRIBUTION_OF),
        "measures": describe_measures(counted),
        "rivals": [describe_rivals(pairing, team, counted) for team in Team],
        "page": keyset.read_page(episodes.order_by(column, "id"), cursors, PAGE),
        "order": order,
        "orders": [(value, label) for value, (_column, label) in ORDERS.items()],
        "notable": notable_episodes(counted, num_episodes),
        "tournaments": list(find_tournaments(pairing)[:10]),
    }


def describe_measures(episodes: QuerySet[Episode]) -> list[dict[str, Any]]:
    """Return the distribution of each measure, with its histogram if it has one."""
    columns = [measure.column for measure in MEASURES]
    rows = np.array(list(episodes.order_by("-id").values_list(*columns)[:DISTRIBUTION_OF]), dtype=np.float64)
    described = []
    for measure, values in zip(MEASURES, rows.T, strict=False):
        found = distribute(measure.sign * values)
        if found is not None:
            picture = draw_histogram(found) if measure.has_picture else None
            described.append({"measure": measure, "found": found, "picture": picture})
    return described


def describe_rivals(pairing: Pairing, team: str, episodes: QuerySet[Episode]) -> dict[str, Any]:
    """Return comparisons of a team's agent with other agents against the same opponent, strongest first."""
    rivals = rivals_of(pairing, team, episodes)
    least, most = axis_of([rival.result.difference for rival in rivals])
    is_camera = team == Team.CAMERA
    return {
        "team": team,
        "agent": pairing.camera if is_camera else pairing.target,
        "opponent": pairing.target if is_camera else pairing.camera,
        "first": rivals[:FIRST_RIVALS],
        "others": rivals[FIRST_RIVALS:MOST_RIVALS],
        "num_left": max(len(rivals) - MOST_RIVALS, 0),
        "least": least,
        "most": most,
    }


def notable_episodes(episodes: QuerySet[Episode], count: int) -> list[tuple[Any, Episode]]:
    """Return the camera's best, median and worst episode, each with a label."""
    if count < 3:
        return []
    ordered = episodes.order_by("normalised_reward", "id")
    places = ((_("Best for the camera"), 0), (_("Median"), count // 2), (_("Worst for the camera"), count - 1))
    return [(label, ordered[place]) for label, place in places]


WIDTH, BASE = 300.0, 80.0


def draw_histogram(found: Distribution) -> dict[str, Any]:
    """Return the bars and the mean of a histogram in the coordinates of a picture of 300 by 80."""
    low, high = found.bins[0].low, found.bins[-1].high
    if low == high:  # All values are equal: one bar in the middle.
        bar = {"x": f"{0.47 * WIDTH:.1f}", "y": "0", "height": f"{BASE}", "bin": found.bins[0]}
        return {"bars": [bar], "width": f"{0.06 * WIDTH:.1f}", "mean": None}
    most = max(bin.count for bin in found.bins)
    step = WIDTH / len(found.bins)

    def place(number: int, bin: Bin) -> dict[str, Any]:
        height = BASE * bin.count / most
        return {"x": f"{number * step + 0.4:.1f}", "y": f"{BASE - height:.1f}", "height": f"{height:.1f}", "bin": bin}

    mean = WIDTH * (found.mean - low) / (high - low)
    bars = [place(number, bin) for number, bin in enumerate(found.bins)]
    return {"bars": bars, "width": f"{step - 0.8:.1f}", "mean": f"{mean:.1f}"}
