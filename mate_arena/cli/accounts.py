"""Logging in, and who is logged in."""

from __future__ import annotations

import typer

from mate_arena.cli.output import open_client, options, say, show, table
from mate_arena.client import ArenaClient, credentials


def register(app: typer.Typer) -> None:
    app.command()(login)
    app.command()(logout)
    app.command()(whoami)
    app.command()(status)


def login(url: str = typer.Argument(credentials.LOCAL, help="Address of the portal.")) -> None:
    """Store an API token of a portal, readable only by your user. Create a token on your account page of the portal."""
    token = options.token or typer.prompt("Token", hide_input=True)
    with ArenaClient(url, token) as client:
        account = client.account()
    place = credentials.store(url, token)
    say(f"Logged in to {url} as {account.username}. The token is stored in {place}.")


def logout() -> None:
    """Delete the stored token of a portal."""
    with open_client() as client:
        credentials.forget(client.url)
        say(f"The token of {client.url} is deleted here. On your account page you can revoke it.")


def whoami() -> None:
    """Show your account and your token's scopes."""
    with open_client() as client:
        found = client.account()
        rows = [
            ("user", found.username),
            ("portal", client.url),
            ("scopes", ", ".join(found.token.scopes)),
            ("agents", found.num_agents),
        ]
        show(found, lambda: table(("", ""), rows))


def status() -> None:
    """Show the portal's workers and queues."""
    with open_client() as client:
        found = client.status()
        rows = [
            ("portal", f"{client.url}, version {found.version}"),
            ("workers", len(found.workers)),
            ("episodes to play", found.episodes_left),
            ("uploads to check", found.uploads_waiting),
            ("trainings", f"{found.trainings_running} running, {found.trainings_waiting} waiting"),
        ]
        show(found, lambda: table(("", ""), rows))
