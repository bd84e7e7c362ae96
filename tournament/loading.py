"""Agents from files for use in programs: opponents in `mate.make`, Gymnasium and PettingZoo, or whole teams."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mate.messages import Team
from mate.scenario import Scenario
from mate.streams import TEAM, derive
from tournament import agents, archives
from tournament.agents import AgentError, Builtin, LearnedAgent, Mixture, Spec

if TYPE_CHECKING:
    from mate.agents.base import AgentBase
    from mate.agents.batched import BatchedAgent


@dataclass(frozen=True)
class LoadedAgent:
    """An agent of a file.

    Call it with a scenario and a number of episodes to get the whole team as a batched agent, which
    `mate.episodes.play` and `GymnasiumVectorEnvironment` accept.
    """

    name: str
    spec: Spec
    archive: archives.AgentArchive

    @property
    def team(self) -> str:
        """`camera` or `target`."""
        return self.spec.team

    def __call__(self, scenario: Scenario, size: int) -> BatchedAgent:
        return agents.load(self.spec, scenario, size, self.archive.open_checkpoint)

    def member(self, seed: int | None = None) -> AgentBase:
        """Return one member of the team as an agent object: an opponent or teammate of upstream's wrappers.

        `seed` is the seed of its random stream; fresh entropy if None.
        """
        return _build_member(self.spec, self.archive, seed)

    def seat(self, env: Any, seed: int = 0) -> Seat:
        """Return the team, seated in an environment: `mate.make`'s, Gymnasium's or PettingZoo's, or one around them."""
        return Seat(self, env.unwrapped, seed)


class Seat:
    """A whole team that plays one environment, episode after episode."""

    def __init__(self, agent: LoadedAgent, env: Any, seed: int) -> None:
        inner = getattr(env, "env", env).unwrapped
        self.scenario: Scenario = inner.scenario
        self.agent, self.seed = agent, seed
        self.team = agent(self.scenario, 1)
        count = self.scenario.num_cameras if agent.team == "camera" else self.scenario.num_targets
        self.names = [f"{agent.team}_{index}" for index in range(count)]
        self.actions = np.zeros((1, count, 2))
        self.num_episodes = 0

    def reset(self, observations: Any) -> None:
        """Begin an episode with its first observations."""
        key = derive(self.seed, self.num_episodes, TEAM, Team(self.agent.team).value)
        self.num_episodes += 1
        self.team.reset(np.zeros(1, np.int64), np.array([key], np.uint64), self._rows(observations))

    def act(self, observations: Any) -> Any:
        """Return the team's actions: a mapping by name if the observations are a mapping, else an array (N, 2).

        Observations are a raw array (N, D), or a mapping that has those of the team's members by name.
        """
        if self.num_episodes == 0:
            self.reset(observations)
        self.team.act(self._rows(observations), self.actions, np.ones(1, np.bool_))
        actions = self.actions[0].copy()
        return dict(zip(self.names, actions, strict=True)) if isinstance(observations, Mapping) else actions

    def _rows(self, observations: Any) -> NDArray[np.float64]:
        rows = [observations[name] for name in self.names] if isinstance(observations, Mapping) else observations
        return np.ascontiguousarray(rows, np.float64)[None]


def _build_member(spec: Spec, archive: archives.AgentArchive, seed: int | None) -> AgentBase:
    import mate
    from policies import agents as learned

    title = spec.team.capitalize()
    if isinstance(spec, Builtin):
        agent: AgentBase = getattr(mate, f"{spec.name.capitalize()}{title}Agent")(seed=seed)
        return agent
    if isinstance(spec, Mixture):
        build = partial(_build_member, archive=archive, seed=seed)
        members = [build(agent) for _weight, agent in spec.members]
        mixture: AgentBase = getattr(mate, f"Mixture{title}Agent")(
            members, [weight for weight, _agent in spec.members], seed, seed
        )
        return mixture
    assert isinstance(spec, LearnedAgent)
    checkpoint = archive.open_checkpoint(spec.checkpoint)
    member: AgentBase = getattr(learned, f"Checkpoint{title}Agent")(checkpoint, seed, spec.deterministic)
    return member


def load(path: str | os.PathLike[str], name: str = "", deterministic: bool | None = None) -> LoadedAgent:
    """Return the agent of a file that a portal gave out, or of a native checkpoint.

    `name` selects one of several agents in a file. `deterministic` is for single checkpoints: True plays the likeliest
    action, False samples actions, None keeps the agent's own mode. Raises AgentError or CheckpointError that says what
    is wrong with the file.
    """
    archive = archives.read(path)
    names = ", ".join(archive.agents)
    if name not in archive.agents and (name or len(archive.agents) != 1):
        what = f"no agent {name!r}" if name else f"{len(archive.agents)} agents"
        raise AgentError(f"{path} has {what}. Give the name of one of them: {names}.")
    chosen = name or next(iter(archive.agents))
    spec = archive.agents[chosen]
    if deterministic is not None:
        if not isinstance(spec, LearnedAgent):
            raise AgentError(f"{chosen} is no single checkpoint: it plays as it does. Leave `deterministic` out.")
        spec = LearnedAgent(spec.team, spec.checkpoint, deterministic)
    return LoadedAgent(chosen, spec, archive)
