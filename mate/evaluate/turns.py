"""Episodes of agent objects in the environment of upstream's interface: one at a time, one agent after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import mate
from mate.agents.base import AgentBase, fixed_fresh_seeds
from mate.agents.batched import BatchedAgent
from mate.communication import edges_by_member
from mate.episodes import EpisodeResult
from mate.evaluate.entrants import Entrant, Evaluation
from mate.evaluate.object_team import spawn_team
from mate.evaluate.options import Options
from mate.evaluate.reseeding import LARGEST_SEED
from mate.evaluate.steps import StepRow, StepWatcher
from mate.messages import Team
from mate.streams import TEAM, derive
from mate.wrappers.limited_communication import limit_communication


def play_turns(
    pairing: Evaluation,
    seeds: Sequence[int],
    on_step: StepWatcher | None = None,
    on_episode: Callable[[EpisodeResult], None] | None = None,
) -> list[EpisodeResult]:
    """Play an episode for each seed.

    The seed determines the environment and both teams, and the global generators where a user's own class plays.
    """
    env = build_environment(pairing.options)
    players = ((Team.CAMERA, pairing.camera), (Team.TARGET, pairing.target))
    camera, target = (_seat(team, player, pairing) for team, player in players)
    match = Match(env, camera, target, any(player.factory is None for _, player in players))
    results = []
    for seed in seeds:
        results.append(match.play(seed, on_step))
        if on_episode is not None:
            on_episode(results[-1])
    return results


def build_environment(options: Options) -> Any:
    """Return the environment with the wrappers of the options, in upstream's order."""
    wrappers: list[tuple[Any, dict[str, Any], bool]] = [
        (mate.EnhancedObservation, {"team": options.enhanced_observation}, options.enhanced_observation != "none"),
        (mate.SharedFieldOfView, {"team": options.shared_field_of_view}, options.shared_field_of_view != "none"),
        (limit_communication, {"scenario": options.scenario()}, True),
        (
            mate.RenderCommunication,
            {"duration": options.render_communication},
            options.render_communication is not None,
        ),
        (mate.DiscreteCamera, {"levels": options.camera_discrete_levels}, options.camera_discrete_levels is not None),
        (mate.DiscreteTarget, {"levels": options.target_discrete_levels}, options.target_discrete_levels is not None),
    ]
    specs = [mate.WrapperSpec(wrapper, **kwargs) for wrapper, kwargs, is_wanted in wrappers if is_wanted]
    return mate.make_environment(options.config, wrappers=specs)


class Match:
    """Two seated teams in an environment; ``needs_globals`` says that they may draw from global generators."""

    def __init__(self, env: Any, camera: _Seat, target: _Seat, needs_globals: bool) -> None:
        self.env, self.camera, self.target, self.needs_globals = env, camera, target, needs_globals

    def play(self, seed: int, on_step: StepWatcher | None = None) -> EpisodeResult:
        """Play the episode of ``seed``: until all cargo is delivered, at most ``max_episode_steps`` steps (Q10,
        Q11).
        """
        if self.needs_globals:
            mate.seed_everything(seed % LARGEST_SEED)
        with fixed_fresh_seeds(seed):
            return self._play(seed, on_step)

    def _play(self, seed: int, on_step: StepWatcher | None) -> EpisodeResult:
        env, seats = self.env, (self.camera, self.target)
        env.seed(seed)
        observations, infos, done = env.reset(), (None, None), False
        for seat, observation in zip(seats, observations, strict=True):
            seat.reset(seed, observation)
        tally = EpisodeTally(env)
        while not done and env.episode_step < env.max_episode_steps:
            actions = tuple(seat.act(env, *given) for seat, *given in zip(seats, observations, infos, strict=True))
            observations, (_, reward), done, infos = env.step(actions)
            tally.add(float(reward))
            if on_step is not None:
                on_step(tally.step(), lambda: env.render(mode="rgb_array"))
        return tally.result(seed)


class EpisodeTally:
    """Sums over the steps of one episode."""

    def __init__(self, env: Any) -> None:
        self.env, self.reward, self.episode_reward, self.coverage, self.real_coverage = env, 0.0, 0.0, 0.0, 0.0

    def add(self, reward: float) -> None:
        """Count the last step."""
        self.reward = reward
        self.episode_reward += reward
        self.coverage += self.env.coverage_rate
        self.real_coverage += self.env.real_coverage_rate

    def step(self) -> StepRow:
        """Return the row of the last step."""
        env = self.env
        return StepRow(
            step=int(env.episode_step),
            cargo=int(env.num_delivered_cargoes),
            reward=self.reward,
            episode_reward=self.episode_reward,
            mean_transport_rate=float(env.mean_transport_rate),
            mean_coverage_rate=self.coverage / env.episode_step,
            normalised_reward=self.episode_reward / env.max_target_team_episode_reward,
        )

    def result(self, seed: int) -> EpisodeResult:
        """Return the result of the episode."""
        env, last = self.env, self.step()
        return EpisodeResult(
            seed=seed,
            steps=last.step,
            completed=not np.any(env.awaiting_cargo_counts),
            target_reward=last.episode_reward,
            normalised_reward=last.normalised_reward,
            mean_coverage_rate=last.mean_coverage_rate,
            mean_real_coverage_rate=self.real_coverage / last.step,
            mean_transport_rate=last.mean_transport_rate,
            delivered_cargoes=last.cargo,
            digest=int(env.unwrapped.batch.digest[0]),
            **edges_by_member(env.camera_total_communication_edges, env.target_total_communication_edges),
        )


class _ObjectSeat:
    """A team of agent objects. Each episode is played by a fresh one, so that none depends on those before it."""

    def __init__(self, team: Team, agent: AgentBase, count: int, deterministic: bool | None) -> None:
        self.team, self.prototype, self.count = team, agent, count
        self.agents: list[Any] = []
        self.deterministic = deterministic

    def reset(self, seed: int, observation: np.ndarray) -> None:
        team_key = derive(seed, TEAM, self.team.value)
        self.agents = spawn_team(self.prototype, self.count, team_key)
        mate.group_reset(self.agents, observation)

    def act(self, env: Any, observation: np.ndarray, infos: Any) -> list[Any]:
        actions = mate.group_step(env, self.agents, observation, infos, self.deterministic)
        return [_rounded(action) for action in actions]


class _BatchedSeat:
    """A batched agent at a table for one."""

    def __init__(self, team: Team, agent: BatchedAgent, count: int) -> None:
        self.team, self.agent, self.actions = team, agent, np.zeros((1, count, 2))

    def reset(self, seed: int, observation: np.ndarray) -> None:
        key = np.array([derive(seed, TEAM, self.team.value)], dtype=np.uint64)
        self.agent.reset(np.zeros(1, dtype=np.int64), key, observation[None])

    def act(self, env: Any, observation: np.ndarray, infos: Any) -> np.ndarray:
        self.agent.act(observation[None], self.actions, np.ones(1, dtype=np.bool_))
        rounded: np.ndarray = _rounded(self.actions[0])
        return rounded


_Seat = _ObjectSeat | _BatchedSeat


def _rounded(action: Any) -> Any:
    """Return an action as matches play it, rounded to float32; the index of a discrete action unchanged."""
    values = np.asarray(action)
    return values.astype(np.float32).astype(np.float64) if values.dtype.kind == "f" else action


def _seat(team: Team, entrant: Entrant, pairing: Evaluation) -> _Seat:
    scenario = pairing.scenario
    count = scenario.num_cameras if team is Team.CAMERA else scenario.num_targets
    if entrant.build is not None:
        seed = pairing.options.seed % LARGEST_SEED
        if entrant.factory is None:
            mate.seed_everything(seed)
        with fixed_fresh_seeds(derive(seed, TEAM, team.value)):
            agent = entrant.build(seed)
        return _ObjectSeat(team, agent, count, pairing.options.deterministic)
    assert entrant.factory is not None
    return _BatchedSeat(team, entrant.factory(scenario, 1), count)
