"""Creation of tournaments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any

from django.db import transaction

from mate import Team
from tournament import formats, leaderboards, names, visibility, withdrawal
from tournament.entries import check_fitness
from tournament.fields import enter
from tournament.models import Agent, Purpose, Scenario, Start, Tournament
from tournament.organising.ending import finish_if_complete
from tournament.organising.rounds import MAX_EPISODES, next_round
from tournament.refusals import RequestRefused

MAX_EPISODES_PER_PAIRING = 10_000
ROUND_ROBIN = "round-robin"


Problems = list[tuple[str, str]]


class TournamentRefused(RequestRefused):
    """A tournament that cannot be created as requested."""


@dataclass(frozen=True)
class TournamentRequest:
    """A request for a new tournament, from a page, the API, a schedule or a command.

    `format` is one of `formats.FORMATS`, `settings` are its settings, where missing ones get their defaults.
    `episodes_per_pairing` is the older name of a round robin's setting. The order of agents in a field is kept.
    """

    name: str
    scenario: Scenario
    cameras: Iterable[Agent]
    targets: Iterable[Agent]
    episodes_per_pairing: int | None = None
    base_seed: int = 0
    _: KW_ONLY
    owner: Any = None
    format: str = ROUND_ROBIN
    settings: Mapping[str, Any] = field(default_factory=dict)
    purpose: str = Purpose.NONE
    start: Start | None = None
    rates_remote: bool = False


def create_tournament(request: TournamentRequest) -> Tournament:
    """Create a tournament and the blocks of its first round.

    Episodes that exist (of the same pairing, engine and seed) are reused and counted as such; if all do, the tournament
    is finished when this returns. Send hints to workers afterwards (`tasks.hints.send`). Raises TournamentRefused.
    """
    tournament = plan_tournament(request, at_once=True)
    finish_if_complete(tournament)
    return tournament


def plan_tournament(request: TournamentRequest, at_once: bool = False) -> Tournament:
    """Create a tournament and its first round, in one transaction; `finish_if_complete` continues from there.

    Unless `at_once`, a worker writes a large first round afterwards (`preparing`). Raises TournamentRefused.
    """
    cameras, targets = _distinct(request.cameras), _distinct(request.targets)
    settings = check_tournament(replace(request, cameras=cameras, targets=targets))
    with transaction.atomic():
        tournament = Tournament.objects.create(
            name=request.name.strip(),
            owner=request.owner,
            scenario=request.scenario,
            format=request.format,
            settings=settings,
            purpose=request.purpose,
            start=request.start,
            episodes_per_pairing=settings["episodes"] if request.format == ROUND_ROBIN else 0,
            base_seed=request.base_seed,
            rates_remote=request.rates_remote,
            engine=leaderboards.engine_version(),
            device=leaderboards.DEVICE,
            is_private=visibility.are_private([*cameras, *targets]),
        )
        enter(tournament.cameras, cameras)
        enter(tournament.targets, targets)
        next_round(tournament, at_once)
    tournament.refresh_from_db()
    return tournament


def _distinct(agents: Iterable[Agent]) -> list[Agent]:
    return list({agent.pk: agent for agent in agents}.values())


def check_tournament(request: TournamentRequest) -> dict[str, Any]:
    """Return all settings of the format. Raises TournamentRefused with everything that is wrong."""
    name, scenario = request.name, request.scenario
    fields = {Team.CAMERA: list(request.cameras), Team.TARGET: list(request.targets)}
    problems: Problems = []
    if not name.strip() or len(name) > 120:
        problems.append(("name", "A tournament needs a name of at most 120 characters."))
    elif problem := names.find_problem(name):
        problems.append(("name", problem))
    if not 0 <= request.base_seed < 2**63:
        text = f"The base seed is {request.base_seed}: expected a whole number from 0 to 2^63 - 1."
        problems.append(("base_seed", text))
    if not scenario.num_cameras:
        text = f"{scenario.name} has no cameras: there is nobody to play against its targets."
        problems.append(("scenario", text))
    for team, agents in fields.items():
        problems += [(f"{team}s", text) for text in _check_field(team, agents, scenario)]
    settings = dict(request.settings)
    if request.format == ROUND_ROBIN and request.episodes_per_pairing is not None:
        settings["episodes"] = request.episodes_per_pairing
    complete, refusals = _check_format(request.format, settings, fields[Team.CAMERA], fields[Team.TARGET])
    problems += refusals
    if problems:
        raise TournamentRefused(problems)
    return complete


def _check_field(team: str, field: Sequence[Agent], scenario: Scenario) -> list[str]:
    """Return the problems of the agents in a team's field."""
    if not field:
        return [f"The {team} field is empty: choose at least one {team} agent."]
    problems = []
    for agent in field:
        if agent.team != team:
            problems.append(f"{agent.name} is a {agent.team} agent and cannot play in the {team} field.")
        problems.extend(filter(None, [withdrawal.find_problem(agent, is_tournament=True)]))
        problems.extend(check_fitness(agent, scenario).problems)
    return problems


def _check_format(
    format: str, settings: Mapping[str, Any], cameras: Sequence[Agent], targets: Sequence[Agent]
) -> tuple[dict[str, Any], Problems]:
    """Return all settings of a format, and the problems of the settings or of the format with these fields."""
    info = formats.FORMATS.get(format)
    if info is None:
        return {}, [("format", f"There is no format {format!r}. Formats: {', '.join(formats.FORMATS)}.")]
    try:
        complete = info.check(settings)
        if not (cameras and targets):
            return complete, []
        digests = ([agent.digest for agent in field] for field in (cameras, targets))
        total = info.make(complete, *digests).limit
    except formats.SettingsRefused as refusal:
        return {}, refusal.problems
    if format == ROUND_ROBIN and total > MAX_EPISODES:
        text = f"That makes {total:,} episodes; at most {MAX_EPISODES:,} are possible. Ask for fewer per pairing."
        return complete, [("settings.episodes", text)]
    return complete, []
