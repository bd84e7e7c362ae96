"""A user's own process plays a team, through a real web server and broker; its faults affect no one else."""

import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager

import httpx
import pytest
from django.contrib.auth.models import User

from mate.remote.connection import Portal
from mate.remote.wire import pack, unpack
from mate.scenario import Scenario
from portal import recordings
from portal.models import ApiToken, Scope
from tasks import playing
from tasks.remotes import redis_url
from tests.portal.served import serve
from tests.tasks.conftest import Broker, database_url
from tests.waiting import wait_for
from tournament import agents, drafts, entries, leaderboards, new_scenarios, organising, recorder, trainings
from tournament.models import Agent, AgentKind, Audit, BlockState, Cause, Episode, TournamentState
from tournament.refusals import RequestRefused

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.one_database]
CODE = '''
import threading
import mate


class Remote(mate.TargetAgentBase):
    """Walks at random, tells the others so, and can hang or fail."""

    def __init__(self, seed=None, hangs=False, fails=False):
        super().__init__(seed)
        self.hangs, self.fails = hangs, fails

    def send_requests(self):
        return [self.pack_message("hello")]

    def act(self, observation, info=None, deterministic=None):
        self.state, *_ = self.check_inputs(observation, info)
        if self.hangs:
            threading.Event().wait()
        if self.fails:
            raise ValueError("no idea what to do")
        return self.state.step_size * self.np_random.uniform(-1, 1, 2)
'''


@pytest.fixture(scope="module")
def broker_of_all(tmp_path_factory):
    broker = Broker(tmp_path_factory.mktemp("b"))
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture(scope="module")
def server(broker_of_all, django_db_setup, tmp_path_factory):
    folder = tmp_path_factory.mktemp("remotes")
    with serve(folder, has_tables=False, DATABASE_URL=database_url(), REDIS_URL=broker_of_all.url) as running:
        yield running


@pytest.fixture
def portal(server, broker_of_all, settings, tmp_path, builtins):
    short = drafts.to_document(Scenario.load("MATE-2v4-0")) | {"max_episode_steps": 40}
    scenario, _ = new_scenarios.add(short, "Short", None)
    settings.REDIS_URL, settings.MEDIA_ROOT = broker_of_all.url, tmp_path / "files"
    settings.ARENA_BLOCK_SIZE, settings.ARENA_REMOTE_SECONDS = 2, 60
    owner = User.objects.create_user("rita", password="a long pass phrase")
    _, key = ApiToken.issue(owner, "remote", [Scope.AGENTS])
    (tmp_path / "own_agents.py").write_text(CODE)
    return Site(f"http://127.0.0.1:{server.port}", key, tmp_path, scenario, builtins)


class Site:
    """A portal with a user who plays a target agent from a process of her own."""

    def __init__(self, url, token, folder, scenario, builtins):
        self.url, self.token, self.folder, self.scenario, self.builtins = url, token, folder, scenario, builtins

    @contextmanager
    def process(self, options="{}"):
        """The command, connected; ended with the block."""
        command = [sys.executable, "-m", "mate.remote", "own_agents:Remote", "--url", self.url, "--options", options]
        environment = os.environ | {"PYTHONPATH": f"{self.folder}:{os.getcwd()}", "ARENA_TOKEN": self.token}
        log = open(self.folder / "remote.log", "ab")  # noqa: SIM115
        began = log.tell()
        running = subprocess.Popen([*command, "--name", "Mine"], env=environment, stdout=log, stderr=log)
        try:
            wait_for(lambda: "is connected" in self.log()[began:] or running.poll() is not None)
            yield running
        finally:
            running.kill()
            running.wait()
            log.close()

    def log(self):
        return (self.folder / "remote.log").read_text()

    def has_turns(self):
        """Whether a match is under way."""
        import redis
        from django.conf import settings

        with redis.Redis.from_url(redis_url(settings.REDIS_URL)) as client:
            return any(True for _ in client.scan_iter("arena:remote:*:turn"))

    def seat(self):
        return Portal(self.url, self.token).take_seat("Mine", "target")

    def begin(self, episodes=4, **options):
        agent = Agent.objects.get(kind=AgentKind.REMOTE)
        camera = self.builtins["camera", "greedy"]
        return organising.create_tournament(
            organising.TournamentRequest("Remote", self.scenario, [camera], [agent], episodes, **options)
        )


def play_all():
    while playing.play_next():
        pass


def finish(tournament):
    play_all()
    tournament.refresh_from_db()
    return tournament


def test_a_process_plays_a_tournament_that_no_leaderboard_rates(portal, settings):
    settings.ARENA_AUDIT_SHARE = 1.0
    with portal.process():
        tournament = finish(portal.begin())
    assert tournament.state == TournamentState.FINISHED
    assert Episode.objects.count() == 4 and not Audit.objects.exists()
    assert leaderboards.refit(portal.scenario) is None and leaderboards.refit_tournament(tournament) is None
    tournament.rates_remote = True
    assert leaderboards.refit_tournament(tournament).num_episodes == 4
    for episode in Episode.objects.all():
        assert episode.target_edges_sent != "0 0 0 0"
        order = recordings.order_of(episode)
        assert recorder.orders.digest_of(recorder.orders.record(order)) == episode.digest
    assert '"is_same": true' in recorder.orders.verify(order).decode()


def test_a_killed_process_comes_back_and_its_episodes_are_played_anew(portal):
    with portal.process('{"hangs": true}') as first:
        tournament = portal.begin()
        player = threading.Thread(target=in_thread, args=(play_all,))
        player.start()
        wait_for(lambda: tournament.blocks.filter(state=BlockState.LEASED).exists())
        wait_for(lambda: portal.has_turns())
        first.kill()
    with portal.process():
        player.join(100)
    tournament = finish(tournament)
    assert tournament.state == TournamentState.FINISHED and Episode.objects.count() == 4


def in_thread(act):
    from django.db import connections

    try:
        act()
    finally:
        connections.close_all()


@pytest.mark.parametrize(
    ("options", "seconds", "told"),
    [
        ('{"hangs": true}', 1, "did not answer within 1 seconds"),
        ('{"fails": true}', 60, "ValueError: no idea what to do"),
    ],
    ids=["hanging", "failing"],
)
def test_a_process_that_hangs_or_fails_ends_as_its_own_fault(portal, settings, options, seconds, told):
    settings.ARENA_REMOTE_SECONDS = seconds
    with portal.process(options):
        tournament = finish(portal.begin(2))
    assert tournament.state == TournamentState.FAILED and not Episode.objects.exists()
    block = tournament.blocks.get()
    assert (block.state, block.cause) == (BlockState.FAILED, Cause.TARGET) and told in block.error


def test_an_agent_whose_process_is_not_there_ends_as_its_own_fault(portal, settings):
    settings.ARENA_REMOTE_SECONDS = 0.3
    portal.seat()
    block = finish(portal.begin(2)).blocks.get()
    assert (block.state, block.cause) == (BlockState.FAILED, Cause.TARGET) and "python -m mate.remote" in block.error


NONSENSE = {
    "no form": lambda facts, count: b"\xff" * 40,
    "nothing in it": lambda facts, count: pack(facts | {"process": "me"}),
    "another shape": lambda facts, count: pack(facts | {"process": "me"}, [actions(count)[:, :1], edges(count)]),
    "not finite": lambda facts, count: pack(facts | {"process": "me"}, [actions(count) * float("nan"), edges(count)]),
    "no process": lambda facts, count: pack(facts, [actions(count), edges(count)]),
    "edges of a braggart": lambda facts, count: pack(facts | {"process": "me"}, [actions(count), edges(count) - 1]),
}


def actions(count):
    import numpy as np

    return np.zeros((count, 4, 2))


def edges(count):
    import numpy as np

    return np.zeros((count, 4, 4), np.int64)


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_ends_as_the_agents_own_fault(portal, name):
    seat = portal.seat()
    tournament = portal.begin(2)

    def answer():
        ask = {"headers": {"Authorization": f"Bearer {seat.session}"}, "timeout": 60}
        while (turn := httpx.post(f"{portal.url}/api/v1/remote-turns", **ask)).status_code == 204:
            pass
        header, arrays = unpack(turn.content)
        ask["headers"]["X-Match"] = header["match"]
        content = NONSENSE[name]({"match": header["match"], "turn": header["turn"]}, len(arrays[2]))
        httpx.post(f"{portal.url}/api/v1/remote-turns", content=content, **ask | {"timeout": 0.5})

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    block = finish(tournament).blocks.get()
    assert (block.state, block.cause) == (BlockState.FAILED, Cause.TARGET)
    assert re.search("its process sent", block.error)


def test_the_newest_process_has_the_seat_and_the_one_before_ends(portal):
    with portal.process() as first:
        portal.seat()
        assert first.wait(60) == 0
    assert "Another process has begun to play" in portal.log()


def test_who_has_no_seat_gets_no_turn(portal):
    for session, status in (("none", 410), ("unknown", 410)):
        headers = {"Authorization": f"Bearer {session}"}
        assert httpx.post(f"{portal.url}/api/v1/remote-turns", headers=headers).status_code == status
    assert httpx.get(f"{portal.url}/api/v1/remote-turns").status_code == 405


def test_neither_trainings_nor_mixtures_nor_files_take_a_remote_agent(portal):
    portal.seat()
    row = Agent.objects.get(kind=AgentKind.REMOTE)
    with pytest.raises(RequestRefused, match="code outside the portal"):
        trainings.create_training(trainings.TrainingRequest("T", portal.scenario, "camera", "mappo", row, steps=10_000))
    spec = entries.load_spec(row)
    assert not agents.is_reproducible(spec) and agents.from_json(spec.to_json()) == spec
