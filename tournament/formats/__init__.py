"""Tournament formats: rules that choose the next episodes, and findings about those played.

A format is a pure rule. In each round it is given all episodes of the earlier rounds (`Evidence`) and returns the
episodes to add (`ChosenEpisodes`, each with its reason and its probability); an empty answer ends the tournament.
`find` returns what the episodes show so far. Formats need no database: the same objects run in tournaments, in
simulation studies and in notebooks.

Comparisons of one team's agents use common random numbers: for each opponent these agents share the seeds, and
different opponents have independent seeds (`tournament.seeds`). Even episode numbers serve cameras, odd ones targets.
"""

from tournament.formats.budget import BUDGET
from tournament.formats.evidence import ChosenEpisodes, Evidence, View
from tournament.formats.format import Chart, Figure, Finding, Format, FormatInfo
from tournament.formats.nash import NASH
from tournament.formats.placement import PLACEMENT
from tournament.formats.ranking import RANKING
from tournament.formats.round_robin import ROUND_ROBIN
from tournament.formats.sequential import SEQUENTIAL
from tournament.formats.settings import Setting, SettingsRefused

FORMATS: dict[str, FormatInfo] = {
    info.name: info for info in (ROUND_ROBIN, PLACEMENT, RANKING, NASH, SEQUENTIAL, BUDGET)
}
"""Every format by the name that tournaments store."""

__all__ = [
    "FORMATS",
    "Chart",
    "ChosenEpisodes",
    "Evidence",
    "Figure",
    "Finding",
    "Format",
    "FormatInfo",
    "Setting",
    "SettingsRefused",
    "View",
]
