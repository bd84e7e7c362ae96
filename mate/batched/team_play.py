"""One team against a fixed opponent in many episodes, with the layers that training puts around a team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mate.batched import egocentric
from mate.batched.discrete import action_grid, decode
from mate.batched.metrics import StepMetrics
from mate.batched.poses import choose_relative_poses, execute_poses, mask_poses, turn_to_poses
from mate.batched.rewards import AuxiliaryRewards, Coefficient
from mate.batched.selections import (
    count_selections,
    execute_selections,
    mask_choices,
    selection_table,
    visible_targets,
)
from mate.batched.transforms import transform, transform_of
from mate.engine import Batch
from mate.episodes import AgentFactory
from mate.messages import Team
from mate.scenario import Scenario
from mate.sizes import OTHER_POSES, POSES_OF_TARGET, size_of
from mate.streams import TEAM, derive


@dataclass(frozen=True)
class Layers:
    """What stands around a team, in the order of upstream's training: the wrappers of the same names, for batches.

    Args:
        relative_coordinates, rescaled, egocentric: transforms of the observations.
        levels: act by choices on a grid of ``levels`` times ``levels`` actions instead of continuously.
        selection: cameras act by choosing targets, ``many`` (a bit for each) or ``one`` (``num_targets`` for none), or
            poses of targets, ``pose`` (``mate.batched.poses``).
        pose_levels: cameras act by choosing poses relative to their own, on a grid of that many values a coordinate.
        frame_skip: environment steps that an action, or a choice of targets, lasts.
        coefficients: compose the members' rewards of these components (``mate.batched.rewards``).
        reduction: ``mean``, ``sum``, ``max`` or ``min`` of the members' rewards for everybody, or ``none``.

    Enhanced observation and shared field of view belong to the scenario.
    """

    relative_coordinates: bool = False
    rescaled: bool = False
    levels: int | None = None
    selection: str | None = None
    frame_skip: int = 1
    coefficients: Mapping[str, Coefficient] | None = None
    reduction: str = "none"
    soft_coverage_clip: bool = False
    egocentric: bool = False
    pose_levels: int | None = None

    def __post_init__(self) -> None:
        if self.selection not in (None, "many", "one", "pose"):
            raise ValueError(f"selection is many, one, pose or None, not {self.selection!r}.")
        if sum(way is not None for way in (self.selection, self.levels, self.pose_levels)) > 1:
            raise ValueError("Actions are chosen by levels, by poses or by selection of targets, not by several.")
        for levels in (self.levels, self.pose_levels):
            if levels is not None and levels < 2:
                raise ValueError(f"A grid of actions has at least 2 levels, not {levels}.")
        if self.frame_skip < 1:
            raise ValueError(f"frame_skip is at least 1, not {self.frame_skip}.")


class TeamPlay:
    """``size`` episodes in which the caller plays ``team``, all its N members, and ``opponent`` the other.

    ``opponent(scenario, size)`` makes the other team (a ``BatchedAgent``), such as a partial
    ``mate.agents.batched.make`` or a checkpoint's factory. An episode is a function of its seed, the actions and the
    opponent alone. ``observation`` (B, N, D) is what the team sees now, of the given floating-point type; the next call
    overwrites it.

    Without ``has_figures`` no figures are collected besides the rewards, which is faster. Raises ValueError for layers
    that the team or scenario cannot have.
    """

    def __init__(
        self,
        scenario: Scenario,
        team: Team,
        opponent: AgentFactory,
        size: int,
        layers: Layers,
        dtype: type[np.floating] = np.float64,
        has_figures: bool = True,
    ) -> None:
        if (layers.selection or layers.pose_levels) and team is not Team.CAMERA:
            raise ValueError("Only cameras select targets and take poses; give targets levels, or nothing.")
        self.scenario = scenario
        self.team = team
        self.layers = layers
        self.batch = Batch(scenario, size)
        self.opponent = opponent(scenario, size)
        observations = self.batch.camera_observation, self.batch.target_observation
        self._own, self._other = observations[team.value], observations[team.opponent.value]
        self.num_members = self._own.shape[1]
        if self.num_members == 0:
            raise ValueError(f"{scenario.name} has no {team.name.lower()}s that could be played.")
        sizes = scenario.num_cameras, scenario.num_targets, scenario.num_obstacles
        self._transform = transform_of(team, *sizes, layers.relative_coordinates, layers.rescaled)
        self._sizes = sizes
        self._shown = np.zeros(self._own.shape, dtype)
        width = size_of(team, *sizes) if layers.egocentric else self._own.shape[-1]
        self.observation = np.zeros((*self._own.shape[:2], width), np.float32 if layers.egocentric else dtype)
        self._actions = np.zeros((size, self.num_members, 2))
        self._other_actions = np.zeros((size, self._other.shape[1], 2))
        self._metrics, self.has_figures = StepMetrics(), has_figures
        self._rewards: AuxiliaryRewards | None = None
        if layers.coefficients is not None:
            how = layers.coefficients, layers.reduction, layers.soft_coverage_clip
            self._rewards = AuxiliaryRewards(team, self.batch, *how)

    def begin(self, slots: np.ndarray, seeds: np.ndarray) -> None:
        """Begin the episodes of these (K,) uint64 seeds in ``slots`` (K,)."""
        self.batch.reset(seeds, slots)
        self.batch.observe()
        keys = [derive(int(seed), TEAM, self.team.opponent.value) for seed in seeds]
        self.opponent.reset(np.asarray(slots), np.array(keys, np.uint64), self._other)
        if self._rewards is not None:
            self._rewards.begin(slots)
        self._show()

    def step(self, choices: np.ndarray, active: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Act in the slots that are ``active`` (B,): up to ``frame_skip`` environment steps, until an episode is over.

        ``choices`` are actions (B, N, 2), numbers of the grid (B, N), bits (B, N, T) or numbers of targets or poses
        (B, N).
        Returns the members' rewards (B, N), summed over the steps, and figures (B, ...) about them; both 0 in other
        slots. Raises ValueError for choices that there are not, and AssertionError for actions that are not finite,
        before anything is done.
        """
        selections = self._read(choices, active)
        running, totals = active.copy(), np.zeros((self.batch.size, self.num_members))
        if self.has_figures:
            self._metrics.begin(self.batch.size)
        for _ in range(self.layers.frame_skip):
            if self.layers.selection == "pose":
                execute_poses(self._own, self._choices, running, self._actions)
            elif self.layers.pose_levels is not None:
                turn_to_poses(self._own, self._poses, running, self._actions)
            elif selections is not None:
                execute_selections(self._own, selections, running, self._actions)
            self._step_both(running)
            if self.has_figures:
                self._metrics.count(running)
                totals[running] += self._reward(running)[running]
                self._record(running, selections)
            else:
                totals += self._total_reward() * running[:, np.newaxis]
            running &= ~self.batch.done
            if not running.any():
                break
        self._show()
        return totals, self._metrics.collect() if self.has_figures else {}

    def action_mask(self) -> np.ndarray:
        """(B, N, M) which selections make sense now: see ``mate.batched.selections.mask_choices``."""
        assert self.layers.selection is not None, "only selections of targets have a mask"
        visible = visible_targets(self._own, self.scenario.num_targets)
        return mask_poses(visible) if self.layers.selection == "pose" else mask_choices(self.layers.selection, visible)

    def _read(self, choices: np.ndarray, active: np.ndarray) -> np.ndarray | None:
        """Turn choices into ``_actions``, or return them as selections (B, N, T)."""
        shape = (self.batch.size, self.num_members)
        if self.layers.selection == "many":
            return np.ascontiguousarray(np.reshape(choices, (*shape, -1)), np.bool_)
        if self.layers.selection == "one":
            table = selection_table("one", self.scenario.num_targets)
            return table[_check_numbers(np.reshape(choices, shape), len(table), active)]
        if self.layers.selection == "pose":
            count = POSES_OF_TARGET * self.scenario.num_targets + OTHER_POSES
            self._choices = _check_numbers(np.reshape(choices, shape), count, active)
        elif self.layers.pose_levels is not None:
            levels = self.layers.pose_levels
            numbers = _check_numbers(np.reshape(choices, shape), levels**2, active).ravel()
            rows, self._poses = self._own.reshape(numbers.size, -1), np.empty((*shape, 2))
            choose_relative_poses(rows, numbers, levels, self._poses.reshape(-1, 2))
        elif self.layers.levels is None:
            self._actions[:] = np.reshape(choices, self._actions.shape)
        else:
            grid = action_grid(self.team, self.layers.levels)
            numbers = _check_numbers(np.reshape(choices, shape), len(grid), active)
            self._actions[:] = decode(numbers, grid, self.bounds)
        return None

    @property
    def bounds(self) -> np.ndarray:
        """The members' greatest actions, broadcastable to (B, N, 2)."""
        if self.team is Team.CAMERA:
            return np.array([self.scenario.camera_rotation_step, self.scenario.camera_zooming_step])
        return self.batch.target_step_size[..., np.newaxis]

    def _step_both(self, running: np.ndarray) -> None:
        self.opponent.act(self._other, self._other_actions, running)
        pair = self._actions, self._other_actions
        self.batch.step(*(pair if self.team is Team.CAMERA else pair[::-1]), running)
        self.batch.observe(active=running)

    def _total_reward(self) -> np.ndarray:
        """Return the members' rewards of the last step, broadcastable to (B, N)."""
        if self._rewards is not None:
            return self._rewards.total()
        return (self.batch.camera_reward if self.team is Team.CAMERA else self.batch.target_reward)[:, np.newaxis]

    def _reward(self, running: np.ndarray) -> np.ndarray:
        if self._rewards is None:
            reward = self.batch.camera_reward if self.team is Team.CAMERA else self.batch.target_reward
            return np.broadcast_to(reward[:, np.newaxis], (self.batch.size, self.num_members))
        composed = self._rewards.compose()
        for key, component in composed.components.items():
            self._metrics.add(f"auxiliary_reward_{key}", "sum", component, running)
            self._metrics.add(f"reward_coefficient_{key}", "mean", composed.coefficients[key], running)
        return composed.rewards

    def _record(self, running: np.ndarray, selections: np.ndarray | None) -> None:
        batch, metrics = self.batch, self._metrics
        reward = batch.camera_reward if self.team is Team.CAMERA else batch.target_reward
        metrics.add("raw_reward", "sum", reward, running)
        metrics.add("normalized_raw_reward", "sum", reward / self.scenario.max_target_team_episode_reward, running)
        metrics.add("coverage_rate", "mean", batch.coverage_rate, running)
        metrics.add("real_coverage_rate", "mean", batch.real_coverage_rate, running)
        metrics.add("mean_transport_rate", "last", batch.mean_transport_rate, running)
        metrics.add("num_delivered_cargoes", "last", batch.num_delivered_cargoes, running)
        if selections is not None:
            counts = count_selections(selections, visible_targets(self._own, self.scenario.num_targets))
            for name, values in counts.items():
                metrics.add(name, "mean", values, running)

    def _show(self) -> None:
        if not self.layers.egocentric:
            transform(self._own, self._transform, self.observation)
            return
        transform(self._own, self._transform, self._shown)
        self.observation[:] = egocentric.append(self._own, self._shown, self.team, self._sizes)


def _check_numbers(choices: np.ndarray, count: int, active: np.ndarray) -> np.ndarray:
    """The choices as integers, 0 where an episode is not active; ValueError for one that is not below ``count``."""
    numbers = np.where(active[:, np.newaxis], choices, 0).astype(np.int64)
    if not ((numbers >= 0) & (numbers < count)).all():
        raise ValueError(f"A choice is a number from 0 to {count - 1}; got {numbers.min()} to {numbers.max()}.")
    return numbers
