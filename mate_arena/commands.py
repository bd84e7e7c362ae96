"""The command `mate-arena`: runs a portal on this machine, is a client of any portal, and evaluates agents locally."""

import sys

from mate_arena import open_application
from mate_arena.launching import LAUNCHER


def main() -> int:
    """Run a command line; return its exit status."""
    chosen = sys.argv[1] if len(sys.argv) > 1 else ""
    if chosen in LAUNCHER:
        return launch()
    if chosen == "evaluate":
        return evaluate()
    if chosen == "remote":
        return play_remotely()
    from mate_arena.cli import run

    return run()


def launch() -> int:
    """Run the launcher's command line."""
    open_application()
    from portal.launcher.__main__ import main as start

    return start("mate-arena")


def evaluate() -> int:
    """Play a camera agent against a target agent, without a portal."""
    from mate.evaluate.command import main as play

    return play(sys.argv[2:])


def play_remotely() -> int:
    """Let the user's own agent class play in a portal, from this process."""
    from mate.remote.__main__ import main as serve

    return serve(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
