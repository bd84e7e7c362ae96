"""`python -m tournament.recorder`: play one recorded episode again, in its own process.

Reads an order (JSON) from standard input and writes a replay file, or a verdict on whether the episode was reproduced.
It is a process because networks need a library that web processes must not load. It needs no database: the order is
complete.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mate.errors import UserError
from mate.scenario import Scenario
from tournament import agents, replays
from tournament.matches import MatchError


class CannotRecord(UserError):
    """An episode that cannot be reproduced."""


@dataclass(frozen=True)
class Order:
    """The request to replay an episode with this `digest`; `checkpoints` is the folder of DIGEST.zip files."""

    scenario: str
    camera: dict[str, Any]
    target: dict[str, Any]
    names: tuple[str, str]
    seed: int
    engine: str
    digest: str
    checkpoints: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Order:
        document = json.loads(text)
        return cls(**document | {"names": tuple(document["names"])})


def play(order: Order) -> bytes:
    """Play the order's episode and return its replay. Raises CannotRecord if the engine version differs."""
    if order.engine != replays.playback.engine_version():
        raise CannotRecord(
            f"This episode was played by engine {order.engine}; the portal now runs {replays.playback.engine_version()}, "
            "which may play differently. Its result stands, but it cannot be shown."
        )

    def open_checkpoint(digest: str) -> Any:
        from policies import Checkpoint

        path = Path(order.checkpoints) / f"{digest}.zip"
        if not path.is_file():
            raise CannotRecord(f"The checkpoint {digest[:12]} of this episode is no longer in the portal's files.")
        return Checkpoint.load(path)

    camera, target = agents.from_json(order.camera), agents.from_json(order.target)
    scenario = Scenario.from_json(order.scenario)
    return replays.record(scenario, camera, target, order.seed, open_checkpoint, order.names)


def record(order: Order) -> bytes:
    """Return the replay. Raises CannotRecord if its trajectory differs from the recorded one."""
    data = play(order)
    if (digest := f"{replays.read(data).digest:016x}") != order.digest:
        raise CannotRecord(
            f"Played again, the episode came out differently: digest {digest} instead of {order.digest}. "
            "Please report it to the administrators of this portal: its numbers may depend on the machine."
        )
    return data


def verify(order: Order) -> bytes:
    """Return a verdict as JSON: both digests, and whether they are equal."""
    digest = f"{replays.read(play(order)).digest:016x}"
    verdict = {"is_same": digest == order.digest, "recorded_digest": order.digest, "computed_digest": digest}
    return json.dumps(verdict).encode()


def main() -> int:
    action, out = {"record": record, "verify": verify}[sys.argv[1]], Path(sys.argv[2])
    try:
        data = action(Order.from_json(sys.stdin.read()))
    except (UserError, MatchError) as error:
        print(error, file=sys.stderr)
        return 1
    partial = out.with_suffix(f".{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
