"""The workers' side of remote agents: send a turn to a user's process and wait for its answer.

Turns and answers pass through Redis. The user's process talks to the web server, which reads and writes them there
(`portal.server.remotes`). Redis holds nothing of lasting value: if it loses its data, the worker asks again, or plays
its block again.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import redis
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from numpy.typing import NDArray

from mate.communication import OTHER, Messages, clear_messages, new_messages
from mate.errors import UserError
from mate.messages import Team
from mate.remote.wire import WireError, pack, unpack
from mate.streams import TEAM, derive
from tournament.agents import RemoteAgent
from tournament.interruptions import Interrupted
from tournament.recorded import ActionLog, file_name

if TYPE_CHECKING:
    from mate.scenario import Scenario

KEEP_SECONDS = 600
"""Seconds after which Redis forgets a turn or an answer."""
SLICE_SECONDS = 1.0
REPEAT_SECONDS = 3.0
"""Seconds after which a turn is announced again: the process that took it may have lost its connection."""


class RemoteFailure(UserError):
    """A remote agent did not answer in time, or gave an invalid answer. The error counts as the agent's."""


class RemoteRestarted(Interrupted):
    """A new process plays the agent and has not seen the episodes begin, so they are played from the beginning."""

    def __init__(self, team: str) -> None:
        super().__init__(team)
        self.team = team


def redis_url(url: str) -> str:
    """Return the address of the broker in the form that the Redis library reads."""
    return url.replace("redis+socket://", "unix://", 1)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(redis_url(url), socket_timeout=10.0, socket_connect_timeout=3.0)


def turns_key(agent: str) -> str:
    """Return the key of the list of matches in which an agent has a turn."""
    return f"arena:remote:{agent}:turns"


def turn_key(match: str) -> str:
    """Return the key of a match's current turn."""
    return f"arena:remote:{match}:turn"


def answers_key(match: str) -> str:
    """Return the key of the list of a match's answers."""
    return f"arena:remote:{match}:answers"


class RemoteTeam:
    """A team that a user's process plays in ``size`` episodes: a ``mate.agents.batched.BatchedAgent``.

    ``look`` is called while the worker waits for an answer, and may raise. ``logs`` holds the team's actions, by its
    key in the episode. Raises RemoteFailure and RemoteRestarted.
    """

    def __init__(self, spec: RemoteAgent, scenario: Scenario, size: int, look: Callable[[], None]) -> None:
        self.spec, self.scenario, self.size, self.look = spec, scenario, size, look
        self.num_agents = scenario.num_cameras if spec.team == Team.CAMERA else scenario.num_targets
        self.messages: Messages = new_messages(size, self.num_agents)
        self.logs: dict[int, ActionLog] = {}
        self.keys = np.zeros(size, np.uint64)
        self.beginning: list[int] = []
        self.redis = _client(settings.REDIS_URL)
        self.match, self.turn, self.process = uuid.uuid4().hex, 0, ""

    def reset(self, slots: NDArray[np.int64], keys: NDArray[np.uint64], observations: NDArray[np.float64]) -> None:
        """Begin new episodes in ``slots``; the next turn tells the process."""
        clear_messages(self.messages, np.asarray(slots, np.int64))
        self.keys[slots] = keys
        self.beginning += [int(slot) for slot in slots]
        for key in keys:
            self.logs[int(key)] = ActionLog()

    def act(self, observations: NDArray[np.float64], actions: NDArray[np.float64], active: NDArray[np.bool_]) -> None:
        """Ask the process for the actions of the active slots."""
        slots = np.flatnonzero(active)
        begun = np.array([slot for slot in self.beginning if active[slot]], np.int64)
        header = {"match": self.match, "turn": self.turn, "team": str(self.spec.team), "size": self.size}
        if self.turn == 0:
            header["scenario"] = self.scenario.to_json()
        answer = self._ask(pack(header, [begun, self.keys[begun], slots, observations[slots]]))
        chosen, edges = self._read(answer, len(slots))
        self.beginning = [slot for slot in self.beginning if not active[slot]]
        self.turn += 1
        actions[slots] = chosen
        kinds = np.where(edges > 0, OTHER, 0).astype(np.uint8)
        self.messages.kinds[slots], self.messages.is_quiet[slots] = kinds, ~kinds.any(axis=(1, 2))
        self.messages.edges[slots] += edges
        for row, slot in enumerate(slots.tolist()):
            self.logs[int(self.keys[slot])].add(chosen[row], kinds[row])

    def _ask(self, turn: bytes) -> bytes:
        """Announce a turn repeatedly until it is answered; return the answer. Raises RemoteFailure at the deadline."""
        most = settings.ARENA_REMOTE_SECONDS
        deadline, announced = time.monotonic() + most, 0.0
        self.redis.set(turn_key(self.match), turn, ex=KEEP_SECONDS)
        while (now := time.monotonic()) < deadline:
            if now - announced > REPEAT_SECONDS:
                self.redis.rpush(turns_key(self.spec.key), self.match)
                self.redis.expire(turns_key(self.spec.key), KEEP_SECONDS)
                announced = now
            found: Any = self.redis.blpop([answers_key(self.match)], min(SLICE_SECONDS, max(deadline - now, 0.01)))
            self.look()
            if found is not None and self._is_new(found[1]):
                return bytes(found[1])
        raise RemoteFailure(
            f"its process did not answer within {most:g} seconds. Start it with `python -m mate.remote`, or let it "
            f"decide faster, then start the tournament again."
        )

    def _is_new(self, answer: bytes) -> bool:
        """Return whether an answer is to the current turn, and not to an earlier one that was announced twice."""
        try:
            return bool(unpack(answer)[0].get("turn", self.turn) == self.turn)
        except WireError as error:
            raise RemoteFailure(f"its process sent an answer that cannot be read. {error}") from None

    def _read(self, answer: bytes, count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        header, arrays = unpack(answer)
        process = header.get("process")
        if self.process and process != self.process:
            raise RemoteRestarted(str(self.spec.team))
        if "error" in header:
            raise RemoteFailure(f"its process failed. {str(header['error'])[:500]}")
        if not isinstance(process, str) or not process:
            raise RemoteFailure("its process sent an answer without its own name, `process`.")
        self.process = process
        size = self.num_agents
        expected = [("<f8", (count, size, 2)), ("<i8", (count, size, size))]
        found = [(array.dtype.str, array.shape) for array in arrays]
        if found != expected:
            raise RemoteFailure(f"its process sent arrays {json.dumps(found)[:200]}, expected {json.dumps(expected)}.")
        actions, edges = arrays
        if not np.isfinite(actions).all():
            raise RemoteFailure("its process sent an action that is not a finite number.")
        if ((edges < 0) | (edges > 1000)).any():
            raise RemoteFailure("its process sent numbers of messages that are not between 0 and 1,000 a step.")
        return actions, edges


class RemoteTeams:
    """The remote teams of a match that is being played."""

    def __init__(self, look: Callable[[], None]) -> None:
        self.look = look
        self.teams: list[RemoteTeam] = []

    def connect(self, spec: RemoteAgent, scenario: Scenario, size: int) -> RemoteTeam:
        """Return a team that a user's process plays."""
        self.teams.append(RemoteTeam(spec, scenario, size, self.look))
        return self.teams[-1]

    def keep_actions(self, pairing: int, seed: int) -> None:
        """Store the actions of the remote teams in a finished episode."""
        for team in self.teams:
            side = Team(team.spec.team)
            name = file_name(pairing, seed, side)
            default_storage.delete(name)  # left by an attempt whose episode was not written
            log = team.logs[derive(seed, TEAM, side.value)]
            default_storage.save(name, ContentFile(log.to_bytes()))
            del team.logs[derive(seed, TEAM, side.value)]
