"""Specifications of agents: a built-in baseline, a checkpoint, a mixture of agents, or external code.

A specification is frozen data with a canonical JSON form and a digest. Specifications are compared by digest. `load`
returns an agent that plays as a specification says.
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
    """The base of all kinds: the digest is the SHA-256 of the canonical JSON form, 64 hexadecimal digits."""

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
class OperatorAgent(_Spec):
    """A class in Python that the operator trusts (`tournament.operators`), by the digest of its code and options."""

    team: str
    name: str
    code: str

    def __post_init__(self) -> None:
        _check_team(self.team)
        if not (isinstance(self.name, str) and isinstance(self.code, str) and self.name and self.code):
            raise AgentError("An operator's agent needs a name and the digest of its code.")

    def to_json(self) -> dict[str, Any]:
        """Return the canonical form."""
        return {"kind": "operator", "team": self.team, "name": self.name, "code": self.code}


@dataclass(frozen=True)
class RemoteAgent(_Spec):
    """A process of a user's own that plays over the network; `key` tells it from others."""

    team: str
    key: str

    def __post_init__(self) -> None:
        _check_team(self.team)
        if not isinstance(self.key, str) or not self.key:
            raise AgentError("A remote agent needs a key.")

    def to_json(self) -> dict[str, Any]:
        """Return the canonical form."""
        return {"kind": "remote", "team": self.team, "key": self.key}


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
    """Return the identity of a mixture: its digest, computed from the members' identities.

    `members` are (weight, identity) pairs. Raises AgentError as `Mixture` does.
    """
    return Mixture(team, tuple((weight, LearnedAgent(team, identity)) for weight, identity in members)).digest


Spec = Builtin | LearnedAgent | OperatorAgent | RemoteAgent | Mixture
OpenCheckpoint = Callable[[str], "Checkpoint"]
ConnectRemote = Callable[[RemoteAgent, "Scenario", int], "BatchedAgent"]
"""Returns the agent that plays through a user's process, for a number of episodes of a scenario."""


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
        if kind == "operator":
            return OperatorAgent(team, document["name"], document["code"])
        if kind == "remote":
            return RemoteAgent(team, document["key"])
        if kind == "mixture":
            members = document["members"]
            return Mixture(team, tuple((member["weight"], from_json(member["agent"])) for member in members))
    except (KeyError, TypeError) as error:
        raise AgentError(f"Invalid form of an agent: {error!r} in {str(document)[:200]}") from error
    raise AgentError(
        f"An agent of kind {kind!r} is unknown: expected builtin, checkpoint, operator, remote or mixture."
    )


def leaves(spec: Spec) -> list[Spec]:
    """Return the agents of which an agent consists: a mixture's members, resolved recursively, or the agent itself."""
    if isinstance(spec, Mixture):
        return [leaf for _, agent in spec.members for leaf in leaves(agent)]
    return [spec]


def is_reproducible(spec: Spec) -> bool:
    """Return whether an episode of the agent can be played again from its seed."""
    return not any(isinstance(leaf, RemoteAgent) for leaf in leaves(spec))


def has_foreign_code(spec: Spec) -> bool:
    """Return whether the agent runs code that is not the portal's own: an operator's class, or a user's process."""
    return any(isinstance(leaf, OperatorAgent | RemoteAgent) for leaf in leaves(spec))


def checkpoints(spec: Spec) -> set[str]:
    """Return the digests of all checkpoints that the agent needs."""
    return {leaf.checkpoint for leaf in leaves(spec) if isinstance(leaf, LearnedAgent)}


def load(
    spec: Spec,
    scenario: Scenario,
    size: int,
    open_checkpoint: OpenCheckpoint | None = None,
    connect: ConnectRemote | None = None,
) -> BatchedAgent:
    """Return the agent, ready to play `size` episodes of the scenario at once.

    `open_checkpoint` returns the checkpoint with a digest, `connect` returns a remote agent. Built-in agents need
    neither. The code of networks is imported only when a network plays.
    """
    if isinstance(spec, Builtin):
        return batched.make(spec.name, spec.team, scenario, size)
    if isinstance(spec, Mixture):
        members = [load(agent, scenario, size, open_checkpoint, connect) for _, agent in spec.members]
        return batched.BatchedMixture(members, [weight for weight, _ in spec.members])
    if isinstance(spec, OperatorAgent):
        from tournament import operators

        return operators.make(spec.team, spec.name, spec.code, scenario, size)
    if isinstance(spec, RemoteAgent):
        if connect is None:
            raise AgentError("A remote agent plays in tournaments of the portal alone: its process connects there.")
        return connect(spec, scenario, size)
    if open_checkpoint is None:
        raise AgentError(f"Checkpoint {spec.checkpoint[:12]} is needed to play, but no checkpoints were given.")
    from policies.inference import BatchedPolicy

    return BatchedPolicy(open_checkpoint(spec.checkpoint), scenario, size, deterministic=spec.deterministic)
