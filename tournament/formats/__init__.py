"""Formats of tournaments: which episodes are played next, and what they have shown.

A format is a pure rule. In each round it is given all episodes of the rounds before (`Evidence`) and answers which to
add (`Choice`, each with its reason and its probability); an empty answer ends the tournament. `find` tells what is known so far.
Nothing here needs the database: the same objects run in tournaments, in simulation studies and in notebooks.

Comparisons of one team's agents use episodes whose seeds these agents share within an opponent and which are fresh between
opponents (`tournament.seeds`): even numbers for cameras, odd ones for targets.
"""

from tournament.formats.budget import BUDGET
from tournament.formats.evidence import Choice, Evidence, View
from tournament.formats.format import Figure, Finding, Format, FormatInfo
from tournament.formats.nash import NASH
from tournament.formats.placement import PLACEMENT
from tournament.formats.ranking import RANKING
from tournament.formats.round_robin import ROUND_ROBIN
from tournament.formats.sequential import SEQUENTIAL
from tournament.formats.settings import Setting, SettingsRefused

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
