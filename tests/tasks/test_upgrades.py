"""A rolling upgrade: workers of two engine versions side by side, each with the tournaments of its own."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable

import pytest
from django.test import Client

from tasks import hints
from tests.tasks.conftest import Workers
from tests.trials import is_over
from tests.waiting import wait_for
from tournament import leaderboards
from tournament.models import Block, BlockState, Episode, Tournament, TournamentState, Worker

pytestmark = pytest.mark.django_db(transaction=True)

NEXT = "next"
NEXT_WORKER = (
    "import sys; from mate import engine; engine.VERSION = sys.argv.pop(1); from tasks.worker import main; main()"
)
"""The worker's own program, after an upgrade of the engine."""


def start_upgraded(workers: Workers, name: str) -> subprocess.Popen[bytes]:
    return workers.run([sys.executable, "-c", NEXT_WORKER, NEXT, name], name.split("@")[0], {})


def wait_until_ready(name: str) -> None:
    wait_for(lambda: Worker.objects.filter(name__startswith=f"{name}/").exists(), f"a heartbeat of {name}")


def read_status(client: Client) -> str:
    text = re.sub(r"<[^>]*>", " ", client.get("/status/").content.decode())
    return " ".join(text.split())


def test_no_attempt_is_lost_while_machines_are_upgraded_one_after_another(
    workers: Workers, make_tournament: Callable[..., Tournament], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old worker is stopped amid a block; another old one goes on, beside an upgraded one."""
    workers.start_sweep()
    first = workers.start("first@test")
    old = make_tournament("random naive", "random", episodes=120, name="Old")
    hints.top_up()
    wait_for(Block.objects.filter(state=BlockState.LEASED).exists, "a block of the first worker")

    with monkeypatch.context() as upgraded:  # The website is upgraded first: it starts tournaments of the new version.
        upgraded.setattr(leaderboards, "engine_version", lambda: NEXT)
        new = make_tournament("greedy naive", "greedy", episodes=16, name="New")
    hints.top_up()
    waiting = "wait for a worker with engine version"
    assert f"{new.blocks.count()} blocks {waiting} {NEXT} on {leaderboards.DEVICE}." in read_status(client)

    first.send_signal(signal.SIGTERM)
    first.wait(60)
    workers.start("second@test")
    start_upgraded(workers, "third@test")
    wait_until_ready("second@test")
    wait_until_ready("third@test")
    assert waiting not in read_status(client)

    wait_for(lambda: is_over(new), "the end of the new tournament")
    late = make_tournament("greedy", "random", episodes=16, name="Late, of the old version")
    hints.top_up()
    wait_for(lambda: is_over(old) and is_over(late), "the end of the old tournaments")
    wait_for(lambda: not Worker.objects.exclude(doing="").exists(), "the workers' rest")
    assert f"waiting for tournaments of engine version {NEXT}" in read_status(client)

    engine = leaderboards.engine_version()
    for tournament, version, names in (
        (old, engine, {"first", "second"}), (late, engine, {"second"}), (new, NEXT, {"third"})
    ):  # fmt: skip
        blocks = tournament.blocks.all()
        assert tournament.state == TournamentState.FINISHED
        assert {block.worker.partition("@")[0] for block in blocks} <= names
        assert {(block.state, block.attempts, block.error) for block in blocks} == {(BlockState.DONE, 1, "")}
        played = Episode.objects.filter(engine=version, pairing__in=blocks.values("pairing"))
        assert played.count() == tournament.num_episodes
