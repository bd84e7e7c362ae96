"""The way to the portal: HTTP requests that are answered when there is a turn, and begun again after a cut."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from mate.errors import UserError
from mate.remote.player import TurnTaker
from mate.remote.wire import CONTENT_TYPE, WireError

POLL_SECONDS = 60.0
"""Seconds after which an unanswered request is taken for lost; the portal answers after 20."""
LONGEST_PAUSE = 10.0
TAKEN_OVER = "Another process has begun to play this agent; this one ends."


@dataclass(frozen=True)
class RemoteSeat:
    """What the portal says of the agent that this process plays."""

    agent: str
    page: str
    session: str


class Portal:
    """A portal, by the address of its pages and a token with the scope *agents*.

    Raises UserError where the portal refuses what is asked; what may pass is tried again, with growing pauses.
    """

    def __init__(self, url: str, token: str, say: Callable[[str], None] = print, transport: Any = None) -> None:
        self.token, self.say = token, say
        self.http = httpx.Client(base_url=url.rstrip("/"), timeout=POLL_SECONDS, transport=transport)
        self.is_ending = False

    def take_seat(self, name: str, team: str) -> RemoteSeat:
        """Begin to play the agent of the token's owner with a name; it is made if need be."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self._insist("/api/v1/remote-agents", headers, json={"name": name, "team": team})
        if answer.status_code not in (200, 201):
            raise UserError(_explain(answer))
        told = answer.json()
        return RemoteSeat(told["slug"], told["page"], told["session"])

    def serve(
        self, player: TurnTaker, name: str, team: str, on_seat: Callable[[RemoteSeat], None] | None = None
    ) -> None:
        """Answer turns until ``is_ending`` is set, or another process has taken over the agent."""
        seat = self.take_seat(name, team)
        if on_seat is not None:
            on_seat(seat)
        match, content = "", b""
        while not self.is_ending:
            headers = {"Authorization": f"Bearer {seat.session}", "Content-Type": CONTENT_TYPE, "X-Match": match}
            answer = self._insist("/api/v1/remote-turns", headers, content=content)
            match, content = "", b""
            if answer.status_code == 410:  # The portal has forgotten the seat, as after a long cut.
                seat = self.take_seat(name, team)
            elif answer.status_code == 409:
                self.say(TAKEN_OVER)
                return
            elif answer.status_code == 200:
                try:
                    match, content = player.answer(answer.content)
                except (WireError, KeyError) as error:
                    self.say(f"The portal sent what is no turn: {error}")
            elif answer.status_code != 204:
                raise UserError(_explain(answer))

    def _insist(self, path: str, headers: dict[str, str], **body: Any) -> httpx.Response:
        pause = 0.2
        while True:
            try:
                answer = self.http.post(path, headers=headers, **body)
                if answer.status_code not in (429, 502, 503, 504):
                    return answer
                problem = f"it answered {answer.status_code}"
            except httpx.TransportError as error:
                problem = str(error) or type(error).__name__
            if self.is_ending:
                raise UserError("The connection was cut while the process was ending.")
            self.say(f"The portal cannot be reached ({problem}). Trying again in {pause:.1f} s.")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def _explain(answer: httpx.Response) -> str:
    try:
        told = answer.json()
        text = told.get("detail") or told.get("title") or answer.text
    except ValueError:
        text = answer.text
    return f"The portal refused with {answer.status_code}: {str(text)[:500]}"
