"""The client: one object for a portal."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from mate_arena.client import credentials, games, runs, shapes
from mate_arena.client.connection import RETRIES, TIMEOUT, Connection


class Tokens(games.Group):
    """Your tokens."""

    def list(self) -> Iterator[shapes.Token]:
        return self._connection.pages("/tokens", shapes.Token)

    def create(self, name: str, **settings: Any) -> shapes.Token:
        """Create a token; `settings` are `scopes` and `days`. Its `key` is shown once."""
        return self._connection.post("/tokens", shapes.Token, {"name": name, **settings})

    def revoke(self, number: int) -> None:
        self._connection.delete(f"/tokens/{number}")


class ArenaClient:
    """A client of a portal.

    The address and the token are taken from the arguments, or ARENA_URL and ARENA_TOKEN, or the file that
    `mate-arena login` wrote. Requests are repeated if the connection breaks; nothing is created twice. Raises
    subclasses of ArenaError. Do not share a client among threads.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        retries: int = RETRIES,
        timeout: float = TIMEOUT,
        transport: Any = None,
    ) -> None:
        self.url, found = credentials.resolve(url, token)
        self.connection = Connection(self.url, found, retries=retries, timeout=timeout, transport=transport)
        self.scenarios = games.Scenarios(self.connection)
        self.agents = games.Agents(self.connection)
        self.uploads = games.Uploads(self.connection)
        self.labs = games.Labs(self.connection)
        self.tournaments = games.Tournaments(self.connection)
        self.boards = games.Boards(self.connection)
        self.episodes = games.Episodes(self.connection)
        self.trainings = runs.Trainings(self.connection)
        self.psro = runs.PsroRuns(self.connection)
        self.attacks = runs.Attacks(self.connection)
        self.studies = runs.Studies(self.connection)
        self.schedules = runs.Schedules(self.connection)
        self.tokens = Tokens(self.connection)

    def account(self) -> shapes.Account:
        """Return your account and the token that is used."""
        return self.connection.get("/account", shapes.Account)

    def status(self) -> shapes.Status:
        """Return the live workers and the queues."""
        return self.connection.get("/status", shapes.Status)

    def page(self, path: str) -> str:
        """Return the address of a page of the portal, such as the `url` of a tournament."""
        return self.url + path

    def close(self) -> None:
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
