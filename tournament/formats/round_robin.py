"""Round robin: every camera against every target, equally often."""

from __future__ import annotations

from tournament.formats.evidence import ChosenEpisodes, Evidence
from tournament.formats.format import Figure, Finding, FormatInfo, extend
from tournament.formats.settings import Rule, setting


class RoundRobin(Rule):
    """One round: `episodes` of every pairing, numbered from 0."""

    episodes: int = setting(10, "Episodes a pairing", "Number of episodes of each pairing.", 1, 10_000, "episodes")

    @property
    def limit(self) -> int:
        return len(self.cameras) * len(self.targets) * self.episodes

    def choose(self, evidence: Evidence, round: int) -> list[ChosenEpisodes]:
        """Return all episodes in the first round, none later."""
        if round:
            return []
        reason = "Every pairing is played equally often."
        return [
            ChosenEpisodes(camera, target, 0, self.episodes, 1, reason)
            for camera in range(len(self.cameras))
            for target in range(len(self.targets))
            if not evidence.closed[camera, target]
        ]

    def find(self, evidence: Evidence, earlier: Finding | None = None) -> Finding:
        """Return how many pairings are complete."""
        open_pairings = int((~evidence.closed).sum())
        left = int((self.episodes - evidence.count[~evidence.closed]).clip(0).sum())
        complete = int(((evidence.count >= self.episodes) & ~evidence.closed).sum())
        return Finding(
            headline=f"{complete:,} of {open_pairings:,} pairings have their {self.episodes:,} episodes.",
            figures=(Figure("Episodes", float(len(evidence))),),
            trace=extend(earlier, {"episodes": float(len(evidence)), "pairings": float(complete)}),
            is_decided=left == 0,
            expected_left=left,
        )


ROUND_ROBIN = FormatInfo(
    "round-robin",
    "Round robin",
    "Play every pairing equally",
    "Every camera agent meets every target agent equally often, in one round.",
    RoundRobin,
    has_fixed_size=True,
    places_newcomers=True,
    has_question=False,
)
