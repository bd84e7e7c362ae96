"""Scenarios, agents, labs, uploads, tournaments, leaderboards and episodes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mate_arena.client import shapes, uploading
from mate_arena.client.connection import Connection
from mate_arena.client.errors import NotFound, WaitedTooLong
from mate_arena.client.waiting import wait

RIVALS = {"camera": "target", "target": "camera"}
MOST_RIVALS = 20
"""Maximum number of opponents of a placement from the top of the leaderboard, in addition to the built-in agents."""


class Group:
    """A group of operations on one kind of object."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection


class Scenarios(Group):
    """The scenarios of a portal."""

    def list(self) -> list[shapes.Scenario]:
        return self._connection.list("/scenarios", shapes.Scenario)

    def get(self, slug: str) -> shapes.Scenario:
        return self._connection.get(f"/scenarios/{slug}", shapes.Scenario)

    def add(self, name: str, document: Mapping[str, Any], start: str = "") -> shapes.Scenario:
        """Add a scenario of your own: a complete document, or the differences from the scenario `start`."""
        body = {"name": name, "document": dict(document), "start": start}
        return self._connection.post("/scenarios", shapes.Scenario, body)


class Agents(Group):
    """Agents: `list` takes the filters `team`, `kind`, `scenario`, `owner` and `search`."""

    def list(self, **filters: Any) -> Iterator[shapes.Agent]:
        return self._connection.pages("/agents", shapes.Agent, **filters)

    def get(self, slug: str) -> shapes.Agent:
        return self._connection.get(f"/agents/{slug}", shapes.Agent)

    def change(self, slug: str, **changes: Any) -> shapes.Agent:
        """Rename or describe an agent of yours."""
        return self._connection.patch(f"/agents/{slug}", shapes.Agent, changes)

    def download(self, slug: str, place: Path, format: str = "native") -> Path:
        """Write the file of an agent and return its path.

        `mate_arena.load` reads `native` files. `onnx` files are for other tools.
        """
        self._connection.download(f"/agents/{slug}/file", place, format=format)
        return place

    def reevaluate(self, slug: str, scenario: str) -> shapes.Tournament:
        """Start a tournament that evaluates an agent on fresh seeds."""
        return self._connection.post(f"/agents/{slug}/reevaluations", shapes.Tournament, {"scenario": scenario})

    def add_scenario(self, slug: str) -> shapes.Scenario:
        """Add the scenario that an agent of yours was trained on or needs."""
        return self._connection.post(f"/agents/{slug}/scenarios", shapes.Scenario)


class Labs(Group):
    """People who own agents together."""

    def list(self) -> list[shapes.Lab]:
        """Return your labs and invitations."""
        return self._connection.list("/labs", shapes.Lab)

    def get(self, slug: str) -> shapes.Lab:
        return self._connection.get(f"/labs/{slug}", shapes.Lab)

    def create(self, name: str, description: str = "") -> shapes.Lab:
        return self._connection.post("/labs", shapes.Lab, {"name": name, "description": description})

    def invite(self, slug: str, username: str, role: str = "member") -> shapes.Lab:
        """Invite a user to a lab of yours."""
        return self._connection.post(f"/labs/{slug}/members", shapes.Lab, {"username": username, "role": role})

    def join(self, slug: str) -> shapes.Lab:
        """Accept an invitation."""
        return self._connection.post(f"/labs/{slug}/join", shapes.Lab)

    def set_role(self, slug: str, username: str, role: str) -> shapes.Lab:
        return self._connection.patch(f"/labs/{slug}/members/{username}", shapes.Lab, {"role": role})

    def remove(self, slug: str, username: str) -> None:
        """Leave a lab, or remove a member from one of yours."""
        self._connection.delete(f"/labs/{slug}/members/{username}")

    def delete(self, slug: str) -> None:
        self._connection.delete(f"/labs/{slug}")


class Uploads(Group):
    """Uploads of checkpoints, and their checks."""

    def send(
        self,
        path: str | Path,
        name: str = "",
        team: str = "",
        deterministic: bool = False,
        on_progress: uploading.OnProgress | None = None,
        *,
        private: bool = False,
        lab: str = "",
    ) -> shapes.Upload:
        """Send a checkpoint in pieces. A broken connection costs one piece.

        Only you and the lab see a ``private`` agent. The members of ``lab``, a slug, share it.
        """
        said = {"name": name, "team": team, "mode": "deterministic" if deterministic else "stochastic"}
        said |= {"private": "1" if private else "", "lab": lab}
        return self.get(uploading.send_file(self._connection, Path(path), said, on_progress))

    def list(self, **filters: Any) -> Iterator[shapes.Upload]:
        return self._connection.pages("/uploads", shapes.Upload, **filters)

    def get(self, key: str) -> shapes.Upload:
        return self._connection.get(f"/uploads/{key}", shapes.Upload)

    def wait(
        self, key: str, on_change: Callable[[shapes.Upload], Any] | None = None, timeout: float | None = None
    ) -> shapes.Upload:
        """Wait until the check of an upload has ended; return the upload. Raises WaitedTooLong."""
        path = f"/uploads/{key}"
        return wait(self._connection, path, shapes.Upload, lambda upload: upload.is_over, on_change, timeout)


class Tournaments(Group):
    """Tournaments: `list` takes the filters of the API, such as `scenario`, `state`, `owner` and `agent`."""

    def list(self, **filters: Any) -> Iterator[shapes.Tournament]:
        return self._connection.pages("/tournaments", shapes.Tournament, **filters)

    def get(self, number: int) -> shapes.Tournament:
        return self._connection.get(f"/tournaments/{number}", shapes.Tournament)

    def create(
        self, scenario: str, cameras: Sequence[str], targets: Sequence[str], **options: Any
    ) -> shapes.Tournament:
        """Start a tournament.

        `options` are the API's: `name`, `format`, `settings`, `episodes_per_pairing`, `base_seed`, `rates_remote`.
        """
        return self._connection.post("/tournaments", shapes.Tournament, _body(scenario, cameras, targets, options))

    def estimate(
        self, scenario: str, cameras: Sequence[str], targets: Sequence[str], **options: Any
    ) -> shapes.Estimate:
        """Return what a tournament would cost."""
        return self._connection.post(
            "/tournaments/estimate", shapes.Estimate, _body(scenario, cameras, targets, options)
        )

    def place(self, agent: str, scenario: str, **options: Any) -> shapes.Tournament:
        """Start the placement of an agent: a tournament against the built-in and the best agents of the other team."""
        team = self._connection.get(f"/agents/{agent}", shapes.Agent).team
        other = RIVALS[team]
        rivals = [row.slug for row in Agents(self._connection).list(team=other, kind="builtin", scenario=scenario)]
        rivals += [line.agent.slug for line in self._best(scenario, other) if line.agent.slug not in rivals]
        fields = ([agent], rivals) if team == "camera" else (rivals, [agent])
        options = {"name": f"Placement of {agent}"[:120], "format": "placement", "settings": {"team": team}} | options
        return self.create(scenario, *fields, **options)

    def _best(self, scenario: str, team: str) -> Sequence[shapes.Rating]:
        try:
            board = Boards(self._connection).get(scenario)
        except NotFound as problem:
            if problem.code != "not_rated_yet":
                raise
            return []
        return (board.cameras if team == "camera" else board.targets)[:MOST_RIVALS]

    def cancel(self, number: int) -> shapes.Tournament:
        return self._connection.post(f"/tournaments/{number}/cancel", shapes.Tournament)

    def wait(
        self, number: int, on_change: Callable[[shapes.Tournament], Any] | None = None, timeout: float | None = None
    ) -> shapes.Tournament:
        """Wait until a tournament is over; return it. Raises WaitedTooLong."""
        path = f"/tournaments/{number}"
        return wait(self._connection, path, shapes.Tournament, lambda cup: cup.is_over, on_change, timeout)


class Boards(Group):
    """Leaderboards and their tables."""

    def get(
        self, scenario: str = "", *, tournament: int | None = None, snapshot: int | None = None
    ) -> shapes.Leaderboard:
        path = f"{_board(scenario, tournament)}/leaderboard"
        return self._connection.get(path, shapes.Leaderboard, snapshot=snapshot)

    def compare(self, scenario: str, first: str, second: str) -> shapes.Comparison:
        """Compare two agents of a team, in episodes of the same seeds against the same opponents."""
        path = f"/scenarios/{scenario}/comparison"
        return self._connection.get(path, shapes.Comparison, first=first, second=second)

    def export(
        self,
        place: str | Path,
        scenario: str = "",
        *,
        tournament: int | None = None,
        table: str = "episodes",
        format: str = "parquet",
        snapshot: int | None = None,
    ) -> Path:
        """Write a table (`episodes`, `ratings` or `payoffs`) to a file (`parquet`, `csv` or `json`)."""
        names = {"episodes": "episodes", "ratings": "leaderboard", "payoffs": "meta-game"}
        path = f"{_board(scenario, tournament)}/{names[table]}"
        self._connection.download(path, Path(place), format=format, snapshot=snapshot)
        return Path(place)


class Episodes(Group):
    """Pairings, their episodes and replays."""

    def pairings(self, **filters: Any) -> Iterator[shapes.Pairing]:
        """Yield pairings, filtered by `scenario`, `agent` and `tournament`."""
        return self._connection.pages("/pairings", shapes.Pairing, **filters)

    def of(self, pairing: int) -> Iterator[shapes.Episode]:
        return self._connection.pages(f"/pairings/{pairing}/episodes", shapes.Episode)

    def get(self, number: int) -> shapes.Episode:
        return self._connection.get(f"/episodes/{number}", shapes.Episode)

    def replay(self, number: int, place: str | Path, timeout: float = 300.0) -> Path:
        """Write the replay of an episode to a file. If necessary, the portal plays the episode again first."""
        deadline = time.monotonic() + timeout
        while self._connection.download(f"/episodes/{number}/replay", Path(place)) == 202:
            _insist(deadline, timeout)
        return Path(place)

    def verify(self, number: int, timeout: float = 300.0) -> shapes.Verdict:
        """Have an episode played again, and its trajectory compared with the recorded one."""
        deadline = time.monotonic() + timeout
        while (answer := self._connection.send("POST", f"/episodes/{number}/verify")).status_code == 202:
            _insist(deadline, timeout)
        return shapes.Verdict.read(answer.json())


def _insist(deadline: float, timeout: float) -> None:
    """Pause, or raise WaitedTooLong if the deadline has passed."""
    if time.monotonic() > deadline:
        raise WaitedTooLong(f"The episode was not played again within {timeout:g} seconds.")
    time.sleep(0.5)


def _body(scenario: str, cameras: Sequence[str], targets: Sequence[str], options: dict[str, Any]) -> dict[str, Any]:
    return {"scenario": scenario, "cameras": list(cameras), "targets": list(targets), **options}


def _board(scenario: str, tournament: int | None) -> str:
    if (tournament is None) == (not scenario):
        raise ValueError("Name a scenario or a tournament.")
    return f"/scenarios/{scenario}" if scenario else f"/tournaments/{tournament}"
