"""Scenarios: the list, the page of one with its map and agents, the form of a new one, and its file."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mate import Team
from mate.assets.generator import generate
from mate.errors import UserError
from portal.drawing import maps
from portal.forms.scenarios import NAMES, ScenarioForm, find_start, initial_of
from portal.inputs import takes
from portal.listing.lists import LONGEST_SEARCH
from portal.texts import in_language
from portal.wording import TEAM_TITLES
from tournament import drafts, entries, new_scenarios, queries
from tournament.models import Agent, RatingSnapshot, Scenario
from tournament.refusals import RequestRefused

NUMBERS = ("num_cameras", "num_targets", "num_obstacles")
MAX_SHOWN = 24
"""Maximum number of agents of a team that a scenario's page lists, newest first."""
PAGE = 48
DEFAULT_START = "mate-4v8-9"


@require_safe
@takes("mine", "search", "page")
def scenarios(request: HttpRequest) -> HttpResponse:
    """The list of scenarios with their maps, those with the most rated episodes first."""
    search = request.GET.get("search", "").replace("\0", "")[:LONGEST_SEARCH].strip()
    mine = bool(request.GET.get("mine")) and request.user.is_authenticated
    newest = RatingSnapshot.objects.filter(scenario=OuterRef("pk"), tournament=None).order_by("-number")
    found = Scenario.objects.select_related("owner").filter(name__icontains=search)
    found = found.annotate(rated=Coalesce(Subquery(newest.values("num_episodes")[:1]), 0)).order_by("-rated", "name")
    page = Paginator(found.filter(owner=request.user.pk) if mine else found, PAGE).get_page(request.GET.get("page"))
    numbers = count_fitting()
    rows = [{"scenario": row, "map": maps.draw_scenario(row), "agents": fitting_number(row, numbers)} for row in page]
    return render(request, "scenarios/scenarios.html", {"rows": rows, "page": page, "mine": mine, "search": search})


def count_fitting() -> list[tuple[Any, ...]]:
    """Return the numbers of cameras, targets and so on for which each listed agent was trained."""
    return list(Agent.objects.filter(is_listed=True).values_list(*NUMBERS))


def fitting_number(row: Scenario, numbers: list[tuple[Any, ...]]) -> int:
    own = [getattr(row, key) for key in NUMBERS]
    return sum(all(one in (None, other) for one, other in zip(trained, own, strict=True)) for trained in numbers)


@require_safe
@takes()
def scenario(request: HttpRequest, slug: str) -> HttpResponse:
    """The page of one scenario."""
    row = get_object_or_404(Scenario.objects.select_related("owner"), slug=slug)
    game = entries.load_scenario(row)
    context = {
        "scenario": row,
        "map": maps.draw_scenario(row),
        "document": drafts.to_yaml(drafts.to_document(game)),
        "variant": game.variant,
        "fitting": [list_fitting(row, team) for team in Team],
    }
    return render(request, "scenarios/scenario.html", context)


def list_fitting(row: Scenario, team: Team) -> dict[str, Any]:
    """Return the newest listed agents of a team that can play in a scenario, and their number."""
    agents = queries.find_agents(team, scenario=row)
    shown = agents.order_by("-created", "-pk")[:MAX_SHOWN]
    return {"team": team, "title": TEAM_TITLES[team], "agents": shown, "number": agents.count()}


@require_safe
@takes()
def scenario_file(request: HttpRequest, slug: str) -> HttpResponse:
    """The scenario as YAML. `mate.make`, the form of a new scenario and the command line read it."""
    row = get_object_or_404(Scenario, slug=slug)
    text = drafts.to_yaml(drafts.to_document(entries.load_scenario(row)))
    name = {"Content-Disposition": f'attachment; filename="{row.slug}.yaml"'}
    return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers=name)


# A new scenario


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@takes("start", "seed", *NUMBERS, form=NAMES)
def create(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return answer_start(request)
    form = ScenarioForm(request.POST)
    form.full_clean()
    try:
        if not form.is_valid():
            raise RequestRefused(drafts.find_problems(form.document))
        row, is_new = new_scenarios.add(form.document, form.cleaned_data["name"].strip(), request.user)
    except RequestRefused as refusal:
        form.tell(refusal)
    else:
        if not is_new:
            messages.info(request, _("A scenario with exactly these rules is here already: this one."))
        return redirect("scenario", row.slug)
    return show_form(request, form, read_document(request), status=400)


def answer_start(request: HttpRequest) -> HttpResponse:
    """Return the form, filled with an existing or a generated scenario."""
    try:
        document = start_from(request)
    except UserError as refusal:
        messages.error(request, in_language(refusal))
        document = {}
    form = ScenarioForm(initial=initial_of(document | {"name": ""}))
    return show_form(request, form, document)


def start_from(request: HttpRequest) -> dict[str, Any]:
    query = request.GET
    if any(key in query for key in NUMBERS):
        return generate_document({key: query.get(key, "") for key in (*NUMBERS, "seed")})
    start = find_start(query) or Scenario.objects.filter(slug=DEFAULT_START).first() or Scenario.objects.first()
    return {} if start is None else drafts.to_document(entries.load_scenario(start))


def generate_document(wanted: Mapping[str, str]) -> dict[str, Any]:
    """Return a generated document. Raises UserError, which lists all invalid numbers."""
    most = {f"num_{kind}s": number for kind, number in drafts.MAX_ENTITIES.items()}
    limits = {key: (1 if key != "num_obstacles" else 0, number) for key, number in most.items()} | {
        "seed": (0, 2**31 - 1)
    }
    defaults = {"num_cameras": 4, "num_targets": 8, "num_obstacles": 9, "seed": 0}
    numbers, problems = dict(defaults), []
    for key, (low, high) in limits.items():
        text = wanted.get(key, "")
        if text and text.isascii() and text.isdigit() and len(text) < 12 and low <= int(text) <= high:
            numbers[key] = int(text)
        elif text:
            problems.append(f"{key} is {text[:20]!r}: it must be a whole number from {low} to {high}.")
    if problems:
        raise UserError(" ".join(problems))
    return generate(
        num_cameras=numbers["num_cameras"],
        num_targets=numbers["num_targets"],
        num_obstacles=numbers["num_obstacles"],
        seed=numbers["seed"],
    )


@login_required
@require_POST
@takes(form=("document",))
def read_file(request: HttpRequest) -> HttpResponse:
    """The form, filled from an uploaded YAML or JSON file, with everything that is wrong in it."""
    file = request.FILES.get("document")
    try:
        if file is None:
            raise RequestRefused([("document", _("Choose a YAML or JSON file first."))])
        document = drafts.read(file.read(drafts.MAX_BYTES + 1))
    except RequestRefused as refusal:
        messages.error(request, in_language(refusal))
        return redirect("scenario_create")
    initial = initial_of(document)
    form = ScenarioForm({key: value for key, value in initial.items() if value not in ("", None, False)})
    form.full_clean()
    problems = drafts.find_problems(document)
    form.tell(RequestRefused(problems))
    return show_form(request, form, document, status=400 if problems else 200)


@login_required
@require_POST
@takes(form=NAMES)
def draw(request: HttpRequest) -> HttpResponse:
    """The map and all problems of a half-filled form, for htmx."""
    document = read_document(request)
    return render(request, "scenarios/draft.html", describe_draft(document, document))


def read_document(request: HttpRequest) -> dict[str, Any]:
    form = ScenarioForm(request.POST)
    form.full_clean()
    return form.document


def describe_draft(document: dict[str, Any], checked: dict[str, Any]) -> dict[str, Any]:
    problems = drafts.find_problems(checked)
    return {"map": maps.draw(document, _("Map of the draft")), "problems": [text for _field, text in problems]}


def show_form(request: HttpRequest, form: ScenarioForm, document: dict[str, Any], status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "scenarios": Scenario.objects.order_by("name"),
        "start": request.GET.get("start", DEFAULT_START),
        "numbers": NUMBERS,
        **describe_draft(document, document),
    }
    return render(request, "scenarios/create.html", context, status=status)
