"""The client's command line."""

from __future__ import annotations

import typer

from mate_arena.cli import accounts, agents, attacks, boards, labs, replays, runs, studies, tournaments
from mate_arena.cli.output import complain, options
from mate_arena.client.errors import ArenaError
from mate_arena.launching import LAUNCHER

ON_THIS_MACHINE = "On this machine"

app = typer.Typer(
    name="mate-arena",
    help="Evaluate multi-agent policies. Run a portal on this machine, or use any portal.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (accounts, agents, labs, tournaments, boards, replays, runs, studies, attacks):
    part.register(app)


@app.callback()
def choose(
    url: str = typer.Option("", help="Address of the portal.", envvar="ARENA_URL", show_default=False),
    token: str = typer.Option(
        "", help="API token of your account on the portal.", envvar="ARENA_TOKEN", show_default=False
    ),
    json: bool = typer.Option(False, "--json", help="Print JSON instead of tables."),
) -> None:
    options.url, options.token, options.json = url, token, json


def _add_local(name: str, words: str) -> None:
    """List a command in the help; `mate_arena.commands` runs it before this program is loaded."""

    def pass_on() -> None:
        raise AssertionError("handled by mate_arena.commands")

    app.command(name, help=words, rich_help_panel=ON_THIS_MACHINE)(pass_on)


HERE = LAUNCHER | {
    "evaluate": "Play two agents against each other, without a portal.",
    "remote": "Connect your own agent class to a portal; the agent runs in this process.",
}
for _name, _words in HERE.items():
    _add_local(_name, _words)


def run(arguments: list[str] | None = None) -> int:
    """Run a command line; return its exit status (docs/client.md lists them)."""
    try:
        app(args=arguments)
    except ArenaError as error:
        complain(error)
        return error.exit_code
    except SystemExit as end:  # Typer's own statuses: 0, 2 for a wrong command line, 130 for an interruption.
        return end.code if isinstance(end.code, int) else 0
    return 0


__all__ = ["app", "run"]
