"""Check the statistical claims of the ratings: ``python -m benchmarks.ratings STUDY``; each study has ``--help``."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module

STUDIES = {
    "coverage": ("coverage", "how often intervals of ratings and ranks contain the true value"),
    "support": ("support", "whether the frequencies of membership in the Nash support are calibrated"),
    "psro": ("psro", "how often intervals of best-response gains and of NashConv contain the true value"),
    "speed": ("speed", "how long a large fit and a refit take"),
    "ranking": ("adaptive", "how many episodes an adaptive ranking needs"),
    "nash": ("adaptive", "how many episodes an adaptive search for the equilibrium needs"),
    "sequential": ("sequential", "error rates and length of the sequential test"),
}
"""Module and description of each study.

A module has ``add_STUDY_arguments(parser)`` and ``run_STUDY(arguments)``, which returns the exit status.
"""


def main() -> int:
    """Run the command. Return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.ratings", description=__doc__)
    studies = parser.add_subparsers(dest="study", required=True, metavar="STUDY")
    known = {name: studies.add_parser(name, help=about, description=about) for name, (_, about) in STUDIES.items()}
    name = next((word for word in sys.argv[1:] if word in STUDIES), None)
    if name is None:
        parser.parse_args()
        return 2
    module = import_module(f"benchmarks.ratings.{STUDIES[name][0]}")
    getattr(module, f"add_{name}_arguments")(known[name])
    return int(getattr(module, f"run_{name}")(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
