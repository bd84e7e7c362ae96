"""Search over everything that has a page: agents, tournaments, scenarios, users, trainings, PSRO runs and documents."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from portal.documents.finding import find_in_documents
from tournament import queries
from tournament.models import PsroRun, Purpose, Scenario, Tournament, TrainingRun
from tournament.visibility import seen_tournaments

FEW, MANY = 5, 25
"""Results of a kind while somebody types, and on the page of all results."""
LONGEST_QUERY = 100


@dataclass(frozen=True)
class Found:
    """A page that fits: `note` tells it from others of its name."""

    name: str
    address: str
    note: str = ""


@dataclass(frozen=True)
class Group:
    """What was found of one kind; `icon` is its picture."""

    title: Any
    icon: str
    rows: tuple[Found, ...]


def search(text: str, most: int = FEW, viewer: Any = None) -> list[Group]:
    """Return by kind what fits a text and a viewer sees, kinds without any left out; else where one can go."""
    words = text.strip()[:LONGEST_QUERY]
    if not words:
        return [Group(gettext_lazy("Go to"), "chevron-right", tuple(list_places()))]
    groups = (
        Group(gettext_lazy("Agents"), "bot", tuple(find_agents(words, most, viewer))),
        Group(gettext_lazy("Leaderboards"), "trophy", tuple(find_scenarios(words, most))),
        Group(gettext_lazy("Tournaments"), "swords", tuple(find_tournaments(words, most, viewer))),
        Group(gettext_lazy("Trainings"), "graduation-cap", tuple(find_runs(TrainingRun, "training", words, most))),
        Group(gettext_lazy("PSRO runs"), "git-branch", tuple(find_runs(PsroRun, "psro_run", words, most))),
        Group(gettext_lazy("Users"), "circle-user", tuple(find_users(words, most))),
        Group(gettext_lazy("Documents"), "file", tuple(find_documents(words, most))),
    )
    return [group for group in groups if group.rows]


def list_places() -> Iterator[Found]:
    names = {
        "leaderboards": _("Leaderboards"), "agents": _("Agents"), "tournaments": _("Tournaments"),
        "trainings": _("Trainings"), "psro_runs": _("PSRO runs"), "upload_create": _("Upload checkpoint"),
        "about": _("Help"), "documents": _("Documents"),
    }  # fmt: skip
    for view, name in names.items():
        yield Found(name, reverse(view))


def find_agents(words: str, most: int, viewer: Any = None) -> Iterator[Found]:
    """Names that begin with the text come first."""
    found = queries.find_agents(search=words, viewer=viewer)
    first = found.filter(name__istartswith=words)[:most]
    rest = found.exclude(name__istartswith=words)[:most]
    for agent in [*first, *rest][:most]:
        yield Found(agent.name, reverse("agent", args=[agent.slug]), agent.get_team_display())


def find_scenarios(words: str, most: int) -> Iterator[Found]:
    for scenario in Scenario.objects.filter(name__icontains=words)[:most]:
        yield Found(scenario.name, reverse("leaderboard", args=[scenario.slug]))


def find_tournaments(words: str, most: int, viewer: Any = None) -> Iterator[Found]:
    found = Tournament.objects.exclude(purpose__in=(Purpose.MILESTONE, Purpose.PSRO, Purpose.ATTACK)).filter(
        name__icontains=words
    )
    for row in seen_tournaments(found, viewer).select_related("scenario")[:most]:
        yield Found(row.name, reverse("tournament", args=[row.pk]), row.scenario.name)


def find_runs(model: Any, view: str, words: str, most: int) -> Iterator[Found]:
    """Trainings or PSRO runs."""
    runs: QuerySet[Any] = model.objects.filter(Q(name__icontains=words)).select_related("scenario")
    for run in runs[:most]:
        yield Found(run.name, reverse(view, args=[run.pk]), run.get_state_display())


def find_documents(words: str, most: int) -> Iterator[Found]:
    for match in find_in_documents(words, get_language() or "en", most):
        yield Found(match.part.title, match.address, match.document.title if match.part.level > 1 else "")


def find_users(words: str, most: int) -> Iterator[Found]:
    """Users lead to their agents."""
    users = get_user_model().objects.filter(is_active=True, username__icontains=words).order_by("username")
    for user in users[:most]:
        yield Found(user.get_username(), f"{reverse('agents')}?owner={user.get_username()}", _("agents"))
