"""Known answers: episodes whose digests every correct worker reproduces.

They reveal a processor or a library that computes other results.
"""

from __future__ import annotations

from dataclasses import dataclass

from mate.scenario import Scenario
from tournament import agents, leaderboards, matches


@dataclass(frozen=True)
class Known:
    """An episode of built-in agents and its digest."""

    scenario: str
    camera: str
    target: str
    seed: int
    digest: str


KNOWN: dict[str, tuple[Known, ...]] = {
    "1": (
        Known("MATE-2v4-0", "greedy", "greedy", 1, "3bb124b7f9cb880b"),
        Known("MATE-4v8-9", "heuristic", "greedy", 2, "1cf1db231fadd95b"),
        Known("MATE-4v4-9", "random", "heuristic", 3, "506f6725e069909a"),
    )
}
"""The known episodes of each engine version."""


def find_wrong() -> str:
    """Return what is wrong with this process's results; empty if it finds the known digests."""
    for known in KNOWN.get(leaderboards.engine_version(), ()):
        if (found := play(known)) != known.digest:
            return (
                f"This worker plays wrongly: {known.camera} vs {known.target}, seed {known.seed} of "
                f"{known.scenario}, came out "
                f"as {found} instead of {known.digest}. Its processor, memory or packages differ from what was checked."
            )
    return ""


def play(known: Known) -> str:
    """Return the digest of the episode as this process plays it."""
    scenario = Scenario.load(known.scenario)
    camera, target = agents.Builtin("camera", known.camera), agents.Builtin("target", known.target)
    (result,) = matches.play(scenario, camera, target, [known.seed])
    return f"{result.digest:016x}"
