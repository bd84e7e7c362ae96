"""A reward and a done for every agent."""

from __future__ import annotations

from typing import Any

from mate.layers import Wrapper
from mate.messages import Team
from mate.wrappers.single_team import SingleTeam
from mate.wrappers.typing import assert_multi_agent_environment, assert_once

__all__ = ["RepeatedRewardIndividualDone"]


class RepeatedRewardIndividualDone(Wrapper):
    """Repeats the team's reward for each member, and gives each member a done.

    Args:
        target_done_at_destination: targets are done whenever they deliver; the end of the episode then does not show
            in their dones (Q45).
        done_at_episode_end: with the former, targets are also done when the episode is.
    """

    def __init__(self, env: Any, target_done_at_destination: bool = False, done_at_episode_end: bool = False) -> None:
        assert_multi_agent_environment(env)
        assert_once(env, RepeatedRewardIndividualDone)
        super().__init__(env)
        self.target_done_at_destination = target_done_at_destination
        self.done_at_episode_end = done_at_episode_end

    def step(self, action: Any) -> Any:
        observation, reward, done, infos = self.env.step(action)
        if isinstance(self.env, SingleTeam):
            team = self.env.team
            return observation, [reward] * self.env.num_teammates, self._dones(team, done), infos
        rewards = ([reward[0]] * self.num_cameras, [reward[1]] * self.num_targets)
        return observation, rewards, (self._dones(Team.CAMERA, done), self._dones(Team.TARGET, done)), infos

    def _dones(self, team: Team, done: bool) -> list[bool]:
        if team is Team.CAMERA:
            return [done] * self.num_cameras
        if not self.target_done_at_destination:
            return [done] * self.num_targets
        return [bool(delivered) or (self.done_at_episode_end and done) for delivered in self.target_dones]
