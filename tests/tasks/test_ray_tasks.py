"""Tournaments played by tasks of a Ray cluster, on a cluster of the test's own."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tasks import playing
from tests.portal.served import find_port
from tests.tasks.conftest import Workers
from tests.trials import is_over, write_episodes
from tests.waiting import wait_for
from tournament import organising
from tournament.models import Block, BlockState, Episode, Tournament, TournamentState, Worker

pytest.importorskip("ray")
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cluster(workers: Workers) -> Iterator[str]:
    """A Ray cluster of one node with two cores; its processes have the environment of the test's workers."""
    place = Path(tempfile.mkdtemp(prefix="ray-"))  # A socket's path must be short.
    address = f"127.0.0.1:{find_port()}"
    options = {
        "port": address.rpartition(":")[2], "num-cpus": "2", "temp-dir": str(place), "include-dashboard": "false",
        "object-store-memory": "80000000", "node-ip-address": "127.0.0.1",
    }  # fmt: skip
    command = ["-m", "ray.scripts.scripts", "start", "--head", "--block", "--disable-usage-stats"]
    command += [f"--{name}={value}" for name, value in options.items()]
    quiet = {"RAY_AUTH_MODE": "disabled", "RAY_enable_metrics_collection": "0"}
    node = workers.run([sys.executable, *command], "node", quiet)
    try:
        wait_for(lambda: "Ray runtime started" in workers.log("node"), "the Ray cluster")
        yield address
    finally:
        os.killpg(node.pid, signal.SIGKILL)
        node.wait()
        shutil.rmtree(place, ignore_errors=True)


def test_a_cluster_plays_the_same_bytes_as_a_worker_and_leaves_nothing_held(
    cluster: str, workers: Workers, make_tournament: Callable[..., Tournament]
) -> None:
    reference = make_tournament("greedy naive", "greedy", episodes=12, name="Played here")
    while playing.play_next():
        pass
    expected = write_episodes(reference)
    Block.objects.all().delete()
    Episode.objects.all().delete()

    submitting = workers.start("submitting", ARENA_PLAY="ray", RAY_ADDRESS=cluster, ARENA_WORKERS="2")
    tournament = make_tournament("greedy naive", "greedy", episodes=12, name="Played on the cluster")
    wait_for(lambda: is_over(tournament) or submitting.poll() is not None, "the end of the tournament")
    assert tournament.state == TournamentState.FINISHED, workers.log("submitting")
    assert write_episodes(tournament) == expected
    assert all(block.worker.startswith("ray@") for block in tournament.blocks.all())

    long = make_tournament("random naive", "random", episodes=2000, name="Too long for this test")
    wait_for(lambda: Worker.objects.exclude(doing="").exists(), "a task that plays")
    submitting.terminate()
    submitting.wait(60)
    assert long.blocks.filter(state=BlockState.WAITING).exists()
    assert not Block.objects.filter(state=BlockState.LEASED).exists()
    assert not Block.objects.exclude(error="").exists()
    organising.cancel_tournament(long)
