"""Tournaments."""

from __future__ import annotations

import json
from itertools import islice

import typer

from mate_arena.cli.output import counted, open_client, say, show, table
from mate_arena.client import ArenaClient
from mate_arena.client.errors import ArenaError
from mate_arena.client.shapes import Tournament

tournaments = typer.Typer(help="Start, watch and cancel tournaments.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(tournaments, name="tournament")


def watch(client: ArenaClient, number: int, title: str = "Playing") -> Tournament:
    """Show a tournament's progress until it is over; return it. Raises ArenaError if it failed."""
    with counted(title) as move:
        found = client.tournaments.wait(
            number, lambda now: move(now.progress.done, now.progress.total) if now.progress else None
        )
    if found.state == "failed":
        raise ArenaError(
            f"Tournament {number} failed: {found.failures[0]['error'] if found.failures else 'see its page'}"
        )
    return found


def describe(client: ArenaClient, found: Tournament) -> None:
    progress = found.progress
    rows = [
        ("tournament", f"{found.id}: {found.name}"),
        ("state", found.state),
        ("scenario", found.scenario),
        ("format", found.format),
        ("episodes", f"{progress.done} of {progress.total}, {progress.reused} reused" if progress else "-"),
        ("finding", found.finding.get("headline", "-")),
        ("page", client.page(found.url)),
    ]
    show(found, lambda: table(("", ""), rows))


@tournaments.command("list")
def list_tournaments(
    scenario: str = "", state: str = "", owner: str = "", agent: str = "", search: str = "", limit: int = 20
) -> None:
    """List tournaments, newest first."""
    filters = {"scenario": scenario, "state": state, "owner": owner, "agent": agent, "search": search}
    with open_client() as client:
        found = list(islice(client.tournaments.list(**filters), limit))
    titles = ("#number", "name", "scenario", "format", "state", "#episodes")
    show(found, lambda: table(titles, [(t.id, t.name, t.scenario, t.format, t.state, t.num_episodes) for t in found]))


@tournaments.command()
def create(
    scenario: str = typer.Argument(help="Slug of the scenario."),
    camera: list[str] = typer.Option(help="Slug or digest of a camera agent. Repeat the option for more."),
    target: list[str] = typer.Option(help="Slug or digest of a target agent. Repeat the option for more."),
    name: str = typer.Option("", help="Name of the tournament."),
    format: str = typer.Option(
        "round-robin", help="Format of the tournament, such as round-robin, ranking or sequential."
    ),
    episodes: int = typer.Option(0, help="Number of episodes of each pairing in a round robin.", show_default=False),
    setting: list[str] = typer.Option(
        [], metavar="NAME=VALUE", help="Value of a setting of the format. Repeat the option for more."
    ),
    base_seed: int = typer.Option(0, help="Seed from which the seeds of the episodes are derived."),
    rates_remote: bool = typer.Option(False, help="Rate remote agents in this tournament."),
    estimate: bool = typer.Option(False, help="Show the estimated cost and do not start the tournament."),
    watch_it: bool = typer.Option(False, "--watch", help="Wait until the tournament is over."),
) -> None:
    """Start a tournament. Every camera plays every target, unless the format chooses the pairings."""
    wanted = {"name": name, "format": format, "settings": read_settings(setting), "base_seed": base_seed}
    if rates_remote:
        wanted["rates_remote"] = True
    if episodes:
        wanted["episodes_per_pairing"] = episodes
    with open_client() as client:
        if estimate:
            cost = client.tournaments.estimate(scenario, camera, target, **wanted)
            rows = [(name, getattr(cost, name)) for name in type(cost).model_fields]
            show(cost, lambda: table(("", "#"), rows))
            return
        made = client.tournaments.create(scenario, camera, target, **wanted)
        if watch_it:
            watch(client, made.id)
            made = client.tournaments.get(made.id)
        describe(client, made)


def read_settings(pairs: list[str]) -> dict[str, object]:
    """Return settings given as NAME=VALUE; values that are no valid JSON are text."""
    found: dict[str, object] = {}
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign:
            raise typer.BadParameter(f"{pair!r} is not NAME=VALUE.")
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = text
    return found


@tournaments.command("show")
def show_tournament(number: int) -> None:
    """Show a tournament."""
    with open_client() as client:
        describe(client, client.tournaments.get(number))


@tournaments.command("watch")
def watch_tournament(number: int) -> None:
    """Wait until a tournament is over."""
    with open_client() as client:
        describe(client, watch(client, number))


@tournaments.command("cancel")
def cancel_tournament(number: int) -> None:
    """Cancel one of your tournaments. Its finished episodes are kept."""
    with open_client() as client:
        client.tournaments.cancel(number)
        say(f"Tournament {number} is cancelled.")
