"""The agents of a remote process: a team for each match that is under way."""

from __future__ import annotations

import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mate.agents.base import AgentBase
from mate.evaluate.object_team import ObjectTeam
from mate.messages import Team
from mate.remote.wire import pack, unpack
from mate.scenario import Scenario

FORGET_SECONDS = 900.0
"""Seconds without a turn after which a match is taken for ended."""


@dataclass
class _Match:
    """A match: its team, the last turn that was answered, and the answer, for a portal that asks again."""

    team: ObjectTeam
    observations: Any
    turn: int = -1
    answer: bytes = b""
    seen: float = field(default_factory=time.monotonic)


class TurnTaker:
    """Answers turns with the objects of one class.

    ``build`` makes an object for a seed, as for ``mate.evaluate.object_team.ObjectTeam``. Errors of the class become
    answers that say so, and are handed to ``complain``.
    """

    def __init__(self, build: Callable[[int], AgentBase], complain: Callable[[str], None] = print) -> None:
        self.build, self.complain = build, complain
        self.process = uuid.uuid4().hex
        self.matches: dict[str, _Match] = {}
        self.num_turns = 0

    def answer(self, content: bytes) -> tuple[str, bytes]:
        """Return the match of a turn and the answer. A turn that was answered gets the same answer again.

        Raises WireError for bytes that are no turn.
        """
        header, arrays = unpack(content)
        name, number = header["match"], header["turn"]
        self._forget()
        match = self.matches.get(name)
        if match is not None and match.turn == number:
            return name, match.answer
        self.num_turns += 1
        facts = {"match": name, "turn": number, "process": self.process}
        if match is None and number > 0:  # Begun with an earlier process; the portal plays its episodes anew.
            return name, pack(facts | {"error": "this process has not seen the match begin"})
        try:
            answer = pack(facts, self._act(name, header, arrays))
        except Exception as error:
            self.complain(traceback.format_exc())
            answer = pack(facts | {"error": f"{type(error).__name__}: {error}"[:500]})
        if name in self.matches:
            match = self.matches[name]
            match.turn, match.answer, match.seen = number, answer, time.monotonic()
        return name, answer

    def _act(self, name: str, header: dict[str, Any], arrays: list[Any]) -> list[Any]:
        slots, keys, active, seen = arrays
        if name not in self.matches:
            scenario = Scenario.from_json(header["scenario"])
            team = ObjectTeam(self.build, Team(header["team"]), scenario, header["size"])
            length = scenario.camera_observation_dim if team.team is Team.CAMERA else scenario.target_observation_dim
            self.matches[name] = _Match(team, np.zeros((header["size"], team.num_agents, length)))
        match = self.matches[name]
        match.observations[active] = seen
        if len(slots):
            match.team.reset(slots, keys, match.observations)
        before, actions = match.team.messages.edges.copy(), np.zeros((*match.observations.shape[:2], 2))
        is_active = np.zeros(len(actions), np.bool_)
        is_active[active] = True
        match.team.act(match.observations, actions, is_active)
        before[slots] = 0
        return [actions[active], (match.team.messages.edges - before)[active]]

    def _forget(self) -> None:
        now = time.monotonic()
        for name in [name for name, match in self.matches.items() if now - match.seen > FORGET_SECONDS]:
            del self.matches[name]
