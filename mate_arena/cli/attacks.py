"""Attacks on agents."""

from __future__ import annotations

from typing import Any

import typer

from mate_arena.cli.output import counted, open_client, show, table
from mate_arena.cli.tournaments import read_settings
from mate_arena.client import ArenaClient
from mate_arena.client.errors import ArenaError
from mate_arena.client.shapes import Attack

attacks = typer.Typer(help="Train attackers against an agent, to measure how exploitable it is.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(attacks, name="attack")


@attacks.command("start")
def start_attack(
    agent: str = typer.Argument(help="Slug of the agent to attack."),
    scenario: str = typer.Option("mate-2v4-0", help="Slug of the scenario."),
    attackers: int = typer.Option(3, help="Number of attackers. Each is trained from its own seed."),
    algorithm: str = typer.Option(
        "", help="Algorithm that trains the attackers. By default, the portal chooses it for the team."
    ),
    steps: int = typer.Option(None, help="Environment steps of each attacker. By default, the preset sets them."),
    episodes: int = typer.Option(200, help="Episodes on fresh seeds that evaluate the best attacker."),
    first_seed: int = typer.Option(0, help="Seed of the first attacker."),
    setting: list[str] = typer.Option(
        [], "--set", metavar="NAME=VALUE", help="Value of a hyperparameter. Repeat the option for more."
    ),
    watch: bool = typer.Option(False, help="Wait until the attack is over."),
) -> None:
    """Start an attack on an agent."""
    training: dict[str, Any] = {
        "algorithm": algorithm or None,
        "steps": steps,
        "hyperparameters": read_settings(setting),
    }
    wanted: dict[str, Any] = {"scenario": scenario, "num_attackers": attackers, "episodes": episodes}
    with open_client() as client:
        made = client.attacks.create(agent, **wanted, first_seed=first_seed, training=training)
        describe_attack(client, follow_attack(client, made.id) if watch else made)


@attacks.command("show")
def show_attack(number: int) -> None:
    """Show the results of an attack."""
    with open_client() as client:
        describe_attack(client, client.attacks.get(number))


@attacks.command("watch")
def watch_attack(number: int) -> None:
    """Wait until an attack is over."""
    with open_client() as client:
        describe_attack(client, follow_attack(client, number))


@attacks.command("steer")
def steer_attack(number: int, action: str = typer.Argument(help="Action: cancel or resume.")) -> None:
    """Cancel or resume one of your attacks."""
    if action not in ("cancel", "resume"):
        raise typer.BadParameter(f"{action!r} is no action: write cancel or resume.")
    with open_client() as client:
        describe_attack(client, getattr(client.attacks, action)(number))


def follow_attack(client: ArenaClient, number: int) -> Attack:
    with counted("Attack") as move:
        found = client.attacks.wait(number, lambda attack: move(int(attack.state == "judging"), 2))
    if found.state == "failed":
        raise ArenaError(f"Attack {number} failed: {found.reason}")
    return found


def describe_attack(client: ArenaClient, found: Attack) -> None:
    rows = [("attack", f"{found.id} on {found.agent['name']}"), ("state", f"{found.state} {found.reason}".strip())]
    for name, title in (("payoff", "attacker's payoff"), ("exploitability", "exploitability, at least")):
        if one := found.result.get(name):
            reach = "" if one["low"] is None else f" [{one['low']:+.3f}, {one['high']:+.3f}]"
            rows.append((title, f"{one['mean']:+.3f}{reach}"))
    rows.append(("page", client.page(found.url)))
    show(found, lambda: table(("", ""), rows))
