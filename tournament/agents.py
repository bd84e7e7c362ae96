"""Specifications of agents: a built-in baseline, a checkpoint, or a mixture of agents.

A specification is frozen data with a canonical JSON form and a digest, by which it is compared. `load` makes an agent
that plays from it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mate.agents import batched
from mate.agents.batched import BUILTIN_NAMES
from mate.errors import UserError
from mate.messages import TEAMS

if TYPE_CHECKING:
    from mate.agents.batched import BatchedAgent
    from mate.scenario import Scenario
    from policies import Checkpoint

MAX_MEMBERS = 1000


class AgentError(UserError):
    """An invalid specification of an agent, or an agent that cannot play as requested."""


def _digest(document: Any) -> str:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _check_team(team: str) -> None:
    if team not in TEAMS:
        raise AgentError(f"team is {team!r}: expected camera or target.")


class _Spec:
    """The base of the three kinds: the digest is the SHA-256 of the canonical JSON form, 64 hexadecimal digits."""

    @cached_property
    def digest(self) -> str:
        return _digest(self.to_json())

    def to_json(self) -> dict[str, Any]:
        raise NotImplementedError


@dataclass(frozen=True)
class Builtin(_Spec):
    """One of the game's rule-based agents."""

    team: str
    name: str

    def __post_init__(self) -> None:
        _check_team(self.team)
        if self.name not in BUILTIN_NAMES:
            raise AgentError(f"There is no built-in agent {self.name!r}: expected one of {', '.join(BUILTIN_NAMES)}.")

    def to_json(self) -> dict[str, Any]:
        """Return the canonical form."""
        return {"kind": "builtin", "team": self.team, "name": self.name}


@dataclass(frozen=True)
class LearnedAgent(_Spec):
    """A checkpoint, by its digest, that samples its actions or, if `deterministic`, plays the best one."""

    team: str
    checkpoint: str
    deterministic: bool = False

    def __post_init__(self) -> None:
        _check_team(self.team)
        if not isinstance(self.checkpoint, str) or not self.checkpoint:
            raise AgentError("A learned agent needs the digest of its checkpoint.")

    def to_json(self) -> dict[str, Any]:
        """Return the canonical form."""
        return {
            "kind": "checkpoint",
            "team": self.team,
            "checkpoint": self.checkpoint,
            "deterministic": bool(self.deterministic),
        }


@dataclass(frozen=True)
class Mixture(_Spec):
    """Weighted agents of one team; one of them is drawn for each episode and plays it for the whole team.

    `members` are (weight, agent) pairs. Weights are normalised to sum 1, equal members merged, members of weight zero
    dropped, and members sorted by digest, so that equal mixtures have equal digests.
    """

    team: str
    members: tuple[tuple[float, Spec], ...]

    def __post_init__(self) -> None:
        _check_team(self.team)
        weights: dict[str, float] = {}
        agents: dict[str, Spec] = {}
        for weight, agent in self.members:
            if agent.team != self.team:
                raise AgentError(f"A mixture of {self.team} agents cannot have a {agent.team} agent as a member.")
            if not math.isfinite(weight) or weight < 0:
                raise AgentError(f"The weight of a mixture's member is {weight}: expected a number of at least zero.")
            weights[agent.digest] = weights.get(agent.digest, 0.0) + float(weight)
            agents[agent.digest] = agent
        total = sum(weights.values())
        if not total > 0 or len(agents) > MAX_MEMBERS:
            raise AgentError(f"A mixture needs one to {MAX_MEMBERS} members with a positive weight.")
        if abs(total - 1.0) < 1e-9:
            total = 1.0  # Weights that were normalised before stay unchanged, to the bit.
        ordered = tuple((weights[key] / total, agents[key]) for key in sorted(agents) if weights[key] > 0)
        object.__setattr__(self, "members", ordered)

    def to_json(self) -> dict[str, Any]:
        """Return the canonical form."""
        members = [{"weight": weight, "agent": agent.to_json()} for weight, agent in self.members]
        return {"kind": "mixture", "team": self.team, "members": members}


def identify_mixture(team: str, members: Iterable[tuple[float, str]]) -> str:
    """Return the identity of a mixture of agents, given by weight and identity: the digest with identities for members.

    Raises AgentError as `Mixture` does.
    """
    return Mixture(team, tuple((weight, LearnedAgent(team, identity)) for weight, identity in members)).digest


Spec = Builtin | LearnedAgent | Mixture
OpenCheckpoint = Callable[[str], "Checkpoint"]


def from_json(document: Mapping[str, Any]) -> Spec:
    """Return the specification with this JSON form; the inverse of `to_json`.

    Raises AgentError for an invalid form.
    """
    try:
        kind, team = document["kind"], document["team"]
        if kind == "builtin":
            return Builtin(team, document["name"])
        if kind == "checkpoint":
            return LearnedAgent(team, document["checkpoint"], document["deterministic"])
        if kind == "mixture":
            members = document["members"]
            return Mixture(team, tuple((member["weight"], from_json(member["agent"])) for member in members))
    except (KeyError, TypeError) as error:
        raise AgentError(f"Invalid form of an agent: {error!r} in {str(document)[:200]}") from error
    raise AgentError(f"An agent of kind {kind!r} is unknown: expected builtin, checkpoint or mixture.")


def checkpoints(spec: Spec) -> set[str]:
    """Return the digests of all checkpoints that the agent needs."""
    if isinstance(spec, LearnedAgent):
        return {spec.checkpoint}
    if isinstance(spec, Mixture):
        return set().union(*(checkpoints(agent) for _, agent in spec.members))
    return set()


def load(spec: Spec, scenario: Scenario, size: int, open_checkpoint: OpenCheckpoint | None = None) -> BatchedAgent:
    """Return the agent, ready to play `size` episodes of the scenario at once.

    `open_checkpoint` returns the checkpoint with a digest; built-in agents need none. The code of networks is imported
    only when a network plays.
    """
    if isinstance(spec, Builtin):
        return batched.make(spec.name, spec.team, scenario, size)
    if isinstance(spec, Mixture):
        members = [load(agent, scenario, size, open_checkpoint) for _, agent in spec.members]
        return batched.BatchedMixture(members, [weight for weight, _ in spec.members])
    if open_checkpoint is None:
        raise AgentError(f"Checkpoint {spec.checkpoint[:12]} is needed to play, but no checkpoints were given.")
    from policies.inference import BatchedPolicy

    return BatchedPolicy(open_checkpoint(spec.checkpoint), scenario, size, deterministic=spec.deterministic)
