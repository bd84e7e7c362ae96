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
from portal.wording import tell_name
from tournament import queries
from tournament.models import PsroRun, Purpose, Scenario, Tournament, TrainingRun
from tournament.visibility import seen_tournaments

FEW, MANY = 5, 25
"""Number of results of each kind: while a user types, and on the page of results."""
LONGEST_QUERY = 100


@dataclass(frozen=True)
class Found:
    """A page that matches; `note` distinguishes it from others with the same name.

    `language` is that of name and note, where it may not be the page's.
    """

    name: str
    address: str
    note: str = ""
    language: str = ""


@dataclass(frozen=True)
class Group:
    """The results of one kind; `icon` is the name of an icon."""

    title: Any
    icon: str
    rows: tuple[Found, ...]


def search(text: str, most: int = FEW, viewer: Any = None) -> list[Group]:
    """Return the results for a text by kind, as far as the viewer may see them.

    Without a text, return the main pages.
    """
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
    """Yield agents; those whose names begin with the text come first."""
    found = queries.find_agents(search=words, viewer=viewer)
    first = found.filter(name__istartswith=words)[:most]
    rest = found.exclude(name__istartswith=words)[:most]
    for agent in [*first, *rest][:most]:
        yield Found(tell_name(agent.name), reverse("agent", args=[agent.slug]), agent.get_team_display())


def find_scenarios(words: str, most: int) -> Iterator[Found]:
    for scenario in Scenario.objects.filter(name__icontains=words)[:most]:
        yield Found(tell_name(scenario.name), reverse("leaderboard", args=[scenario.slug]))


def find_tournaments(words: str, most: int, viewer: Any = None) -> Iterator[Found]:
    found = Tournament.objects.exclude(purpose__in=(Purpose.MILESTONE, Purpose.PSRO, Purpose.ATTACK)).filter(
        name__icontains=words
    )
    for row in seen_tournaments(found, viewer).select_related("scenario")[:most]:
        yield Found(tell_name(row.name), reverse("tournament", args=[row.pk]), tell_name(row.scenario.name))


def find_runs(model: Any, view: str, words: str, most: int) -> Iterator[Found]:
    """Yield trainings or PSRO runs."""
    runs: QuerySet[Any] = model.objects.filter(Q(name__icontains=words)).select_related("scenario")
    for run in runs[:most]:
        yield Found(tell_name(run.name), reverse(view, args=[run.pk]), run.get_state_display())


def find_documents(words: str, most: int) -> Iterator[Found]:
    for match in find_in_documents(words, get_language() or "en", most):
        document = match.document
        yield Found(match.part.title, match.address, document.title if match.part.level > 1 else "", document.language)


def find_users(words: str, most: int) -> Iterator[Found]:
    """Yield users; the links lead to their agents."""
    users = get_user_model().objects.filter(is_active=True, username__icontains=words).order_by("username")
    for user in users[:most]:
        yield Found(user.get_username(), f"{reverse('agents')}?owner={user.get_username()}", _("agents"))
