"""The subjects of kills: for each, the process that writes it, how the writing is started, and how it ended."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import entrants
from portal.launcher import commands
from portal.launcher.installation import CHECKOUT

SCENARIO = "MATE-2v4-0"
SMALL: dict[str, Any] = {
    "hidden_sizes": [9, 7], "memory": "lstm", "memory_size": 5, "episodes_at_once": 4, "fragment_length": 5,
    "minibatch_size": 16, "passes": 2, "milestones": 2, "horizon": 20,
}  # fmt: skip
"""The networks are those of the stand-in's checkpoints, so that a PSRO run can continue from them."""
TRAINING: dict[str, Any] = {
    "algorithm": "mappo", "steps": 2000, "hyperparameters": SMALL, "evaluation_episodes": 0, "cores": 1
}  # fmt: skip
PIECES, PAUSE = 40, 0.02
"""Number of pieces of an upload, and seconds between them, so that a kill comes in the middle of it."""


@dataclass
class Portal:
    """The portal whose processes are killed."""

    port: int
    token: str
    backups: Path
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    threads: list[threading.Thread] = field(default_factory=list)
    backup: subprocess.Popen[bytes] | None = None

    @property
    def scenario(self) -> Any:
        from tournament import entries

        return entries.register_scenario(SCENARIO)

    @property
    def owner(self) -> Any:
        from django.contrib.auth.models import User

        return User.objects.get(username="kills")

    def fields(self) -> tuple[list[Any], list[Any]]:
        from tournament import entries

        rows = {row.slug: row for row in entries.register_builtin_agents()}
        return ([rows["greedy-camera"], rows["random-camera"]], [rows["greedy-target"], rows["random-target"]])


FINISHED = "finished"


@dataclass(frozen=True)
class Operation:
    """One operation under kills.

    `has_begun` tells whether the writing is under way. `find_end` returns how it ended: empty while it has not,
    `FINISHED`, or the words by which the portal told its user that it was interrupted or failed.
    """

    has_begun: Callable[[], Any]
    find_end: Callable[[], str]


@dataclass(frozen=True)
class Subject:
    """Something that the process `victim` writes.

    The moment of a kill is drawn from the first `latest` seconds after the writing has begun.
    """

    victim: str
    begin: Callable[[Portal], Operation]
    """Start the writing."""
    latest: float


def begin_upload(portal: Portal) -> Operation:
    """Send a new file slowly, and repeat it until the portal accepts it.

    A broken request tells its sender that it was interrupted.
    """
    content, begun = make_checkpoint(next(portal.numbers)), threading.Event()
    ends: list[str] = []
    thread = threading.Thread(target=upload, args=(portal, content, begun, ends), daemon=True)
    thread.start()
    portal.threads.append(thread)
    return Operation(begun.is_set, lambda: ends[0] if ends else "")


def make_checkpoint(seed: int) -> bytes:
    from policies import Architecture, Dimensions

    network = entrants.random_checkpoint("mappo", "camera", Dimensions(2, 4, 0), seed, Architecture((128, 64), "tanh"))
    return network.to_bytes()


def upload(portal: Portal, content: bytes, begun: threading.Event, ends: list[str]) -> None:
    """Upload a file until it is accepted; add how the first request ended to `ends`."""
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="killed.zip"\r\n\r\n'
    body = head + content + b"\r\n--edge--\r\n"
    size = len(body) // PIECES + 1
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=30)
            connection.putrequest("POST", "/api/v1/uploads")
            connection.putheader("Authorization", f"Bearer {portal.token}")
            connection.putheader("Content-Type", "multipart/form-data; boundary=edge")
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders()
            begun.set()
            for first in range(0, len(body), size):
                connection.send(body[first : first + size])
                time.sleep(PAUSE)
            answer = connection.getresponse()
            if answer.status < 300:
                ends.append(FINISHED)
                return
            if answer.status < 429:
                raise SystemExit(f"The upload was refused: {answer.read().decode()[:300]}")
        except (OSError, http.client.HTTPException) as error:
            if begun.is_set():
                ends.append(f"the request was broken: {error!r}")
        time.sleep(0.3)


def begin_checking(portal: Portal) -> Operation:
    """Upload a file for the workers to check, as the website does."""
    from django.core.files.base import ContentFile

    from tasks import hints
    from tournament import originals
    from tournament.models import Upload

    content = make_checkpoint(next(portal.numbers))
    row = Upload(owner=portal.owner, filename="checked.zip", size=len(content))
    row.sha256 = hashlib.sha256(content).hexdigest()
    originals.keep(row, ContentFile(content))
    row.save()
    hints.send()

    def find_end() -> str:
        row.refresh_from_db()
        return {"accepted": FINISHED, "failed": row.reason, "refused": row.reason}.get(row.state, "")

    return Operation(lambda: Upload.objects.filter(pk=row.pk).exclude(state="waiting").exists(), find_end)


def begin_publishing(portal: Portal) -> Operation:
    """Start a small tournament, whose board is published at its end."""
    from tasks import hints
    from tournament import organising

    number = next(portal.numbers)
    tournament = organising.create_tournament(
        organising.TournamentRequest(
            f"Published {number}", portal.scenario, *portal.fields(), 8, number, owner=portal.owner
        )
    )
    hints.send()

    def find_end() -> str:
        tournament.refresh_from_db(fields=["state"])
        return {"finished": FINISHED, "failed": "the tournament failed"}.get(tournament.state, "")

    return Operation(lambda: tournament.blocks.exclude(state="waiting").exists(), find_end)


def begin_training(portal: Portal) -> Operation:
    """Keep a training running."""
    from tournament import trainings
    from tournament.models import TrainingRun, TrainingState

    ends: dict[str, str] = {TrainingState.FINISHED: FINISHED, TrainingState.FAILED: "the training failed"}
    run = TrainingRun.objects.filter(purpose="").exclude(state__in=ends).first()
    if run is None:
        _, targets = portal.fields()
        name = f"Trained {next(portal.numbers)}"
        run = trainings.create_training(
            trainings.TrainingRequest(
                name, portal.scenario, "camera", opponent=targets[0], owner=portal.owner, **TRAINING
            )
        )
    under_way = TrainingRun.objects.filter(pk=run.pk).exclude(state=TrainingState.WAITING)
    state = TrainingRun.objects.filter(pk=run.pk).values_list("state", flat=True)
    return Operation(under_way.exists, lambda: ends.get(state.get(), ""))


def begin_psro(portal: Portal) -> Operation:
    """Keep a PSRO run going, which the sweep advances."""
    from tournament import psro_runs, trainings
    from tournament.models import PsroRun, PsroState

    run = PsroRun.objects.filter(state=PsroState.RUNNING).first()
    if run is None:
        settings = trainings.TrainingSettings(**TRAINING)
        run = psro_runs.create_run(
            psro_runs.PsroRequest(
                f"PSRO {next(portal.numbers)}", portal.scenario, *portal.fields(), settings, settings,
                iterations=2, episodes_per_pairing=4, owner=portal.owner,
            )
        )  # fmt: skip
    found = PsroRun.objects.filter(pk=run.pk).values_list("state", "reason")

    def find_end() -> str:
        state, reason = found.get()
        return "" if state == PsroState.RUNNING else FINISHED if state == PsroState.FINISHED else f"{state}: {reason}"

    return Operation(lambda: True, find_end)


def begin_backup(portal: Portal) -> Operation:
    """Start a process that writes a backup, and is killed itself. Its exit status says that it was."""
    portal.backup = subprocess.Popen(
        commands.manage("backup", str(portal.backups)), cwd=CHECKOUT, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    process, before = portal.backup, set(portal.backups.glob(".part-*"))

    def find_end() -> str:
        status = process.poll()
        return "" if status is None else f"exit status {status}" if status else FINISHED

    return Operation(lambda: find_end() or set(portal.backups.glob(".part-*")) - before, find_end)


SUBJECTS = {
    "upload": Subject("web", begin_upload, 0.9),
    "checking": Subject("worker-0", begin_checking, 0.8),
    "publishing": Subject("worker-0", begin_publishing, 1.2),
    "training": Subject("trainer-0", begin_training, 3.0),
    "psro": Subject("sweep", begin_psro, 2.0),
    "backup": Subject("backup", begin_backup, 0.5),
}
