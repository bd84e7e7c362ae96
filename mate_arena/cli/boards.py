"""Leaderboards, comparisons and exports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from mate_arena.cli.output import open_client, say, screen, show, table
from mate_arena.client.shapes import Interval, Rating


def register(app: typer.Typer) -> None:
    app.command()(leaderboard)
    app.command()(compare)
    app.command()(export)


def leaderboard(
    scenario: str = typer.Argument("", help="Slug of the scenario."),
    tournament: int = typer.Option(None, help="Number of a tournament, to use instead of a scenario."),
    snapshot: int = typer.Option(
        None, help="Number of an earlier fit of the leaderboard. By default, the newest fit is used."
    ),
    team: str = typer.Option("", help="Team to show: camera or target. By default, both are shown."),
) -> None:
    """Show the leaderboard of a scenario or of a tournament."""
    insist_on_one(scenario, tournament)
    with open_client() as client:
        board = client.boards.get(scenario, tournament=tournament, snapshot=snapshot)
    chosen = {"camera": board.cameras, "target": board.targets}
    shown = {name: lines for name, lines in chosen.items() if team in ("", name)}
    if not shown:
        raise typer.BadParameter(f"{team!r} is no team: write camera or target.")
    show(board, lambda: f"{board.num_episodes} episodes, snapshot {board.number}")
    for name, lines in shown.items():
        say(f"\n{name}s{': ' + board.limits[name] if board.limits.get(name) else ''}")
        say_table(lines)


def say_table(lines: list[Rating]) -> None:
    from mate_arena.cli.output import options

    titles = ("#rank", "agent", "#Elo", "#lower", "#upper", "#payoff", "#episodes")
    rows = [(r.rank, r.agent.name, *map(whole, (r.rating, r.lower, r.upper)), r.payoff, r.num_episodes) for r in lines]
    if not options.json:
        screen.print(table(titles, rows))


def whole(figure: float | None) -> Any:
    return None if figure is None else round(figure)


def insist_on_one(scenario: str, tournament: int | None) -> None:
    if bool(scenario) == (tournament is not None):
        raise typer.BadParameter("Name a scenario or a tournament.")


def compare(
    scenario: str = typer.Argument(help="Slug of the scenario."),
    first: str = typer.Argument(help="Slug of the first agent."),
    second: str = typer.Argument(help="Slug of the second agent."),
) -> None:
    """Compare two agents of the same team on the same seeds and against the same opponents."""
    with open_client() as client:
        found = client.boards.compare(scenario, first, second)
    rows = [
        ("difference of payoffs", write(found.difference)),
        ("P(first is better)", write(found.better)),
        ("pairs of episodes", f"{found.num_pairs}, of {found.num_seeds} seeds and {found.num_opponents} opponents"),
        ("verdict", found.test["headline"] if found.test else "-"),
    ]
    show(found, lambda: table((f"{found.first.name} vs {found.second.name}", ""), rows))


def write(interval: Interval) -> str:
    if interval.value is None:
        return "-"
    if interval.lower is None or interval.upper is None:
        return f"{interval.value:.3f}"
    return f"{interval.value:.3f} (95 %: {interval.lower:.3f} to {interval.upper:.3f})"


def export(
    scenario: str = typer.Argument("", help="Slug of the scenario."),
    tournament: int = typer.Option(None, help="Number of a tournament, to use instead of a scenario."),
    rows: str = typer.Option("episodes", "--table", help="Table to export: episodes, ratings or payoffs."),
    format: str = typer.Option(
        "", help="File format: parquet, csv or json. By default, it follows from the file name."
    ),
    output: Path = typer.Option(None, "--output", "-o", help="Path of the file to write."),
    snapshot: int = typer.Option(
        None, help="Number of an earlier fit of the leaderboard. By default, the newest fit is used."
    ),
) -> None:
    """Export a table of a leaderboard to a file."""
    insist_on_one(scenario, tournament)
    if rows not in ("episodes", "ratings", "payoffs"):
        raise typer.BadParameter(f"{rows!r} is no table: write episodes, ratings or payoffs.")
    kind = format or (output.suffix.removeprefix(".") if output else "") or "parquet"
    if kind not in ("parquet", "csv", "json"):
        raise typer.BadParameter(f"{kind!r} is no format: write parquet, csv or json.")
    place = output or Path(f"{scenario or f'tournament-{tournament}'}-{rows}.{kind}")
    with open_client() as client:
        client.boards.export(place, scenario, tournament=tournament, table=rows, format=kind, snapshot=snapshot)
    say(f"Wrote {place}, {place.stat().st_size:,} bytes.")
