"""Replay recorded episodes for clients of the socket in FOLDER: `python -m tournament.recorder FOLDER`."""

import argparse
import sys
from pathlib import Path

from tournament.recorder import player


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tournament.recorder", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--while-input-is-open", action="store_true", help="exit when standard input is closed")
    options = parser.parse_args()
    player.run(options.folder, sys.stdin.buffer if options.while_input_is_open else None)


if __name__ == "__main__":
    main()
