"""Several environment steps that look like one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mate.wrappers.metrics import MetricCollector

StepResult = tuple[Any, Any, Any, list[dict[str, Any]]]


def play_macro_step(
    step: Callable[[], StepResult], frame_skip: int, metrics: Mapping[str | re.Pattern[str], str]
) -> StepResult:
    """Call ``step`` up to ``frame_skip`` times, until everybody is done.

    Rewards are summed, and infos put together by ``metrics``, for each agent; observation and dones are the last ones.
    """
    observation, reward, done, infos = step()
    collectors = [MetricCollector(metrics) for _ in infos]
    rewards = np.asarray(reward, np.float64)
    for remaining in range(frame_skip - 1, -1, -1):
        for collector, info in zip(collectors, infos, strict=True):
            collector.add([info])
        if remaining == 0 or np.all(done):
            break
        observation, reward, done, infos = step()
        rewards = rewards + np.asarray(reward, np.float64)
    for collector, info in zip(collectors, infos, strict=True):
        info.update(collector.collect())
    return observation, rewards.tolist(), done, infos
