"""Supervision of trainings. A trainer claims a run, starts its process, follows its progress, and passes on its
milestones at the end.

A trainer (`manage.py train`) supervises one training at a time, so that matches and uploads keep their workers. It
leases the run like any other work. The process writes to its folder only. The trainer copies the progress from there to
the database, under the lease's token.
"""

from __future__ import annotations

import errno
import json
import logging
import math
import os
import shutil
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction

from mate.errors import UserError
from tasks import carrying, connecting, infrastructure, leases, processes, workers
from tasks.following import ProgressFollower
from tournament import agents, entries, leaderboards, milestones, tracing, trainings
from tournament.clock import Now
from tournament.models import Agent, Milestone, Scenario, TrainingRun, TrainingState

log = logging.getLogger(__name__)

LOOK_AHEAD = 5000
"""Maximum number of waiting trainings among which the next one is chosen."""
MAX_ATTEMPTS = 5
"""Maximum number of attempts without progress before a run fails."""
LOOK_SECONDS = 0.5
GRACE_SECONDS = 30.0
"""Seconds that a process has to write its state when it is asked to end."""
LEAVE_SECONDS = 4.0
"""Seconds that a trainer that is asked to end waits for its process, which otherwise ends by itself later."""
FULL = (errno.ENOSPC, errno.EDQUOT)


class TrainingFailed(UserError):
    """The training cannot continue, for a reason that its owner or the administrator can correct."""


def train_next() -> bool:
    """Claim a training that this machine has the cores for, and supervise it; return whether there was one."""
    run = claim_run()
    if run is None:
        return False
    workers.do(f"training {run.name}")
    try:
        with tracing.bound(work=f"training {run.pk}"):
            train(run)
    finally:
        workers.rest()
    return True


def claim_run() -> TrainingRun | None:
    """Claim the waiting training that is next; return None if there is none.

    The criteria are, in this order: the highest priority; the user with the fewest running trainings; that user's study
    with the fewest running trainings, where trainings outside studies count as one; the longest wait.
    """
    waiting, ours = leases.waiting(TrainingRun).order_by("-priority", "id"), available_cores()
    running = TrainingRun.objects.filter(state=TrainingState.TRAINING).values_list("owner", "study_run__study")
    by_owner, by_study = Counter(owner for owner, _ in running), Counter(running)
    asked = waiting[:LOOK_AHEAD].values_list("pk", "owner", "study_run__study", "configuration__cores", "priority")
    fitting = [
        (-priority, by_owner[owner], by_study[owner, study], key)
        for key, owner, study, cores, priority in asked
        if ours is None or (cores or 1) <= ours
    ]
    for *_, key in sorted(fitting):
        if run := leases.claim(waiting.filter(pk=key), workers.State.name):
            return run
    return None


def available_cores() -> int | None:
    """Return the number of processors that a training may use here; None if it runs on a Ray cluster."""
    if os.environ.get("RAY_ADDRESS"):
        return None
    return settings.ARENA_TRAINING_CORES or max(
        1, len(os.sched_getaffinity(0)) // max(1, settings.ARENA_TRAINING_SLOTS)
    )


def folder_of(run: TrainingRun) -> Path:
    """Return the folder in which a training's process reads and writes, among the portal's files."""
    return Path(settings.MEDIA_ROOT) / "trainings" / str(run.pk)


def train(run: TrainingRun) -> None:
    """Supervise a claimed training until it ends in any way, and record how it ended."""
    try:
        with leases.Keeper(run, math.inf) as keeper:
            _train(run, keeper)
        infrastructure.note_success()
    except leases.LeaseLost as lost:
        log.info("Stopped: %s", lost)
    except workers.Stopping:
        infrastructure.unless_lost(leases.give_back_untried, run)
    except DatabaseError as error:
        if not wait_for_infrastructure(run, error):
            raise
    except UserError as refusal:
        infrastructure.unless_lost(fail, run, str(refusal))
    except OSError as error:
        is_full = error.errno in FULL
        infrastructure.unless_lost(
            fail,
            run,
            describe_full(folder_of(run)) if is_full else f"The run's folder is of no use: {error.strerror or error}.",
        )
    except processes.FolderBusy as busy:
        infrastructure.unless_lost(retry, run, str(busy))
    except Exception as error:
        if not wait_for_infrastructure(run, error):
            log.exception("%s failed", run)
            infrastructure.unless_lost(retry, run, "Something failed on our side; the trainer's log says more.")


def wait_for_infrastructure(run: TrainingRun, error: Exception) -> bool:
    """Return whether an error is one of the infrastructure; if so, the run waits and keeps its attempt."""
    if reason := infrastructure.explain(error):
        infrastructure.complain(reason, error)
        infrastructure.unless_lost(leases.give_back_untried, run, infrastructure.DELAY_SECONDS, error=reason)
    return bool(reason)


def _train(run: TrainingRun, keeper: leases.Keeper) -> None:
    if run.wanted == "pause":
        leases.write(run, state=TrainingState.PAUSED, wanted="", leased_until=None)
        return
    folder = folder_of(run)
    folder.mkdir(parents=True, exist_ok=True)
    check_disk(folder)
    with processes.locked(folder) as lock:
        keeper.check()
        take_over(run, folder)
        carrier = carrying.Carrier(folder, f"trainings/{run.pk}")
        carrier.fetch()
        write_orders(run, folder)
        began = {} if run.started else {"started": Now()}
        leases.write(run, code=describe_code(), **began)
        with processes.TrainingProcess(folder, lock, run.logs) as process:
            try:
                reason = Watch(run, keeper, folder, process, carrier).follow()
            finally:
                if not keeper.is_lost:
                    carrier.store()
            status = process.poll()
    conclude(run, folder, reason, status)


# The folder

OWNER = "created.txt"


def take_over(run: TrainingRun, folder: Path) -> None:
    """Empty a folder that another training has left here: a restored backup uses its number again."""
    owner = folder / OWNER
    if owner.exists() and owner.read_text() != run.created.isoformat():
        for path in folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != processes.LOCK:
                path.unlink()
    write_whole(owner, run.created.isoformat().encode())


def check_disk(folder: Path) -> None:
    """Raise TrainingFailed if too little of the disk is free for writing checkpoints."""
    if shutil.disk_usage(folder).free < settings.ARENA_TRAINING_FREE_BYTES:
        raise TrainingFailed(describe_full(folder))


def describe_full(folder: Path) -> str:
    free, wanted = shutil.disk_usage(folder).free, settings.ARENA_TRAINING_FREE_BYTES
    return (
        f"The disk of the portal's files is full: {free / 1e6:,.0f} MB are free, a training wants "
        f"{wanted / 1e6:,.0f} MB. "
        "What was trained is kept. Ask the administrator to make room, then resume."
    )


def write_orders(run: TrainingRun, folder: Path) -> None:
    """Write the process's configuration, and the agents that it needs, to its folder."""
    (folder / "outcome.json").unlink(missing_ok=True)
    (folder / "agents").mkdir(exist_ok=True)
    for agent in filter(None, (run.opponent, run.start_from)):
        lay_out(entries.load_spec(agent), folder)
    if run.start_from is not None:
        bring_critic(run.start_from, folder)
    orders = run.configuration | {
        "scenario": describe(run.scenario),
        "more_scenarios": list(map(describe, run.more_scenarios.all())),
        "test_scenarios": list(map(describe, run.test_scenarios.all())),
        "steps": run.steps_wanted,
        "opponents": trainings.list_opponents(run.opponent),
        "start_from": place_of(run.start_from),
        "cores": run.configuration.get("cores") or available_cores(),
    }
    write_whole(folder / "configuration.json", json.dumps(orders, indent=1).encode())


def describe(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario's configuration with the name that it has here, which presets do not have in their files."""
    config: dict[str, Any] = scenario.config
    return config | {"name": scenario.name}


def place_of(agent: Agent | None) -> str | None:
    """Return the path within the folder of the weights to start from; None to start from random weights."""
    if agent is None:
        return None
    spec = entries.load_spec(agent)
    assert isinstance(spec, agents.LearnedAgent)
    return trainings.place_of(spec)


def lay_out(spec: agents.Spec, folder: Path) -> None:
    """Write an agent's checkpoints to the folder, with the agent's default of stochastic or deterministic play."""
    if isinstance(spec, agents.Mixture):
        for _, member in spec.members:
            lay_out(member, folder)
    elif isinstance(spec, agents.LearnedAgent):
        path = folder / trainings.place_of(spec)
        if not path.exists():
            checkpoint = entries.open_checkpoint(spec.checkpoint)
            play = "deterministic" if spec.deterministic else "stochastic"
            if checkpoint.recipe.play != play:
                checkpoint = replace(checkpoint, recipe=replace(checkpoint.recipe, play=play))
            write_whole(path, checkpoint.to_bytes())


def bring_critic(agent: Agent, folder: Path) -> None:
    """Copy the critic and notes of an agent's training beside its checkpoint, if that training's folder is here."""
    milestone = Milestone.objects.filter(agent=agent).select_related("run").order_by("-pk").first()
    place = place_of(agent)
    if milestone is None or place is None:
        return
    source = folder_of(milestone.run) / "milestones" / f"{milestone.iteration:06d}.zip"
    for suffix in (".critic.safetensors", ".json"):
        with suppress(OSError):
            write_whole((folder / place).with_suffix(suffix), source.with_suffix(suffix).read_bytes())


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file atomically, so that no reader sees half of it."""
    part = path.with_suffix(".part")
    part.write_bytes(content)
    part.replace(path)


def read_outcome(folder: Path) -> dict[str, Any]:
    """Return the outcome that the process wrote; empty if it ended without writing one."""
    try:
        outcome = json.loads((folder / "outcome.json").read_text())
    except (OSError, ValueError):
        return {}
    return outcome if isinstance(outcome, dict) else {}


def describe_code() -> str:
    """Return the versions of the engine and of Ray in words."""
    try:
        ray = version("ray")
    except PackageNotFoundError:
        ray = "none"
    return f"engine {leaderboards.engine_version()}, Ray {ray}"


# While it runs


class Watch:
    """Follows a training's process, and asks it to end when the run is to be paused or cannot continue."""

    def __init__(
        self,
        run: TrainingRun,
        keeper: leases.Keeper,
        folder: Path,
        process: processes.TrainingProcess,
        carrier: carrying.Carrier,
    ) -> None:
        self.run, self.keeper, self.folder, self.process, self.carrier = run, keeper, folder, process, carrier
        self.follower = ProgressFollower(run, folder)
        self.reason = ""
        self.deadline = math.inf

    def follow(self) -> str:
        """Wait for the end of the process; return why it was asked to end: pause, disk or an empty text.

        Raises LeaseLost (the process is then killed) and workers.Stopping (the process then ends by itself).
        """
        while self.process.poll() is None:
            self.keeper.check()
            if time.monotonic() > self.deadline:
                self.lose_patience()
            self.look()
            time.sleep(LOOK_SECONDS)
        self.follower.note(is_last=True)
        if self.reason == "trainer":
            raise workers.Stopping
        return self.reason

    def look(self) -> None:
        """Write new progress, and ask the process to end if there is a reason. If the database is away, try later."""
        try:
            self.follower.note()
            self.carrier.store_now_and_then()
            if not self.reason and (reason := self.find_reason()):
                self.ask_to_end(reason)
        except Exception as error:
            if not infrastructure.explain(error):
                raise
            log.warning("%s could not be looked at; trying again", self.run, exc_info=True)
            connecting.drop_broken()
        connecting.release()

    def find_reason(self) -> str:
        """Return why the process should end now; empty if it should not."""
        if workers.State.is_stopping:
            return "trainer"
        if leases.held(self.run).filter(wanted="pause").exists():
            return "pause"
        if shutil.disk_usage(self.folder).free < settings.ARENA_TRAINING_FREE_BYTES:
            return "disk"
        return ""

    def ask_to_end(self, reason: str) -> None:
        self.reason = reason
        self.deadline = time.monotonic() + (LEAVE_SECONDS if reason == "trainer" else GRACE_SECONDS)
        self.process.ask_to_end()

    def lose_patience(self) -> None:
        if self.reason == "trainer":
            self.process.leave()
            raise workers.Stopping
        self.process.kill()


# When it has ended


def conclude(run: TrainingRun, folder: Path, reason: str, status: int | None) -> None:
    """Decide how a training continues after its process has ended."""
    outcome = read_outcome(folder)
    if outcome.get("state") == "failed":
        fail(run, str(outcome.get("error") or "The training failed without saying why; its log may tell."))
    elif outcome.get("state") == "finished":
        hand_on(run, folder)
    elif reason == "pause":
        leases.write(run, state=TrainingState.PAUSED, wanted="", leased_until=None, error="", attempts=0)
    elif reason == "disk" or shutil.disk_usage(folder).free < settings.ARENA_TRAINING_FREE_BYTES:
        fail(run, describe_full(folder))
    else:
        retry(run, describe_loss(outcome, status))


def hand_on(run: TrainingRun, folder: Path) -> None:
    """Start the evaluation of a finished training's milestones, or continue it if it was extended meanwhile."""
    trained = json.loads((folder / "configuration.json").read_text())["steps"]
    made = milestones.enter_milestones(run, folder)
    with transaction.atomic():
        current = leases.held(run).select_for_update().first()
        if current is None:
            raise leases.LeaseLost(f"{run} is no longer ours (token {run.token})")
        if current.steps_wanted > trained:
            leases.give_back(run, attempts=0)
            return
        if not made:
            raise TrainingFailed(milestones.NOTHING_MADE)
        leases.write(run, wanted="", error="", attempts=0, leased_until=None)
        milestones.begin_evaluation(run)


def describe_loss(outcome: dict[str, Any], status: int | None) -> str:
    if outcome.get("state") == "paused":
        return "The training's process was asked to end from outside."
    if status == -9:
        return "The training's process was killed, usually because the machine ran out of memory."
    return f"The training's process ended unexpectedly (status {status}); the end of its log may tell why."


def fail(run: TrainingRun, message: str) -> None:
    """Record why a training cannot continue. Its folder stays, so that it can be resumed. Raises LeaseLost."""
    log.warning("%s failed: %s", run, message)
    leases.write(run, state=TrainingState.FAILED, wanted="", error=message[:4000], finished=Now(), leased_until=None)


def retry(run: TrainingRun, message: str) -> None:
    """Restart a training whose process was lost from its last state; fail it after too many attempts.

    Raises LeaseLost.
    """
    if run.attempts >= MAX_ATTEMPTS:
        fail(run, f"{message} That was so {run.attempts} times without any progress. Resume tries it again.")
    else:
        leases.give_back(run, delay=2.0**run.attempts, error=f"{message} It goes on from its last state.")
