"""Trainings and PSRO runs."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import typer

from mate_arena.cli.output import counted, open_client, say, show, table
from mate_arena.cli.tournaments import read_settings
from mate_arena.client import ArenaClient
from mate_arena.client.errors import ArenaError
from mate_arena.client.shapes import PsroRun, Training

trainings = typer.Typer(help="Start, watch, pause, resume and cancel trainings.", no_args_is_help=True)
psro = typer.Typer(
    help="Start, watch, pause, resume and cancel PSRO runs (policy-space response oracles).", no_args_is_help=True
)


def register(app: typer.Typer) -> None:
    app.add_typer(trainings, name="train")
    app.add_typer(psro, name="psro")


@trainings.command()
def start(
    scenario: str = typer.Argument(help="Slug of the scenario."),
    team: str = typer.Argument(help="Team to train: camera or target."),
    opponent: str = typer.Option(help="Slug of the opponent."),
    algorithm: str = typer.Option(
        "hrl-mappo",
        help="Algorithm, such as mappo, qmix, maddpg, tarmac or i2c. "
        "Cameras can also use hierarchical algorithms, such as hrl-mappo.",
    ),
    preset: str = typer.Option("quick", help="Preset of hyperparameters: quick, fast, entity or upstream."),
    steps: int = typer.Option(None, help="Environment steps. By default, the preset sets them."),
    name: str = typer.Option("", help="Name of the training and of its agent."),
    setting: list[str] = typer.Option(
        [], "--set", metavar="NAME=VALUE", help="Value of a hyperparameter. Repeat the option for more."
    ),
    seed: int = typer.Option(0, help="Random seed of the training."),
    watch: bool = typer.Option(False, help="Wait until the training is over or paused."),
) -> None:
    """Start a training."""
    wanted: dict[str, Any] = {"scenario": scenario, "team": team, "opponent": opponent, "algorithm": algorithm}
    wanted |= {"preset": preset, "steps": steps, "name": name, "seed": seed, "hyperparameters": read_settings(setting)}
    with open_client() as client:
        made = client.trainings.create(**wanted)
        describe_training(client, follow_training(client, made.id) if watch else made)


@trainings.command("watch")
def watch_training(number: int) -> None:
    """Wait until a training is over or paused."""
    with open_client() as client:
        describe_training(client, follow_training(client, number))


@trainings.command("list")
def list_trainings(scenario: str = "", state: str = "", owner: str = "", search: str = "", limit: int = 20) -> None:
    """List trainings, newest first."""
    with open_client() as client:
        filters = {"scenario": scenario, "state": state, "owner": owner, "search": search}
        found = list(islice(client.trainings.list(**filters), limit))
    rows = [(t.id, t.name, t.scenario, t.state) for t in found]
    show(found, lambda: table(("#number", "name", "scenario", "state"), rows))


@trainings.command("steer")
def steer_training(number: int, action: str = typer.Argument(help="Action: pause, resume or cancel.")) -> None:
    """Pause, resume or cancel one of your trainings."""
    with open_client() as client:
        describe_training(client, choose(client.trainings, action)(number))


def follow_training(client: ArenaClient, number: int) -> Training:
    with counted("Training") as move:
        found = client.trainings.wait(number, lambda run: move(*progress_of(run)))
    if found.state == "failed":
        raise ArenaError(f"Training {number} failed: {getattr(found, 'error', '')}")
    return found


def progress_of(run: Training) -> tuple[int, int]:
    told = run.model_extra or {}
    return int(told.get("steps_done") or 0), int(told.get("steps_expected") or told.get("steps_wanted") or 1)


def describe_training(client: ArenaClient, found: Training) -> None:
    agent = (found.model_extra or {}).get("agent")
    rows = [
        ("training", f"{found.id}: {found.name}"),
        ("state", found.state),
        ("agent", agent["slug"] if agent else "-"),
        ("page", client.page(found.url)),
    ]
    show(found, lambda: table(("", ""), rows))


@psro.command("start")
def start_psro(
    scenario: str = typer.Argument(help="Slug of the scenario."),
    name: str = typer.Option(help="Name of the run."),
    camera_algorithm: str = typer.Option("hrl-mappo", help="Algorithm of the cameras' best responses."),
    target_algorithm: str = typer.Option("mappo", help="Algorithm of the targets' best responses."),
    steps: int = typer.Option(None, help="Environment steps of each best response. By default, the preset sets them."),
    kind: str = typer.Option("psro", help="psro, or anytime: anytime PSRO, which uses no meta-solver."),
    rounds: int = typer.Option(4, help="Of anytime PSRO: how often each iteration changes its strategies."),
    meta_solver: str = typer.Option("nash", help="Such as nash, uniform or alpha-rank; /api/v1/docs lists all."),
    iterations: int = typer.Option(5, help="Number of iterations."),
    watch: bool = typer.Option(False, help="Wait until the run is over or paused."),
) -> None:
    """Start a PSRO run."""
    sides = {"camera_training": camera_algorithm, "target_training": target_algorithm}
    wanted: dict[str, Any] = {side: {"algorithm": one, "steps": steps} for side, one in sides.items()}
    wanted |= {"name": name, "scenario": scenario, "kind": kind, "rounds": rounds, "meta_solver": meta_solver}
    wanted["iterations"] = iterations
    with open_client() as client:
        made = client.psro.create(**wanted)
        describe_psro(client, follow_psro(client, made.id) if watch else made)


@psro.command("watch")
def watch_psro(number: int) -> None:
    """Wait until a PSRO run is over or paused."""
    with open_client() as client:
        describe_psro(client, follow_psro(client, number))


@psro.command("list")
def list_psro(scenario: str = "", state: str = "", owner: str = "", search: str = "", limit: int = 20) -> None:
    """List PSRO runs, newest first."""
    with open_client() as client:
        filters = {"scenario": scenario, "state": state, "owner": owner, "search": search}
        found = list(islice(client.psro.list(**filters), limit))
    rows = [(r.id, r.name, r.scenario, r.state, f"{r.iterations_done}/{r.iterations_wanted}") for r in found]
    show(found, lambda: table(("#number", "name", "scenario", "state", "#iterations"), rows))


@psro.command("steer")
def steer_psro(number: int, action: str = typer.Argument(help="Action: pause, resume or cancel.")) -> None:
    """Pause, resume or cancel one of your PSRO runs."""
    with open_client() as client:
        describe_psro(client, choose(client.psro, action)(number))


@psro.command("export")
def export_psro(
    number: int, output: Path = typer.Option(None, "--output", "-o", help="Path of the file to write.")
) -> None:
    """Export the results of a PSRO run as a zip file, in the layout of MATE's PSRO example."""
    place = output or Path(f"psro-{number}.zip")
    with open_client() as client:
        client.psro.export(number, place)
    say(f"Wrote {place}, {place.stat().st_size:,} bytes.")


@psro.command("compare")
def compare_psro(
    first: int,
    second: int,
    play: bool = typer.Option(False, help="Have the episodes played that are missing."),
) -> None:
    """Compare the final strategies of two finished PSRO runs of one scenario, head to head."""
    with open_client() as client:
        found = client.psro.compare(first, second, play)
        page = client.page(found.url)
    if found.payoffs is None or found.advantage is None:
        words = "Its episodes are being played or too few" if found.tournament else "Not all episodes exist: --play"
        show(found, lambda: table(("", ""), [("verdict", words), ("page", page)]))
        return
    rows = [
        (f"cameras of {run}", f"targets of {other}", describe_mixed(payoff))
        for run, payoffs in zip((first, second), found.payoffs, strict=True)
        for other, payoff in zip((first, second), payoffs, strict=True)
    ]
    rows += [("advantage of", str(first), describe_mixed(found.advantage)), ("page", "", page)]
    show(found, lambda: table(("", "", "#payoff"), rows))


def describe_mixed(payoff: dict[str, float]) -> str:
    return f"{payoff['mean']:+.3f} ({payoff['low']:+.3f} to {payoff['high']:+.3f})"


def follow_psro(client: ArenaClient, number: int) -> PsroRun:
    with counted("Iterations") as move:
        found = client.psro.wait(number, lambda run: move(run.iterations_done, run.iterations_wanted))
    if found.state == "failed":
        raise ArenaError(f"PSRO run {number} failed: {found.reason}")
    return found


def describe_psro(client: ArenaClient, found: PsroRun) -> None:
    rows = [
        ("run", f"{found.id}: {found.name}"),
        ("state", f"{found.state} {found.reason}".strip()),
        ("iterations", f"{found.iterations_done} of {found.iterations_wanted}"),
        ("page", client.page(found.url)),
    ]
    show(found, lambda: table(("", ""), rows))


def choose(group: Any, action: str) -> Any:
    if action not in ("pause", "resume", "cancel"):
        raise typer.BadParameter(f"{action!r} is no action: write pause, resume or cancel.")
    return getattr(group, action)
