"""Scenarios, agents and uploads."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import typer

from mate_arena.cli.output import counted, open_client, say, show, table
from mate_arena.cli.tournaments import watch
from mate_arena.client import ArenaClient
from mate_arena.client.errors import ArenaError
from mate_arena.client.shapes import Upload

LIMIT = typer.Option(50, help="Maximum number of rows.")


def register(app: typer.Typer) -> None:
    app.command()(scenario)
    app.command()(agents)
    app.command()(upload)
    app.command("download")(download_agent)


def scenario(
    slug: str = typer.Argument("", help="Slug of one scenario. Without it, the command lists all scenarios."),
) -> None:
    """List scenarios, or show one."""
    with open_client() as client:
        found = [client.scenarios.get(slug)] if slug else client.scenarios.list()
    titles = ("scenario", "#cameras", "#targets", "#obstacles", "enhanced observation")
    rows = [(s.slug, s.num_cameras, s.num_targets, s.num_obstacles, s.enhanced_observation) for s in found]
    show(found[0] if slug else found, lambda: table(titles, rows))


def download_agent(
    slug: str = typer.Argument(help="Slug or digest of the agent."),
    output: Path = typer.Option(None, "--output", "-o", help="Path of the file to write."),
    onnx: bool = typer.Option(False, "--onnx", help="Write the networks in the ONNX format, for other tools."),
) -> None:
    """Download the file of an agent. mate_arena.load reads it."""
    place = output or Path(f"{slug}{'-onnx' if onnx else ''}.zip")
    with open_client() as client:
        client.agents.download(slug, place, "onnx" if onnx else "native")
    say(f"Wrote {place}, {place.stat().st_size:,} bytes.")


def agents(
    slug: str = typer.Argument("", help="Slug or digest of one agent. Without it, the command lists agents."),
    team: str = typer.Option("", help="Only agents of this team: camera or target."),
    kind: str = typer.Option("", help="Only agents of this kind: builtin, checkpoint, mixture, operator or remote."),
    scenario: str = typer.Option("", help="Only agents that can play in this scenario."),
    owner: str = typer.Option("", help="Only agents of the owner with this user name."),
    search: str = typer.Option("", help="Only agents whose name contains this text."),
    limit: int = LIMIT,
) -> None:
    """List agents, or show one agent with its rankings."""
    with open_client() as client:
        if slug:
            found = client.agents.get(slug)
            titles = ("scenario", "#rank", "#rating", "#lower", "#upper", "#episodes")
            rows = [(s.scenario, s.rank, s.rating, s.lower, s.upper, s.num_episodes) for s in found.standings]
            say(f"{found.name} ({found.team}, {found.kind}), by {found.owner or 'the portal'}")
            show(found, lambda: table(titles, rows))
            return
        filters = {"team": team, "kind": kind, "scenario": scenario, "owner": owner, "search": search}
        listed = list(islice(client.agents.list(**filters), limit))
    show(
        listed,
        lambda: table(
            ("agent", "team", "kind", "owner", "name"), [(a.slug, a.team, a.kind, a.owner, a.name) for a in listed]
        ),
    )


def upload(
    files: list[Path] = typer.Argument(help="Checkpoint files to upload."),
    name: str = typer.Option("", help="Name of the agent. By default, it is derived from the file name."),
    team: str = typer.Option("", help="Expected team of the agents: camera or target."),
    deterministic: bool = typer.Option(False, help="Play the most likely action instead of sampling."),
    wait: bool = typer.Option(True, help="Wait until the checks have ended."),
    place: str = typer.Option(
        "", metavar="SCENARIO", help="Place the accepted agents on the leaderboard of this scenario, and wait."
    ),
    private: bool = typer.Option(False, help="Only you and the lab can see and use the agents."),
    lab: str = typer.Option("", help="Slug of one of your labs, whose members share the agents."),
) -> None:
    """Upload checkpoints, wait for their checks, and optionally place their agents on a leaderboard."""
    with open_client() as client:
        sent = [send(client, path, name, team, deterministic, private, lab) for path in files]
        found = [follow(client, one) for one in sent] if wait or place else sent
        refused = [one for one in found if one.is_over and one.state != "accepted"]
        placed = [agent for one in found for agent in one.agents if place]
        for agent in placed:
            cup = client.tournaments.place(agent.slug, place)
            watch(client, cup.id, f"Placing {agent.name}")
        rows = [(one.filename, one.state, ", ".join(agent.slug for agent in one.agents) or one.reason) for one in found]
        show(found, lambda: table(("file", "state", "agents"), rows))
        if placed:
            tell_ranks(client, place, {agent.slug for agent in placed})
    if refused:
        raise ArenaError(f"{refused[0].filename} was not accepted: {refused[0].reason}")


def send(client: ArenaClient, path: Path, name: str, team: str, deterministic: bool, private: bool, lab: str) -> Upload:
    with counted(f"Sending {path.name}", is_bytes=True) as move:
        return client.uploads.send(path, name, team, deterministic, move, private=private, lab=lab)


def follow(client: ArenaClient, upload: Upload) -> Upload:
    with counted(f"Checking {upload.filename}") as move:
        return client.uploads.wait(
            upload.id, lambda now: move(sum(step.status in ("ok", "skipped") for step in now.steps), len(now.steps))
        )


def tell_ranks(client: ArenaClient, scenario: str, slugs: set[str]) -> None:
    board = client.boards.get(scenario)
    for line in (*board.cameras, *board.targets):
        if line.agent.slug in slugs:
            say(f"{line.agent.name}: rank {line.rank or '-'} of the {line.agent.team}s in {scenario}")
