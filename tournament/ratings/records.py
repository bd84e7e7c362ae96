"""What a fit of the ratings says, as records that survive JSON."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from tournament.meta_solvers import Cyclicity

VERSION = "3"
"""Version of the code that fits; a change that moves any number changes it. Snapshots of version 1 had the margin as `rating`."""


@dataclass(frozen=True)
class AgentRating:
    """One agent's line. None where it is not known: an agent that play does not connect with the others is unrated.

    The headline is the duplicate Elo: `rating`, `lower` and `upper` (95 %) are Elo points; `rank` counts from 1 within the team;
    `best_rank` is 1 plus the number of agents that are better beyond the interval of the difference, `worst_rank` the reverse;
    `first_probability` is how probable it is that no agent of the team is better.
    `margin`, `margin_lower` and `margin_upper` are the same scale's rating by how much better, not how often.
    `payoff` is the mean of the agent's own payoffs over its opponents, `payoff_error` its standard error; `worst_opponent` is the digest of the opponent
    against which its payoff is least.
    `nash_mass` is its probability in the team's Nash strategy, `nash_support` how often it is in that strategy when the episodes are drawn anew,
    `nash_skill` its payoff against the other team's Nash strategy minus what the game is worth to the team; `deviation` is its
    deviation rating, in payoff.
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

    `value` is the game's value to the cameras, `value_lower` and `value_upper` its 95 % interval. The exploitabilities are those of playing
    all agents of a team alike, within this pool of agents: an opponent from outside it may gain more. `nash_conv` is their sum,
    with its interval.
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
    """An agent whose removal from the table would give the board of `team` another first.

    `removed` is its digest; `first` is who is first with it, `then` who would be without it.
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
        """The line of an agent. Raises KeyError if it is on neither board."""
        for line in (*self.cameras, *self.targets):
            if line.digest == digest:
                return line
        raise KeyError(digest)

    def board(self, team: str) -> tuple[AgentRating, ...]:
        """The lines of `camera` or `target`, best first."""
        return self.cameras if team == "camera" else self.targets

    def to_json(self) -> dict[str, Any]:
        """Nested dictionaries and lists; the inverse of `from_json`."""
        return {field.name: _write(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Ratings:
        """Ratings as they were stored, by this version or an earlier one; what it did not know yet is None."""
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
    """A record as the dictionary of its fields, a tuple as the list of its entries; `dataclasses.asdict` takes ten times as long."""
    if isinstance(value, tuple):
        return [_write(entry) for entry in value]
    if is_dataclass(value):
        return {name: _write(entry) if isinstance(entry, tuple) else entry for name, entry in vars(value).items()}
    return value


def _read(kind: Any, stored: dict[str, Any]) -> Any:
    """A record from its stored fields; those that this version no longer has are left out."""
    known = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in stored.items() if name in known})
