"""The subjects of kills: for each, the process that writes it, and how the writing is started."""

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
from benchmarks.installation import wait_for
from portal.launcher import commands
from portal.launcher.installation import CHECKOUT

SCENARIO = "MATE-2v4-0"
SMALL: dict[str, Any] = {
    "hidden_sizes": [8], "memory": "none", "episodes_at_once": 4, "fragment_length": 5, "minibatch_size": 16,
    "passes": 2, "milestones": 2, "horizon": 20,
}  # fmt: skip
TRAINING: dict[str, Any] = {
    "algorithm": "mappo", "steps": 400, "hyperparameters": SMALL, "evaluation_episodes": 0, "cores": 1
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


@dataclass(frozen=True)
class Subject:
    """Something that the process `victim` writes.

    The moment of a kill is drawn from the first `latest` seconds after the writing has begun.
    """

    victim: str
    begin: Callable[[Portal], Callable[[], Any]]
    """Start the writing; return a function that tells whether it is under way."""
    latest: float


def begin_upload(portal: Portal) -> Callable[[], Any]:
    """Send a new file slowly, and repeat it until the portal accepts it."""
    content, begun = make_checkpoint(next(portal.numbers)), threading.Event()
    thread = threading.Thread(target=upload, args=(portal, content, begun), daemon=True)
    thread.start()
    portal.threads.append(thread)
    return begun.is_set


def make_checkpoint(seed: int) -> bytes:
    from policies import Architecture, Dimensions

    network = entrants.random_checkpoint("mappo", "camera", Dimensions(2, 4, 0), seed, Architecture((128, 64), "tanh"))
    return network.to_bytes()


def upload(portal: Portal, content: bytes, begun: threading.Event) -> None:
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
                return
            if answer.status < 429:
                raise SystemExit(f"The upload was refused: {answer.read().decode()[:300]}")
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.3)


def begin_checking(portal: Portal) -> Callable[[], Any]:
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
    return lambda: Upload.objects.filter(pk=row.pk).exclude(state="waiting").exists()


def begin_publishing(portal: Portal) -> Callable[[], Any]:
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
    return lambda: tournament.blocks.exclude(state="waiting").exists()


def begin_training(portal: Portal) -> Callable[[], Any]:
    """Keep a training running."""
    from tournament import trainings
    from tournament.models import TrainingRun, TrainingState

    over = (TrainingState.FINISHED, TrainingState.FAILED)
    if not TrainingRun.objects.filter(purpose="").exclude(state__in=over).exists():
        _, targets = portal.fields()
        name = f"Trained {next(portal.numbers)}"
        trainings.create_training(
            trainings.TrainingRequest(
                name, portal.scenario, "camera", opponent=targets[0], owner=portal.owner, **TRAINING
            )
        )
    return lambda: TrainingRun.objects.filter(state=TrainingState.TRAINING).exists()


def begin_psro(portal: Portal) -> Callable[[], Any]:
    """Keep a PSRO run going, which the sweep advances."""
    from tournament import psro_runs, trainings
    from tournament.models import PsroRun, PsroState

    if not PsroRun.objects.filter(state=PsroState.RUNNING).exists():
        settings = trainings.TrainingSettings(**TRAINING)
        psro_runs.create_run(
            psro_runs.PsroRequest(
                f"PSRO {next(portal.numbers)}", portal.scenario, *portal.fields(), settings, settings,
                iterations=2, episodes_per_pairing=4, owner=portal.owner,
            )
        )  # fmt: skip
    return lambda: True


def begin_backup(portal: Portal) -> Callable[[], Any]:
    """Start a process that writes a backup, and is killed itself."""
    portal.backup = subprocess.Popen(
        commands.manage("backup", str(portal.backups)), cwd=CHECKOUT, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    process, before = portal.backup, set(portal.backups.glob(".part-*"))
    wait_for(lambda: process.poll() is not None or set(portal.backups.glob(".part-*")) - before)
    return lambda: True


SUBJECTS = {
    "upload": Subject("web", begin_upload, 1.2),
    "checking": Subject("worker-0", begin_checking, 1.5),
    "publishing": Subject("worker-0", begin_publishing, 3.0),
    "training": Subject("trainer-0", begin_training, 4.0),
    "psro": Subject("sweep", begin_psro, 2.0),
    "backup": Subject("backup", begin_backup, 0.5),
}
