"""Labs: people who own agents together."""

from __future__ import annotations

import typer

from mate_arena.cli.output import open_client, say, show, table
from mate_arena.client.shapes import Lab

SLUG = typer.Argument(help="Slug of the lab.")


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Manage labs, which are groups of people who share agents.", no_args_is_help=True)
    for command in (create, invite, join, leave):
        group.command()(command)
    group.command("list")(list_all)
    group.command("show")(show_one)
    app.add_typer(group, name="labs")


def list_all() -> None:
    """List your labs and invitations."""
    with open_client() as client:
        found = client.labs.list()
    rows = [(lab.slug, lab.name, len(lab.members), len(lab.agents)) for lab in found]
    show(found, lambda: table(("lab", "name", "#members", "#agents"), rows))


def show_one(slug: str = SLUG) -> None:
    """Show the members and agents of a lab."""
    with open_client() as client:
        tell(client.labs.get(slug))


def create(name: str = typer.Argument(help="Name of the new lab."), description: str = "") -> None:
    """Create a lab. You become its owner."""
    with open_client() as client:
        tell(client.labs.create(name, description))


def invite(
    slug: str = SLUG,
    username: str = typer.Argument(help="User name of the person to invite."),
    role: str = typer.Option("member", help="Role of the user: owner or member."),
) -> None:
    """Invite a user to one of your labs."""
    with open_client() as client:
        tell(client.labs.invite(slug, username, role))


def join(slug: str = SLUG) -> None:
    """Accept an invitation to a lab."""
    with open_client() as client:
        tell(client.labs.join(slug))


def leave(slug: str = SLUG) -> None:
    """Leave a lab. The agents that you shared with it leave it too."""
    with open_client() as client:
        client.labs.remove(slug, client.account().username)
    say(f"You have left {slug}.")


def tell(lab: Lab) -> None:
    rows = [(one.username, one.role, "" if one.accepted else "invited") for one in lab.members]
    if lab.agents:
        say(f"{lab.name}: {', '.join(lab.agents)}")
    show(lab, lambda: table(("member", "role", ""), rows))
