"""The first content of an empty portal: scenarios, built-in agents, an administrator, a tournament. Safe to repeat."""

import os
import secrets

from django.contrib.auth import get_user_model
from django.utils.text import slugify

import mate
from mate.scenario import preset_names
from tournament.agents import BUILTIN_NAMES, TEAMS, Builtin
from tournament.models import Agent, AgentKind, Scenario

DESCRIPTIONS = {
    "random": "Draws its actions; the floor that every other agent should clear.",
    "naive": "Cameras sweep round without looking; targets head straight for their next warehouse.",
    "greedy": "Each member does what is best for it alone, with what it sees and hears.",
    "heuristic": "Members agree who does what; the strongest of the rule-based agents.",
}


def seed_scenarios() -> list[Scenario]:
    """Every packaged scenario, once: presets that differ in nothing but their name share a row."""
    rows = []
    for name in sorted(preset_names(), key=lambda name: (-len(name), name)):
        scenario = mate.Scenario.load(name)
        row, _ = Scenario.objects.get_or_create(
            digest=scenario.digest,
            defaults={
                "name": name,
                "slug": slugify(name),
                "config": scenario.to_json(),
                "enhanced_observation": scenario.enhanced_observation,
                "num_cameras": scenario.num_cameras,
                "num_targets": scenario.num_targets,
                "num_obstacles": scenario.num_obstacles,
            },
        )
        rows.append(row)
    return rows


def seed_agents() -> list[Agent]:
    """The eight rule-based agents of the game. They belong to nobody and play in every scenario."""
    return [seed_agent(Builtin(team, name)) for team in TEAMS for name in BUILTIN_NAMES]


def seed_agent(spec: Builtin) -> Agent:
    row, _ = Agent.objects.get_or_create(
        digest=spec.digest,
        defaults={
            "team": spec.team,
            "kind": AgentKind.BUILTIN,
            "name": spec.name.capitalize(),
            "slug": f"{spec.name}-{spec.team}",
            "description": DESCRIPTIONS[spec.name],
            "spec": spec.to_json(),
            "architecture": "Rules",
        },
    )
    return row


def make_administrator() -> tuple[str, str] | None:
    """A first administrator's name and password, or None where one exists.

    ARENA_ADMIN and ARENA_ADMIN_PASSWORD name them; without a password one is generated. Only its hash is stored.
    """
    users = get_user_model().objects
    if users.filter(is_superuser=True, is_active=True).exists():
        return None
    name = os.environ.get("ARENA_ADMIN") or "admin"
    password = os.environ.get("ARENA_ADMIN_PASSWORD") or make_password()
    users.create_superuser(username=name, password=password)
    return name, password


def renew_password(name: str = "") -> tuple[str, str]:
    """Give an administrator (the first, without a name) a new generated password; returns both.

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
    """80 random bits in four groups that are easy to type."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
