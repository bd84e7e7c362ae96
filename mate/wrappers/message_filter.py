"""Messages that do not arrive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from mate.communication import is_lost
from mate.layers import Wrapper
from mate.messages import Message, Team
from mate.streams import TEAM, derive
from mate.wrappers.observation import applies_to, check_team_name
from mate.wrappers.typing import assert_mate_environment

__all__ = ["MessageFilter", "NoCommunication", "RandomMessageDropout", "RestrictedCommunicationRange"]


class MessageFilter(Wrapper):
    """Lets a message pass if ``filter(unwrapped_env, message)`` is true; the filter may change it.

    A broadcast is expanded first, so that the filter sees one message for each recipient.
    """

    def __init__(self, env: Any, filter: Callable[[Any, Message], bool]) -> None:
        assert_mate_environment(env)
        assert callable(filter), f"the filter is called with the environment and a message; {filter!r} cannot be called"
        super().__init__(env)
        self.filter = filter

    def send_messages(self, messages: Message | Iterable[Message]) -> None:
        """Send the messages that pass the filter."""
        base = self.unwrapped
        self.env.send_messages([message for message in base.route_messages(messages) if self.filter(base, message)])


class RestrictedCommunicationRange(MessageFilter):
    """Lets a message pass if sender and recipient are at most ``range_limit`` map units apart."""

    def __init__(self, env: Any, range_limit: float) -> None:
        assert range_limit >= 0.0, f"the range limit is a distance, at least 0; got {range_limit!r}"
        super().__init__(env, self._is_in_range)
        self.range_limit = range_limit

    def _is_in_range(self, env: Any, message: Message) -> bool:
        members = env.cameras if message.team is Team.CAMERA else env.targets
        return bool(members[message.sender].distance(members[message.recipient]) <= self.range_limit)


class RandomMessageDropout(MessageFilter):
    """Drops each message with the probability ``dropout_rate``.

    A draw is addressed by the episode's seed, the sender, the recipient, the step, and how many messages went this way
    in the step before (``mate.communication``). So it depends on no other draw.
    """

    def __init__(self, env: Any, dropout_rate: float) -> None:
        assert 0.0 <= dropout_rate <= 1.0, f"the dropout rate is a probability, in [0, 1]; got {dropout_rate!r}"
        super().__init__(env, self._is_kept)
        self.dropout_rate = float(dropout_rate)
        self._moment: tuple[int, int] | None = None
        self._counts: Counter[tuple[Team, int, int]] = Counter()

    def _is_kept(self, env: Any, message: Message) -> bool:
        seed, step, sender, recipient = env.episode_seed, int(env.episode_step), message.sender, message.recipient
        assert recipient is not None, "broadcasts are expanded before they are filtered"
        if (seed, step) != self._moment:
            self._moment = seed, step
            self._counts.clear()
        size = env.num_cameras if message.team is Team.CAMERA else env.num_targets
        place = recipient + size * self._counts[message.team, sender, recipient]
        self._counts[message.team, sender, recipient] += 1
        key = np.uint64(derive(seed, TEAM, message.team.value, sender))
        return not is_lost(key, step, place, self.dropout_rate)


class NoCommunication(MessageFilter):
    """Drops all messages of the team ``both | camera | target | none``."""

    # The name of the teams is not stored as `team`, which would hide the `team` of a single-team layer inside (Q42).
    def __init__(self, env: Any, team: str = "both") -> None:
        self.silent_team = check_team_name(team)
        super().__init__(env, self._is_allowed)

    def _is_allowed(self, env: Any, message: Message) -> bool:
        return not applies_to(message.team, self.silent_team)

    def description(self) -> str:
        return f"(team={self.silent_team})"
