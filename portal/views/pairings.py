"""One pairing with its episodes."""

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from tournament import queries
from tournament.models import Episode, Pairing

PAGE = 25
DISTRIBUTION_OF = 5000  # The picture shows at most this many of the latest episodes.
ORDERS = {
    "number": ("id", "when it was played"),
    "best": ("normalised_reward", "the camera's payoff, best first"),
    "worst": ("-normalised_reward", "the camera's payoff, worst first"),
    "steps": ("-steps", "length, longest first"),
    "coverage": ("-coverage", "coverage, highest first"),
    "transport": ("-transport", "transport, highest first"),
}


@require_safe
def pairing(request: HttpRequest, pairing_id: int) -> HttpResponse:
    pairing = get_object_or_404(Pairing.objects.select_related("scenario", "camera", "target"), pk=pairing_id)
    episodes = queries.episodes_of(pairing)
    engine = queries.newest_engine(pairing)
    summarised = queries.episodes_of(pairing, engine)  # Episodes of different engines are not averaged together.
    order = request.GET.get("order", "number")
    column, _ = ORDERS.get(order, ORDERS["number"])
    rewards = summarised.order_by("-id").values_list("normalised_reward", flat=True)[:DISTRIBUTION_OF]
    summary = queries.summarise(summarised)
    context = {
        "pairing": pairing,
        "summary": summary,
        "engine": engine,
        "num_older": episodes.count() - summary.episodes,
        "histogram": draw_histogram(queries.distribution([-reward for reward in rewards]), summary.payoff.value),
        "page": Paginator(episodes.order_by(column, "id"), PAGE).get_page(request.GET.get("page")),
        "order": order,
        "orders": [(value, label) for value, (_, label) in ORDERS.items()],
        "notable": notable_episodes(summarised),
        "tournaments": pairing.tournaments.select_related("scenario", "owner")[:10],
    }
    return render(request, "pairings/pairing.html", context)


def notable_episodes(episodes: QuerySet[Episode]) -> list[tuple[str, Episode]]:
    """The camera's best, median and worst episode, with what to call them."""
    ordered = episodes.order_by("normalised_reward", "id")
    count = ordered.count()
    if count < 3:
        return []
    places = (("The camera's best", 0), ("The median", count // 2), ("The camera's worst", count - 1))
    return [(label, ordered[place]) for label, place in places]


WIDTH, BASE = 600.0, 92.0


def draw_histogram(bins: list[queries.Bin], mean: float | None) -> dict[str, object] | None:
    """Bars in the coordinates of a 600 by 92 picture."""
    if not bins or mean is None:
        return None
    most = max(bin.count for bin in bins)
    step = WIDTH / len(bins)
    bars = [
        {
            "x": f"{i * step + 0.5:.1f}",
            "y": f"{BASE * (1 - bin.count / most):.1f}",
            "h": f"{BASE * bin.count / most:.1f}",
            "bin": bin,
        }
        for i, bin in enumerate(bins)
    ]
    low, high = bins[0].low, bins[-1].high
    at = WIDTH * (mean - low) / (high - low) if high > low else WIDTH / 2
    return {"bars": bars, "width": f"{step - 1:.1f}", "low": low, "high": high, "mean_x": f"{at:.1f}", "base": BASE}
