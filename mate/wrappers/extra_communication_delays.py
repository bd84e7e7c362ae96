"""Messages that arrive late."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from mate.layers import Wrapper
from mate.messages import Message, Team
from mate.wrappers.typing import assert_mate_environment

__all__ = ["ExtraCommunicationDelays"]


class ExtraCommunicationDelays(Wrapper):
    """Holds every message back for some environment steps.

    A message sent at step ``s`` is delivered by the first ``send_messages`` call of anybody, even with no messages, at
    or after step ``s + delay``; in the order of the due steps, then of sending. Each team has its own queue (Q36),
    which ``reset`` and ``load_config`` empty (Q41).

    Args:
        delay: a positive number of steps, or a callable ``(env, message) -> int``.
    """

    def __init__(self, env: Any, delay: int | Callable[[Any, Message], int] = 3) -> None:
        assert_mate_environment(env)
        assert callable(delay) or (int(delay) == delay and delay > 0), (
            f"the delay is a positive number of steps, or a callable that gives one; got {delay!r}"
        )
        super().__init__(env)
        self.delay = delay
        self.refresh()

    def refresh(self) -> None:
        """Forget what is pending."""
        self._pending: dict[Team, list[tuple[int, int, Message]]] = {team: [] for team in Team}
        self._sequence = count()

    def reset(self, **kwargs: Any) -> Any:
        self.refresh()
        return self.env.reset(**kwargs)

    def send_messages(self, messages: Message | Iterable[Message]) -> None:
        """Put messages into the queue and deliver what is due."""
        base = self.unwrapped
        now = int(base.episode_step)
        for message in base.route_messages(messages):
            delay = self.delay(base, message) if callable(self.delay) else self.delay
            heapq.heappush(self._pending[message.team], (now + int(delay), next(self._sequence), message))
        for pending in self._pending.values():
            due = []
            while pending and pending[0][0] <= now:
                due.append(heapq.heappop(pending)[2])
            if due:
                self.env.send_messages(due)
