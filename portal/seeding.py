"""The first content of an empty portal: scenarios, built-in agents, an administrator, a tournament. Safe to repeat."""

import os
import secrets

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import transaction

from mate import Team
from tournament import entries, operated, organising, schedules
from tournament.models import Agent, Scenario, Schedule, ScheduleKind, Tournament

FIRST_SCENARIO = "MATE-4v8-9"
FIRST_EPISODES = 200
"""Episodes per pairing of the first tournament.

They suffice to distinguish the built-in agents, and take minutes on two cores.
"""


def seed_arena() -> Tournament | None:
    """Create the scenarios and the built-in agents.

    In a portal without tournaments, also start a first tournament among these agents and create a schedule that places
    new agents. Return the tournament if it was started.
    """
    entries.register_scenarios()
    agents = entries.register_builtin_agents()
    operated.register_operator_agents()
    if Tournament.objects.exists():
        return None
    scenario = Scenario.objects.get(name=FIRST_SCENARIO)
    with transaction.atomic():
        place_new_agents(scenario, agents)
        return start_first_tournament(scenario, agents)


def start_first_tournament(scenario: Scenario, agents: list[Agent]) -> Tournament:
    """Start a round robin of the given agents. The broker may still be down, because the sweep wakes the workers."""
    return organising.create_tournament(
        organising.TournamentRequest(
            scenario.name,  # As a name, it suits readers of every language.
            scenario,
            cameras=[agent for agent in agents if agent.team == Team.CAMERA],
            targets=[agent for agent in agents if agent.team == Team.TARGET],
            episodes_per_pairing=FIRST_EPISODES,
        )
    )


def place_new_agents(scenario: Scenario, agents: list[Agent]) -> Schedule:
    """Create a schedule that gives every new agent its first rank by playing it against the given agents."""
    schedule = Schedule(
        name=scenario.name, kind=ScheduleKind.WATCH, scenario=scenario, has_everyone=False, format="placement"
    )
    cameras, targets = ([agent for agent in agents if agent.team == team] for team in (Team.CAMERA, Team.TARGET))
    return schedules.save(schedule, cameras, targets)


def make_administrator() -> tuple[str, str] | None:
    """Create the first administrator; return name and password. Return None if there is an administrator.

    ARENA_ADMIN and ARENA_ADMIN_PASSWORD set them. Without ARENA_ADMIN_PASSWORD, a password is generated. Only its hash
    is stored.
    """
    users = get_user_model().objects
    if users.filter(is_superuser=True, is_active=True).exists():
        return None
    name = os.environ.get("ARENA_ADMIN") or "admin"
    try:
        users.model._meta.get_field("username").clean(name, None)
    except ValidationError as error:
        raise SystemExit(f"ARENA_ADMIN is {name!r}. {' '.join(error.messages)}") from error
    password = os.environ.get("ARENA_ADMIN_PASSWORD") or make_password()
    users.create_superuser(username=name, password=password)
    return name, password


def renew_password(name: str = "") -> tuple[str, str]:
    """Generate a new password for an administrator, by default the first one; return name and password.

    Raises LookupError if there is no such administrator.
    """
    administrators = get_user_model().objects.filter(is_superuser=True, is_active=True)
    user = (administrators.filter(username=name) if name else administrators.order_by("pk")).first()
    if user is None:
        known = ", ".join(administrators.values_list("username", flat=True)) or "none"
        raise LookupError(f"There is no administrator {name!r}; administrators: {known}.")
    password = make_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    return user.get_username(), password


def make_password() -> str:
    """Return a password of 80 random bits, in four groups that are easy to type."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
