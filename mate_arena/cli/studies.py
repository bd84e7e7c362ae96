"""Studies: configurations over seeds and scenarios."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

import typer

from mate_arena.cli.output import counted, open_client, say, show, table
from mate_arena.client import ArenaClient
from mate_arena.client.shapes import Study

studies = typer.Typer(help="Compare training configurations over seeds and scenarios.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(studies, name="study")


@studies.command("start")
def start_study(
    team: str = typer.Argument(help="Team to train: camera or target."),
    configuration: list[str] = typer.Option(
        help="Configuration as NAME:ALGORITHM[:NAME=VALUE,...], such as plain:hrl-mappo or small:mappo:memory=none. "
        "Repeat the option for more."
    ),
    name: str = typer.Option(help="Name of the study."),
    scenario: list[str] = typer.Option(["mate-2v4-0"], help="Slug of a scenario. Repeat the option for more."),
    opponent: str = typer.Option(
        "", help="Slug of the opponent. By default, it is the greedy agent of the other team."
    ),
    seeds: int = typer.Option(5, help="Number of seeds of each configuration in each scenario."),
    first_seed: int = typer.Option(0, help="First seed."),
    preset: str = typer.Option("quick", help="Preset of hyperparameters: quick, fast, entity or upstream."),
    steps: int = typer.Option(None, help="Environment steps of each run. By default, the preset sets them."),
    episodes: int = typer.Option(40, help="Number of episodes that evaluate each milestone."),
    watch: bool = typer.Option(False, help="Wait until all runs have ended."),
) -> None:
    """Start a study, which trains every configuration with every seed in every scenario."""
    other = "target" if team == "camera" else "camera"
    wanted: dict[str, Any] = {"name": name, "team": team, "scenarios": scenario, "steps": steps}
    wanted |= {"opponent": opponent or f"greedy-{other}", "num_seeds": seeds, "first_seed": first_seed}
    wanted |= {"evaluation_episodes": episodes}
    wanted["configurations"] = [read_configuration(text) | {"preset": preset} for text in configuration]
    with open_client() as client:
        made = client.studies.create(**wanted)
        describe_study(client, follow_study(client, made.id) if watch else made)


def read_configuration(text: str) -> dict[str, Any]:
    """Return the configuration that NAME:ALGORITHM[:NAME=VALUE,...] describes; values are JSON, or else text."""
    name, colon, rest = text.partition(":")
    algorithm, _, settings = rest.partition(":")
    if not colon or not name or not algorithm:
        raise typer.BadParameter(f"{text!r} is no configuration: write NAME:ALGORITHM or NAME:ALGORITHM:NAME=VALUE,...")
    hyperparameters: dict[str, Any] = {}
    for part in filter(None, settings.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise typer.BadParameter(f"{part!r} is no setting: write NAME=VALUE.")
        try:
            hyperparameters[key.strip()] = json.loads(value)
        except ValueError:
            hyperparameters[key.strip()] = value.strip()
    return {"name": name, "algorithm": algorithm, "hyperparameters": hyperparameters}


@studies.command("watch")
def watch_study(number: int) -> None:
    """Wait until all runs of a study have ended."""
    with open_client() as client:
        describe_study(client, follow_study(client, number))


@studies.command("show")
def show_study(number: int) -> None:
    """Show the figures of a study."""
    with open_client() as client:
        describe_study(client, client.studies.get(number))


@studies.command("list")
def list_studies(state: str = "", owner: str = "", search: str = "", limit: int = 20) -> None:
    """List studies, newest first."""
    with open_client() as client:
        found = list(islice(client.studies.list(state=state, owner=owner, search=search), limit))
    rows = [(one.id, one.name, one.team, one.state, f"{one.num_scored}/{one.num_runs}") for one in found]
    show(found, lambda: table(("#number", "name", "team", "state", "#runs"), rows))


@studies.command("steer")
def steer_study(number: int, action: str = typer.Argument(help="Action: cancel or resume.")) -> None:
    """Cancel one of your studies, or resume its stopped runs."""
    if action not in ("cancel", "resume"):
        raise typer.BadParameter(f"{action!r} is no action: write cancel or resume.")
    with open_client() as client:
        describe_study(client, getattr(client.studies, action)(number))


@studies.command("export")
def export_study(
    number: int,
    file: str = typer.Argument("runs.csv", help="File to export: runs.csv or table.tex."),
    output: Path = typer.Option(None, "--output", "-o", help="Path of the file to write."),
) -> None:
    """Export the runs of a study as CSV, or its aggregates as LaTeX."""
    place = output or Path(f"study-{number}-{file}")
    with open_client() as client:
        client.studies.export(number, file, place)
    say(f"Wrote {place}, {place.stat().st_size:,} bytes.")


def follow_study(client: ArenaClient, number: int) -> Study:
    with counted("Runs") as move:
        return client.studies.wait(number, lambda study: move(study.num_scored, study.num_runs))


def describe_study(client: ArenaClient, found: Study) -> None:
    def write() -> Any:
        facts = f"{found.state}, {found.num_scored} of {found.num_runs} runs, {found.num_failed} failed"
        rows: list[tuple[str, ...]] = [(f"study {found.id}", found.name, facts, client.page(found.url))]
        for row in found.figures.get("payoff", {}).get("rows", []):
            rows.append(
                (row["name"], f"{row['num_runs']} runs", *(write_estimate(row[key]) for key in ("iqm", "mean")))
            )
        return table(("", "", "IQM of payoffs, 95 %", "mean of payoffs, 95 %"), rows)

    show(found, write)


def write_estimate(one: dict[str, float | None] | None) -> str:
    if one is None:
        return "-"
    if one["low"] is None:
        return f"{one['value']:+.3f}, too few runs for an interval"
    return f"{one['value']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}]"
