"""Re-evaluation of an agent on fresh seeds.

The best of many checkpoints is selected for its luck as well as its skill (the winner's curse), so that its measured
payoff is biased upwards. Episodes from fresh seeds are independent of the selection and give an unbiased payoff.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mate import Team
from mate.errors import UserError
from tournament import boards, organising
from tournament.fields import in_order
from tournament.models import Agent, Purpose, RatingSnapshot, Scenario, Tournament
from tournament.ratings import ANCHORS, AgentRating

MOST_OPPONENTS = 20
FEWEST_EPISODES, MOST_EPISODES = 20, 200
"""Minimum and maximum number of episodes per pairing; between them, the number behind the examined figure."""


class NothingToReevaluate(UserError):
    """An agent that has not been rated in the scenario yet."""


@dataclass(frozen=True)
class Offer:
    """A possible re-evaluation: the agent and, for comparison, its team's greedy agent, against its opponents."""

    agents: tuple[Agent, ...]
    opponents: tuple[Agent, ...]
    episodes_per_pairing: int

    @property
    def num_episodes(self) -> int:
        return len(self.agents) * len(self.opponents) * self.episodes_per_pairing


@dataclass(frozen=True)
class Figures:
    """An agent's mean payoff over some opponents, and its rating, on one snapshot."""

    snapshot: RatingSnapshot
    rating: AgentRating
    payoff: float
    error: float | None
    num_episodes: int


@dataclass(frozen=True)
class Reevaluation:
    """A tournament on fresh seeds with the figures before it and those that it found; None where there are none."""

    tournament: Tournament
    before: Figures | None
    fresh: Figures | None

    @property
    def change(self) -> tuple[float, float | None] | None:
        """Return the fresh payoff minus the earlier one, with the standard error of the difference."""
        if self.before is None or self.fresh is None:
            return None
        known = self.before.error is not None and self.fresh.error is not None
        error = math.hypot(self.before.error or 0.0, self.fresh.error or 0.0) if known else None
        return self.fresh.payoff - self.before.payoff, error

    @property
    def is_flattered(self) -> bool | None:
        """Return whether the earlier payoff was higher by more than two standard errors; None where that is unknown."""
        if self.change is None or self.change[1] is None:
            return None
        difference, error = self.change
        return difference < -2 * error  # type: ignore[operator]


def find_offer(agent: Agent, scenario: Scenario) -> Offer | None:
    """Return the possible re-evaluation of the agent; None where it has not been rated.

    Of more than MOST_OPPONENTS opponents, those with most episodes are taken.
    """
    snapshot = boards.snapshots_of(scenario).first()
    counts = _row(snapshot, agent, "count") if snapshot else {}
    met = sorted((digest for digest, count in counts.items() if count), key=lambda digest: (-counts[digest], digest))
    chosen = met[:MOST_OPPONENTS]
    rows = Agent.objects.in_bulk([*chosen, ANCHORS[agent.team]], field_name="digest")
    opponents = tuple(rows[digest] for digest in chosen if digest in rows)
    if not opponents:
        return None
    anchor = rows.get(ANCHORS[agent.team])
    usual = sum(counts[one.digest] for one in opponents) // len(opponents)
    return Offer(
        agents=(agent,) if anchor is None or anchor == agent else (agent, anchor),
        opponents=opponents,
        episodes_per_pairing=min(max(usual, FEWEST_EPISODES), MOST_EPISODES),
    )


def reevaluate(agent: Agent, scenario: Scenario, owner: Any) -> Tournament:
    """Start a round robin of the agent with an unused base seed. Send hints to workers afterwards.

    Raises NothingToReevaluate, or TournamentRefused where the agent cannot play.
    """
    offer = find_offer(agent, scenario)
    if offer is None:
        raise NothingToReevaluate(
            f"{agent.name} has not been rated in {scenario.name}: there is no figure to check. Start a tournament "
            f"with it first."
        )
    fields = (offer.agents, offer.opponents) if agent.team == Team.CAMERA else (offer.opponents, offer.agents)
    return organising.create_tournament(
        organising.TournamentRequest(
            f"{agent.name[:80]} on fresh seeds",
            scenario,
            *fields,
            base_seed=1 + secrets.randbelow(2**63 - 1),
            owner=owner,
            settings={"episodes": offer.episodes_per_pairing},
            purpose=Purpose.REEVALUATION,
        )
    )


def reevaluations_of(agent: Agent, scenario: Scenario, most: int = 5) -> list[Reevaluation]:
    """Return the agent's latest re-evaluations in a scenario, newest first."""
    field = "cameras" if agent.team == Team.CAMERA else "targets"
    found = Tournament.objects.filter(**{field: agent, "scenario": scenario, "purpose": Purpose.REEVALUATION})
    # The first agent of the field is the examined one; the greedy agent is in many.
    mine = [one for one in found[: 4 * most] if in_order(getattr(one, field))[0] == agent]
    return [_describe(agent, one) for one in mine[:most]]


def _describe(agent: Agent, tournament: Tournament) -> Reevaluation:
    other = tournament.targets if agent.team == Team.CAMERA else tournament.cameras
    opponents = list(other.values_list("digest", flat=True))
    before = boards.snapshots_of(tournament.scenario).filter(created__lte=tournament.created).first()
    fresh = boards.snapshots_of(tournament).first()
    return Reevaluation(tournament, _figures(before, agent, opponents), _figures(fresh, agent, opponents))


def _figures(snapshot: RatingSnapshot | None, agent: Agent, opponents: Sequence[str]) -> Figures | None:
    """Return the agent's figures against those of the opponents that it had played by then."""
    if snapshot is None:
        return None
    counts, payoffs, errors = (_row(snapshot, agent, name) for name in ("count", "payoff", "error"))
    met = [digest for digest in opponents if counts.get(digest)]
    line = boards.line_on(snapshot, agent)
    if not met or line is None:
        return None
    known = [errors[digest] for digest in met]
    sign = 1.0 if agent.team == Team.CAMERA else -1.0
    return Figures(
        snapshot=snapshot,
        rating=line,
        payoff=sign * sum(payoffs[digest] for digest in met) / len(met),
        error=None if None in known else math.sqrt(sum(error**2 for error in known)) / len(met),
        num_episodes=sum(counts[digest] for digest in met),
    )


def _row(snapshot: RatingSnapshot, agent: Agent, name: str) -> dict[str, Any]:
    """Return the agent's cells of a matrix of the snapshot's meta-game, by the opponent's digest."""
    game = snapshot.table["meta_game"]
    own, other = ("cameras", "targets") if agent.team == Team.CAMERA else ("targets", "cameras")
    if agent.digest not in game[own]:
        return {}
    place = game[own].index(agent.digest)
    cells = game[name][place] if agent.team == Team.CAMERA else [row[place] for row in game[name]]
    return dict(zip(game[other], cells, strict=True))
