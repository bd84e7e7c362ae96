"""Formats of tournaments: which episodes are played next, and what they have shown.

A format is a pure rule. In each round it is given all episodes of the rounds before (`Evidence`) and answers which to
add (`Choice`, each with its reason and its probability); an empty answer ends the tournament. `find` tells what is known so far.
Nothing here needs the database: the same objects run in tournaments, in simulation studies and in notebooks.

Comparisons of one team's agents use episodes whose seeds these agents share within an opponent and which are fresh between
opponents (`tournament.seeds`): even numbers for cameras, odd ones for targets.
"""

from tournament.scheduling.budget import BUDGET
from tournament.scheduling.evidence import Choice, Evidence, View
from tournament.scheduling.formats import Figure, Finding, Format, FormatInfo
from tournament.scheduling.nash import NASH
from tournament.scheduling.placement import PLACEMENT
from tournament.scheduling.ranking import RANKING
from tournament.scheduling.round_robin import ROUND_ROBIN
from tournament.scheduling.sequential import SEQUENTIAL
from tournament.scheduling.settings import Setting, SettingsRefused

FORMATS: dict[str, FormatInfo] = {
    info.name: info for info in (ROUND_ROBIN, PLACEMENT, RANKING, NASH, SEQUENTIAL, BUDGET)
}
"""Every format by the name under which tournaments store it."""

__all__ = [
    "FORMATS",
    "Choice",
    "Evidence",
    "Figure",
    "Finding",
    "Format",
    "FormatInfo",
    "Setting",
    "SettingsRefused",
    "View",
]
