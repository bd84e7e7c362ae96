"""Checking of uploads. Confined processes read the file as data and rehearse its agents; then agents are accepted."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction

from mate.errors import UserError
from tasks import admission, connecting, hints, infrastructure, leases, workers
from tournament import entries, organising, originals, psro_runs, schedules, storages, tracing, visibility
from tournament.clock import Now
from tournament.models import Agent, Upload, UploadState
from tournament.placements import plan as plan_placements

if TYPE_CHECKING:
    from policies.importing import ImportedAgent, ImportReport, Limits, Step
    from policies.importing.report import ImportedMixture

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
LIMIT_SECONDS = 900.0
TRIAL_SECONDS = 6.0
"""Processor seconds in which all agents of an upload together play a few steps."""
MOST_SECONDS = 2.0
"""Maximum processor seconds of one agent."""
READ = "Read the file"
TRY = "Play a few steps"
ACCEPT = "Add the agents"


class FileDamaged(Exception):
    """A stored file whose content is not what was uploaded."""


class Refused(UserError):
    """The upload cannot be accepted, for a reason that its owner can correct."""


def check_next() -> bool:
    """Claim the upload that has waited longest and check it; return whether there was one."""
    upload = leases.claim(leases.waiting(Upload).order_by("created"), workers.State.name)
    if upload is None:
        return False
    workers.do(f"checking {'a private upload' if upload.is_private else upload.filename}")
    with tracing.bound(work=f"upload {upload.pk}"):
        check(upload)
    return True


def check(upload: Upload) -> None:
    """Check a claimed upload to its end, or record why that failed. Errors of the portal never refuse an upload."""
    from policies.importing import ImportRefused

    try:
        with leases.Keeper(upload, LIMIT_SECONDS):
            _check(upload, Steps(upload))
        infrastructure.note_success()
    except leases.LeaseLost as lost:
        log.info("Stopped: %s", lost)
    except (ImportRefused, Refused) as refusal:
        _end(upload, UploadState.REFUSED, str(refusal))
    except Exception as error:
        _note_error(upload, error)


def _note_error(upload: Upload, error: Exception) -> None:
    """Have an upload checked again later. An error of the infrastructure costs no attempt."""
    if isinstance(error, FileNotFoundError):
        admission.look()
    if reason := infrastructure.explain(error) or admission.LastAdmission.problem:
        infrastructure.complain(reason, error)
        act = partial(leases.give_back_untried, upload, infrastructure.DELAY_SECONDS)
    else:
        log.error("Checking upload %s failed", upload.pk, exc_info=error)
        act = partial(_retry, upload)
    try:
        infrastructure.insist(act)
    except leases.LeaseLost as lost:
        log.info("Stopped: %s", lost)
    except workers.Stopping:
        log.warning("%s could not be given back before the end; its lease runs out", upload)


def _check(upload: Upload, steps: Steps) -> None:
    from policies import rehearsing
    from policies.importing import read

    rehearsing.prepare()  # while the file is read
    with steps.watching(READ), _local_path(upload) as path:
        report = read(path, limits_of_reading(), steps.note, is_alone=True)
    _check_team(upload, report)
    with steps.running(TRY) as details:
        for imported in report.agents:
            seconds = min(TRIAL_SECONDS / len(report.agents), MOST_SECONDS)
            details.append(try_out(imported, upload.deterministic, seconds))
    with steps.running(ACCEPT) as details, transaction.atomic():
        checkpoints = accept_checkpoints(upload, report)
        named = report.renamed({digest: agent.spec["checkpoint"] for digest, agent in checkpoints.items()})
        accepted = accept_mixtures(upload, named, list(checkpoints.values()))
        details.append(", ".join(agent.name for agent in accepted))
        insist_on_own(upload, accepted)
        upload.agents.set(accepted)
        placements = [*plan_placements(upload, accepted), *schedules.place(accepted)]
        runs = [] if upload.is_private else psro_runs.enter_results(upload, named, accepted)
        details += [f"the PSRO run “{run.name}”" for run in runs]
        if report.results and not runs and not upload.is_private:
            details.append(
                "its PSRO tables are not shown: no packaged scenario has these dimensions, or iterations are missing"
            )
        steps.succeed(details)
        leases.write(
            upload,
            state=UploadState.ACCEPTED,
            finished=Now(),
            report=replace(report, results=()).to_json(),
            reason="",
            leased_until=None,
        )
    for tournament in placements:
        organising.finish_if_complete(tournament)
    if placements:
        hints.send()


def limits_of_reading() -> Limits:
    """Return the limits of the importer: the default ones, raised to the portal's limit on uploads."""
    from policies.importing import DEFAULT_LIMITS

    accepted = settings.ARENA_UPLOAD_LIMIT
    return replace(
        DEFAULT_LIMITS,
        max_file=max(DEFAULT_LIMITS.max_file, accepted),
        max_unpacked=max(DEFAULT_LIMITS.max_unpacked, 2 * accepted),
    )


class Steps:
    """The steps of checking, as the upload's page shows them.

    Every change is written at once, under the lease's token.
    """

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.entries: list[dict[str, str]] = []

    def note(self, step: Step) -> None:
        """Insert a finished step of the reader before the running one."""
        self.entries.insert(len(self.entries) - 1, {"name": step.name, "status": step.status, "detail": step.detail})
        self._write()

    @contextmanager
    def running(self, name: str) -> Iterator[list[str]]:
        """Show a step as running while the block runs; texts appended to the list become its detail."""
        details: list[str] = []
        self.entries.append({"name": name, "status": "running", "detail": ""})
        self._write()
        try:
            yield details
        except UserError as error:
            self._finish("failed", str(error))
            raise
        if self.entries[-1]["status"] == "running":
            self.succeed(details)

    @contextmanager
    def watching(self, name: str) -> Iterator[None]:
        """Show a step below the reader's own steps until they say how reading ended; then remove it."""
        try:
            with self.running(name):
                yield
        finally:
            told = [entry["status"] for entry in self.entries[:-1]]
            if told and (self.entries[-1]["status"] == "ok" or told[-1] == "failed"):
                self.entries.pop()
                self._write()

    def succeed(self, details: list[str]) -> None:
        self._finish("ok", "; ".join(filter(None, details)))

    def _finish(self, status: str, detail: str) -> None:
        self.entries[-1] |= {"status": status, "detail": detail}
        self._write()

    def _write(self) -> None:
        leases.write(self.upload, steps=self.entries)
        connecting.release()


@contextmanager
def _local_path(upload: Upload) -> Iterator[str]:
    """Yield a path of the uploaded file on this machine. Raises FileDamaged if its content has changed."""
    name = upload.file.name or ""
    path = storages.local_path(name)
    try:
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != upload.sha256:
            raise FileDamaged(
                f"The stored file of upload {upload.pk} has the digest {found[:12]}, not {upload.sha256[:12]}."
            )
        yield str(path)
    finally:
        storages.forget(name)


def _check_team(upload: Upload, report: ImportReport) -> None:
    teams = {imported.team for imported in report.agents}
    if not report.agents:
        raise Refused("The file has no agent in it. Upload a checkpoint, or the archive of a training run.")
    if upload.team and upload.team not in teams:
        raise Refused(
            f"The file was offered as a {upload.team} agent, and it was trained for the {', '.join(sorted(teams))} "
            f"team. "
            f"Upload it again as what it is."
        )


def try_out(imported: ImportedAgent, deterministic: bool, seconds: float) -> str:
    """Let an agent play some steps in a confined process; return a description of the rehearsal.

    Raises Refused if the agent fails, or is too slow to be played.
    """
    from policies import rehearsing

    try:
        found = rehearsing.rehearse(imported.checkpoint, deterministic, seconds)
    except rehearsing.RehearsalFailed as failure:
        raise Refused(f"{imported.name} was read, but it cannot play: {failure}") from failure
    least = settings.ARENA_SLOWEST_AGENT
    if found.rate < least:
        raise Refused(
            f"{imported.name} was read, but it is too slow to be played: {found.rate:.2g} steps of an episode a "
            f"second on this "
            f"machine, where at least {least:g} are needed. Upload a smaller network, or one that decides less "
            f"often (frame_skip)."
        )
    return f"{imported.name}: {found.steps} steps, {found.rate:,.0f} a second, in {found.scenario}"


def accept_checkpoints(upload: Upload, report: ImportReport) -> dict[str, Agent]:
    """Return the rows of all agents of a report, by the digests of the report's checkpoints.

    The row of an agent that is already on the portal may have another digest.
    """
    accepted = {}
    for imported in report.agents:
        name = _name_of(upload, report, imported)
        accepted[imported.checkpoint.digest] = entries.accept_checkpoint(upload, imported, name)
    return accepted


def accept_mixtures(upload: Upload, report: ImportReport, accepted: list[Agent]) -> list[Agent]:
    """Return the given rows and those of the report's playable mixtures, each once."""
    mixtures = [
        entries.accept_mixture(upload, mixture, accepted, _name_of(upload, report, mixture))
        for mixture in report.mixtures
    ]
    return list({row.pk: row for row in (*accepted, *mixtures) if row is not None}.values())


def insist_on_own(upload: Upload, accepted: list[Agent]) -> None:
    """Raise Refused for weights that another user's private agent already has."""
    hidden = visibility.hidden_agents(upload.owner).filter(pk__in=[row.pk for row in accepted])
    if hidden.exists():
        raise Refused("These weights are on this portal already, as a private agent of another user.")


def _name_of(upload: Upload, report: ImportReport, imported: ImportedAgent | ImportedMixture) -> str:
    if upload.name and len(report.agents) + len(report.mixtures) == 1:
        return upload.name
    name = f"{upload.name}: {imported.name}" if upload.name else imported.name
    return entries.free_name(name, imported.team, upload)


def _end(upload: Upload, state: str, reason: str) -> None:
    """Record how checking ended. The file of a refused upload is removed."""
    try:
        leases.write(upload, state=state, reason=reason[:4000], finished=Now(), leased_until=None)
    except leases.LeaseLost as lost:
        log.info("Stopped: %s", lost)
        return
    if state == UploadState.REFUSED and upload.file:
        originals.let_go(upload)


def _retry(upload: Upload) -> None:
    """Check an upload again later after an error of the portal. Once it has failed too often, say so."""
    if upload.attempts >= MAX_ATTEMPTS:
        sorry = (
            "Something failed on our side, and not in your file; it was tried "
            f"{upload.attempts} times. The administrators can see the error in the workers' logs. You may upload "
            f"it again later."
        )
        _end(upload, UploadState.FAILED, sorry)
        return
    leases.give_back(upload, delay=2.0**upload.attempts)
