"""Replays and verification."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import typer

from mate_arena.cli.output import open_client, say, show, table
from mate_arena.client.errors import ArenaError

replays = typer.Typer(help="Download, play and verify replays.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(replays, name="replay")


@replays.command("list")
def list_episodes(pairing: int = typer.Argument(help="Number of the pairing.")) -> None:
    """List the episodes of a pairing."""
    with open_client() as client:
        found = list(client.episodes.of(pairing))
    titles = ("#episode", "#seed", "#steps", "#reward", "#coverage", "#transport")
    rows = [(e.id, e.seed, e.steps, e.normalised_reward, e.coverage, e.transport) for e in found]
    show(found, lambda: table(titles, rows))


@replays.command()
def download(
    episode: int = typer.Argument(help="Number of the episode."),
    output: Path = typer.Option(None, "--output", "-o", help="Path of the file to write."),
) -> None:
    """Download the replay of an episode."""
    place = output or Path(f"mate-arena-{episode}.replay")
    with open_client() as client:
        client.episodes.replay(episode, place)
    say(f"Wrote {place}, {place.stat().st_size:,} bytes.")


@replays.command()
def play(
    episode: int = typer.Argument(help="Number of the episode."),
    browser: bool = typer.Option(True, help="Open the page in a browser. Otherwise, only print its address."),
) -> None:
    """Play a replay in the browser."""
    with open_client() as client:
        client.episodes.get(episode)
        address = client.page(f"/episodes/{episode}/")
    say(address)
    if browser and not webbrowser.open(address):
        raise ArenaError(f"There is no browser here. Open {address}")


@replays.command()
def verify(episode: int = typer.Argument(help="Number of the episode.")) -> None:
    """Play an episode again on the portal, and compare the trajectories."""
    with open_client() as client:
        found = client.episodes.verify(episode)
    show(found, lambda: found.message)
    if not found.is_same:
        raise ArenaError("The trajectories differ.")
