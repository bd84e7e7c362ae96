"""The result of a ratings fit, as records that survive JSON."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any

from mate import Team
from tournament.meta_solvers import Cyclicity

VERSION = "4"
"""Version of the rating code; any change of a number increments it. Version 1 stored the margin as `rating`; version 4
draws the errors of tables from sums over seeds."""


@dataclass(frozen=True)
class AgentRating:
    """One agent's line. Values are None where they are unknown: an agent that play does not connect is unrated.

    The headline is the duplicate Elo: `rating`, `lower` and `upper` (95 %) are Elo points; `rank` counts from 1 within
    the team; `best_rank` is 1 plus the number of agents that are better beyond the interval of the difference,
    `worst_rank` the reverse; `first_probability` is the probability of being best (the likelihood of superiority, LOS,
    for two agents). `margin`, `margin_lower` and `margin_upper` are the margin rating in Elo points: by how much it is
    better, not how often. `payoff` is the mean of the agent's own payoffs over its opponents, `payoff_error` its
    standard error; `worst_opponent` is the digest of the opponent against which its payoff is lowest. `nash_mass` is
    its probability in the team's Nash strategy, `nash_support` the share of bootstrap replicates in which it is in that
    strategy, `nash_skill` its payoff against the other team's Nash strategy minus the game's value to the team;
    `deviation` is its deviation rating, in payoff.
    """

    digest: str
    team: str
    num_episodes: int
    num_opponents: int
    is_provisional: bool
    is_anchor: bool = False
    rating: float | None = None
    lower: float | None = None
    upper: float | None = None
    rank: int | None = None
    best_rank: int | None = None
    worst_rank: int | None = None
    payoff: float | None = None
    payoff_error: float | None = None
    nash_mass: float | None = None
    nash_skill: float | None = None
    first_probability: float | None = None
    margin: float | None = None
    margin_lower: float | None = None
    margin_upper: float | None = None
    nash_support: float | None = None
    deviation: float | None = None
    worst_opponent: str | None = None
    num_comparisons: int | None = None

    @property
    def is_rated(self) -> bool:
        return self.rating is not None


@dataclass(frozen=True)
class NashSummary:
    """The zero-sum game among the agents of the table whose cells are all played.

    `value` is the game's value to the cameras, `value_lower` and `value_upper` its 95 % interval. The exploitabilities
    are those of uniform play within this pool of agents: an opponent from outside it may gain more. `nash_conv` is
    their sum, with its interval.
    """

    value: float
    num_cameras: int
    num_targets: int
    has_maximum_entropy: bool
    uniform_camera_exploitability: float
    uniform_target_exploitability: float
    value_lower: float | None = None
    value_upper: float | None = None
    nash_conv: float | None = None
    nash_conv_lower: float | None = None
    nash_conv_upper: float | None = None


@dataclass(frozen=True)
class Influence:
    """An agent whose removal from the table would change the first rank on the board of `team`.

    `removed` is its digest; `first` is the first agent with it, `then` the first without it.
    """

    team: str
    removed: str
    first: str
    then: str


@dataclass(frozen=True)
class Ratings:
    """Both teams' boards, best first, unrated agents last."""

    cameras: tuple[AgentRating, ...]
    targets: tuple[AgentRating, ...]
    nash: NashSummary | None
    num_episodes: int
    version: str = VERSION
    cyclicity: Cyclicity | None = None
    influences: tuple[Influence, ...] = ()

    def of(self, digest: str) -> AgentRating:
        """Return the line of an agent. Raises KeyError if it is on neither board."""
        for line in (*self.cameras, *self.targets):
            if line.digest == digest:
                return line
        raise KeyError(digest)

    def board(self, team: str) -> tuple[AgentRating, ...]:
        """Return the lines of `camera` or `target`, best first."""
        return self.cameras if team == Team.CAMERA else self.targets

    def to_json(self) -> dict[str, Any]:
        """Return nested dictionaries and lists; the inverse of `from_json`."""
        return {field.name: _write(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Ratings:
        """Return stored ratings, also of an earlier version; values that it did not store are None."""
        cyclicity = document.get("cyclicity")
        if cyclicity and cyclicity["interval"] is not None:
            cyclicity = cyclicity | {"interval": tuple(cyclicity["interval"])}
        return cls(
            cameras=tuple(_read(AgentRating, line) for line in document["cameras"]),
            targets=tuple(_read(AgentRating, line) for line in document["targets"]),
            nash=_read(NashSummary, document["nash"]) if document["nash"] else None,
            num_episodes=document["num_episodes"],
            version=document["version"],
            cyclicity=_read(Cyclicity, cyclicity) if cyclicity else None,
            influences=tuple(_read(Influence, line) for line in document.get("influences", ())),
        )


def _write(value: Any) -> Any:
    """Return a record as a dictionary of its fields, tuples as lists; `dataclasses.asdict` takes ten times as long."""
    if isinstance(value, tuple):
        return [_write(entry) for entry in value]
    if is_dataclass(value):
        return {name: _write(entry) if isinstance(entry, tuple) else entry for name, entry in vars(value).items()}
    return value


def _read(kind: Any, stored: dict[str, Any]) -> Any:
    """Return a record from its stored fields, without those that this version no longer has."""
    known = _names_of(kind)
    return kind(**{name: value for name, value in stored.items() if name in known})


@cache
def _names_of(kind: Any) -> frozenset[str]:
    """Return the names of a record's fields."""
    return frozenset(field.name for field in fields(kind))
