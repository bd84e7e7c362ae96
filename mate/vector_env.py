"""``VectorEnv``: many environments of one scenario behind arrays, restarted by themselves."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from mate.engine import Batch
from mate.scenario import Scenario
from mate.streams import derive


class Transition(NamedTuple):
    """What a step led to, for B environments, C cameras and T targets.

    The arrays are the environment's own: the next step overwrites them.
    """

    camera_observation: np.ndarray  # (B, C, D_c)
    target_observation: np.ndarray  # (B, T, D_t)
    camera_reward: np.ndarray  # (B,) float64, of each camera team
    target_reward: np.ndarray  # (B,) float64, its negative
    done: np.ndarray  # (B,) bool


class VectorEnv:
    """B environments of one scenario that step together, as arrays. Nothing is allocated for observations while it
    runs.

    An environment that is done shows its last observation; the next ``step`` ignores its actions, begins its next
    episode and gives reward 0 (what Gymnasium calls next-step automatic reset). The n-th episode of environment i has
    the seed ``derive(seed, i, n)``, so that what an environment plays does not depend on how many others there are.

    Args:
        scenario: a ``mate.Scenario`` or the name of a packaged one.
        num_envs: the number of environments, B.
        seed: of all their episodes.
        dtype: of the observations, float64 or float32. The game is computed in float64; float32 is rounded from it as
            it is written.

    Raises ValueError for another dtype or fewer than one environment.
    """

    def __init__(self, scenario: Scenario | str, num_envs: int, seed: int = 0, dtype: DTypeLike = np.float64) -> None:
        self.scenario = scenario if isinstance(scenario, Scenario) else Scenario.load(scenario)
        self.num_envs = num_envs
        self.batch = Batch(self.scenario, num_envs, dtype)
        self._seed = seed
        self._episodes = np.zeros(num_envs, dtype=np.int64)
        self._is_over = np.zeros(num_envs, dtype=np.bool_)
        self._is_running = np.ones(num_envs, dtype=np.bool_)
        self.reset(seed)

    def reset(self, seed: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Begin new episodes everywhere, from ``seed`` if one is given; both teams' observations (B, C, D_c), (B, T,
        D_t).
        """
        if seed is not None:
            self._seed = seed
            self._episodes[:] = 0
        self._begin(np.arange(self.num_envs))
        return self.batch.observe()

    def step(self, camera_actions: ArrayLike, target_actions: ArrayLike) -> Transition:
        """One step with actions (B, C, 2), degrees to turn and to zoom, and (B, T, 2), map units to walk.

        Raises InvalidAction for actions that are not finite and ValueError for a wrong number of them; then nothing was
        done.
        """
        batch, any_is_over = self.batch, self._is_over.any()
        if any_is_over:
            np.logical_not(self._is_over, out=self._is_running)
        batch.step(camera_actions, target_actions, self._is_running if any_is_over else None)
        if any_is_over:
            self._begin(np.flatnonzero(self._is_over))
        self._is_over[:] = batch.done
        return Transition(*batch.observe(), batch.camera_reward, batch.target_reward, batch.done)

    def _begin(self, slots: np.ndarray) -> None:
        seeds = [derive(self._seed, int(slot), int(self._episodes[slot])) for slot in slots]
        self.batch.reset(np.array(seeds, dtype=np.uint64), slots)
        self._episodes[slots] += 1
        self._is_over[slots] = False
