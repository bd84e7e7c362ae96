"""Orders to play a recorded episode again. An order is self-contained: its execution needs no database."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mate.errors import UserError

if TYPE_CHECKING:
    from tournament.replays import Watch


class CannotRecord(UserError):
    """An episode that cannot be reproduced."""


@dataclass(frozen=True)
class Order:
    """The request to replay an episode with this `digest`; `checkpoints` is the folder of DIGEST.zip files.

    `device` is the device class that the episode was played on, `actions` the path of a remote agent's actions by
    team.
    """

    scenario: str
    camera: dict[str, Any]
    target: dict[str, Any]
    names: tuple[str, str]
    seed: int
    engine: str
    digest: str
    device: str
    checkpoints: str
    actions: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Order:
        document = json.loads(text)
        return cls(**document | {"names": tuple(document["names"])})


def play(order: Order, watch: Watch | None = None) -> bytes:
    """Play the order's episode and return its replay. Raises CannotRecord if the engine version differs."""
    from mate.scenario import Scenario
    from tournament import agents, replays
    from tournament.recorded import RecordedTeam

    if order.engine != replays.playback.engine_version():
        raise CannotRecord(
            f"This episode was played by engine {order.engine}; the portal now runs "
            f"{replays.playback.engine_version()}, "
            "which may play differently. Its result stands, but it cannot be shown."
        )

    def open_checkpoint(digest: str) -> Any:
        from policies import Checkpoint

        path = Path(order.checkpoints) / f"{digest}.zip"
        if not path.is_file():
            raise CannotRecord(f"The checkpoint {digest[:12]} of this episode is no longer in the portal's files.")
        return Checkpoint.load(path)

    def repeat(spec: agents.RemoteAgent, scenario: Scenario, size: int) -> RecordedTeam:
        return RecordedTeam(order.actions.get(spec.team, ""), spec.team, scenario)

    camera, target = agents.from_json(order.camera), agents.from_json(order.target)
    scenario = Scenario.from_json(order.scenario)
    return replays.record(
        scenario, camera, target, order.seed, open_checkpoint, order.names, watch=watch, connect=repeat
    )


def digest_of(replay: bytes) -> str:
    from tournament import replays

    header, _ = replays.read_header(replay)
    return str(header["result"]["digest"])


def record(order: Order, watch: Watch | None = None) -> bytes:
    """Return the replay. Raises CannotRecord if its trajectory differs from the recorded one."""
    data = play(order, watch)
    if (digest := digest_of(data)) != order.digest:
        raise CannotRecord(
            f"Played again, the episode came out differently: digest {digest} instead of {order.digest}. "
            "Please report it to the administrators of this portal: its numbers may depend on the machine."
        )
    return data


def verify(order: Order, watch: Watch | None = None) -> bytes:
    """Return a verdict as JSON: both digests, and whether they are equal."""
    digest = digest_of(play(order, watch))
    verdict = {"is_same": digest == order.digest, "recorded_digest": order.digest, "computed_digest": digest}
    return json.dumps(verdict).encode()


def picture(order: Order, watch: Watch | None = None) -> bytes:
    """Return a PNG picture of the episode. Raises as `record` does."""
    from tournament import replays

    return replays.pictures.draw_card(replays.read(record(order, watch)))


def film(order: Order, watch: Watch | None = None) -> bytes:
    """Return an MP4 film of the episode. Raises as `record` does."""
    from tournament import replays

    return replays.pictures.make_film(replays.read(record(order, watch)))


ACTIONS: dict[str, Callable[[Order, Watch | None], bytes]] = {
    "record": record,
    "verify": verify,
    "picture": picture,
    "film": film,
}


def weight_of(order: Order) -> int:
    """Return the bytes of the checkpoints that the order's agents need: how heavy their networks are."""
    from tournament import agents

    digests = {one for spec in (order.camera, order.target) for one in agents.checkpoints(agents.from_json(spec))}
    files = [Path(order.checkpoints) / f"{digest}.zip" for digest in digests]
    return sum(file.stat().st_size for file in files if file.is_file())
