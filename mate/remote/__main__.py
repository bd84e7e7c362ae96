"""``python -m mate.remote module:Class --url … --token …``: play a side of a portal's matches."""

from __future__ import annotations

import argparse
import json
import os
import sys
from functools import partial
from typing import Any

from mate.errors import UserError
from mate.evaluate.entrants import construct, import_class
from mate.messages import TEAMS
from mate.remote.connection import Portal, RemoteSeat
from mate.remote.player import TurnTaker


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="mate.remote",
        description="Let a class of your own play in a portal, from this process. Ctrl-C ends it.",
    )
    parser.add_argument("agent", metavar="module:Class", help="derived from mate.CameraAgentBase or TargetAgentBase")
    parser.add_argument("--url", default=os.environ.get("ARENA_URL"), help="address of the portal (ARENA_URL)")
    parser.add_argument(
        "--token", default=os.environ.get("ARENA_TOKEN"), help="a token with the scope agents (ARENA_TOKEN)"
    )
    parser.add_argument("--name", help="the agent's name in the portal (default: that of the class)")
    parser.add_argument("--options", default="{}", help="arguments of the constructor, as JSON")
    return parser


def find_class(text: str, options: dict[str, Any]) -> tuple[str, type]:
    """Return the team and the class that ``module:Class`` names. Raises UserError if it is no agent."""
    problem: UserError | None = None
    for team in TEAMS:
        try:
            return str(team), import_class(text, team, options)
        except UserError as error:
            problem = error
    raise UserError(str(problem).partition(": ")[2])


def main(arguments: list[str] | None = None) -> int:
    """Run the command. Returns its exit status."""
    parser = make_parser()
    chosen = parser.parse_args(arguments)
    if not chosen.url or not chosen.token:
        parser.error("--url and --token are needed; a token is created on the account page of the portal")
    try:
        options = json.loads(chosen.options)
    except ValueError as error:
        parser.error(f"--options is no JSON ({error})")
    try:
        team, agent_class = find_class(chosen.agent, options)
        construct(agent_class, team, options, 0)
        player = TurnTaker(partial(construct, agent_class, team, options))
        portal = Portal(chosen.url, chosen.token)
        portal.serve(player, chosen.name or agent_class.__name__, team, _greet)
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _greet(seat: RemoteSeat) -> None:
    print(f"{seat.agent} is connected ({seat.page}). It plays when a tournament asks for it.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
