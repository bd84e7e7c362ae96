"""A small portal with real agents, synthetic episodes and real fits; alice owns objects, bob is another user."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Error, expect

from portal import recordings
from portal.models import Announcement, ApiToken, IncomingFile, Webhook
from tournament import attacks, entries, labs, leaderboards, organising, psro_runs, schedules, studies, trainings
from tournament.models import (
    Agent,
    Block,
    BlockState,
    Episode,
    Pairing,
    Scenario,
    Schedule,
    ScheduleKind,
    Tournament,
    Upload,
    Worker,
)

PASSWORD = "a long pass phrase"
Open = Callable[..., Any]
TRAINING = trainings.TrainingSettings("mappo", steps=10_000)


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice", password=PASSWORD)


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", password=PASSWORD)


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def visit() -> Callable[[User | None], Client]:
    """Return a browser of a user or of an anonymous visitor; CSRF checks are on."""

    def visit(user: User | None = None, csrf: bool = False) -> Client:
        client = Client(enforce_csrf_checks=csrf)
        if user is not None:
            client.force_login(user)
        return client

    return visit


@pytest.fixture
def call() -> Callable[..., Client]:
    """Return an API client with the token of a user, or without one."""

    def call(user: User | None = None) -> Client:
        if user is None:
            return Client(enforce_csrf_checks=True)
        _, key = ApiToken.issue(user, "tests")
        return Client(enforce_csrf_checks=True, headers={"authorization": f"Bearer {key}"})

    return call


@pytest.fixture
def scenario(db: None) -> Scenario:
    return entries.register_scenario("MATE-2v4-0")


@pytest.fixture
def agents(db: None) -> dict[str, Agent]:
    """The built-in agents by slug."""
    return {agent.slug: agent for agent in entries.register_builtin_agents()}


@pytest.fixture
def tournament(alice: User, scenario: Scenario, agents: dict[str, Agent]) -> Tournament:
    """Alice's tournament of two cameras and two targets, three episodes each, not played yet."""
    cameras = [agents["greedy-camera"], agents["random-camera"]]
    targets = [agents["greedy-target"], agents["random-target"]]
    return organising.create_tournament(
        organising.TournamentRequest("Alice's cup", scenario, cameras, targets, 3, owner=alice)
    )


@pytest.fixture
def played(tournament: Tournament) -> Tournament:
    """The same tournament with synthetic results, finished and rated."""
    for block in tournament.blocks.select_related("pairing__camera", "pairing__target"):
        Episode.objects.bulk_create(make_up(block.pairing, seed) for seed in block.seeds)
        Block.objects.filter(pk=block.pk).update(
            state=BlockState.DONE, num_played=block.num_episodes, seconds=0.5 * block.num_episodes
        )
    organising.finish_if_complete(tournament)
    tournament.refresh_from_db()
    return tournament


def make_up(pairing: Pairing, seed: int) -> Episode:
    """Create a synthetic episode with results that depend on the agents and the seed."""
    draw = np.random.default_rng(seed)
    strength = {"greedy": 0.4, "random": 0.0}
    reward = 0.3 + strength[pairing.target.spec["name"]] - strength[pairing.camera.spec["name"]] + 0.1 * draw.normal()
    return Episode(
        pairing=pairing,
        engine=leaderboards.engine_version(),
        seed=seed,
        steps=int(draw.integers(800, 1200)),
        completed=True,
        target_reward=1000 * reward,
        normalised_reward=reward,
        coverage=float(draw.uniform(0.2, 0.8)),
        real_coverage=float(draw.uniform(0.2, 0.8)),
        transport=float(draw.uniform(0.2, 0.8)),
        delivered=32,
        digest=f"{int(draw.integers(2**62)):016x}",
    )


@pytest.fixture
def pairing(played: Tournament) -> Pairing:
    """Greedy against greedy."""
    return played.pairings.get(camera__slug="greedy-camera", target__slug="greedy-target")


@pytest.fixture
def world(
    alice: User, bob: User, admin: User, scenario: Scenario, agents: dict[str, Agent], played: Tournament
) -> dict[str, Any]:
    """Alice's objects, by the names of arguments in addresses."""
    Agent.objects.filter(slug="greedy-camera").update(owner=alice)
    weekly = Schedule(
        name="Weekly",
        owner=alice,
        scenario=scenario,
        kind=ScheduleKind.CRON,
        expression="0 3 * * 1",
        settings={"episodes": 2},
    )
    schedules.save(weekly, [agents["greedy-camera"]], [agents["greedy-target"]])
    training = trainings.create_training(
        trainings.TrainingRequest(
            "Learner", scenario, "camera", "hrl-mappo", agents["greedy-target"], steps=1000, owner=alice
        )
    )
    study = studies.create_study(studies.StudyRequest(
        "Alice's study", [scenario], "camera", agents["greedy-target"], [studies.StudyConfiguration("plain", "mappo")],
        num_seeds=1, steps=1000, owner=alice,
    ))  # fmt: skip
    attack = attacks.create_attack(
        attacks.AttackRequest(agents["random-camera"], scenario, num_attackers=1, training=TRAINING, owner=alice)
    )
    psro = psro_runs.create_run(
        psro_runs.PsroRequest(
            "Growing", scenario, [agents["random-camera"]], [agents["random-target"]], TRAINING, TRAINING, owner=alice
        )
    )
    first, second = Episode.objects.order_by("pk")[:2]
    labs.create(alice, "Trackers")
    return {
        "username": "alice", "code": "not_found",
        "slug": "greedy-camera", "agent": "greedy-camera", "number": 1, "tournament_id": played.pk,
        "schedule_id": weekly.pk, "training": training.pk, "psro": psro.pk, "study_id": study.pk,
        "attack_id": attack.pk, "pairing_id": first.pairing_id,
        "episode_id": first.pk, "other_id": second.pk,
        "upload_id": Upload.objects.create(
            owner=alice, name="Mine", filename="mine.zip", size=1, sha256="0" * 64
        ).pk,
        "resumable_id": IncomingFile.objects.create(owner=alice, filename="mine", length=2).pk,
        "webhook_id": Webhook.objects.create(user=alice, url="https://example.org/hook", secret="secret").pk,
        "token_id": ApiToken.issue(alice, "laptop")[0].pk,
        "name": Worker.objects.create(name="worker-1@host", seen=timezone.now()).pk,
        "announcement_id": Announcement.objects.create(text="Maintenance on Friday").pk,
    }  # fmt: skip


@pytest.fixture(scope="session")
def real_replay() -> bytes:
    """The replay of a short real episode of the smallest scenario."""
    from mate.scenario import Scenario as Game
    from tournament import replays
    from tournament.agents import Builtin

    return replays.record(Game.load("MATE-2v4-0"), Builtin("camera", "greedy"), Builtin("target", "greedy"), 5)


@pytest.fixture
def real_episode(pairing: Pairing, real_replay: bytes) -> Episode:
    """A row of an episode that was really played, so that it can be played again."""
    from tournament import replays

    result = replays.read(real_replay).header["result"]
    return Episode.objects.create(
        pairing=pairing,
        engine=leaderboards.engine_version(),
        seed=5,
        steps=result["steps"],
        completed=result["completed"],
        target_reward=result["target_reward"],
        normalised_reward=result["normalised_reward"],
        coverage=result["mean_coverage_rate"],
        real_coverage=result["mean_real_coverage_rate"],
        transport=result["mean_transport_rate"],
        delivered=result["delivered_cargoes"],
        digest=result["digest"],
        camera_edges_sent=" ".join(map(str, result["camera_edges_sent"])),
    )


@pytest.fixture
def open_page(page: Any, live_server: Any) -> Iterator[Open]:
    """Opens an address; the test fails if the page has errors or sends requests to other sites."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda message: wrong.append(f"{message.text} {message.location['url']}") if message.type == "error" else None,
    )
    page.on("request", lambda sent: None if is_ours(sent.url, live_server.url) else wrong.append(sent.url))

    def open_page(address: str) -> Any:
        try:
            page.goto(live_server.url + address)
        except Error as error:
            if "ERR_ABORTED" not in str(error):
                raise
            page.goto(live_server.url + address)  # The page before loaded itself anew at this moment.
        return page

    yield open_page
    assert not wrong


@pytest.fixture
def beside(open_page: Open, real_episode: Episode, real_replay: bytes) -> Any:
    """Open a page with two replays: the same episode twice, the second as another row."""
    pairing = Pairing.objects.get(camera__slug="random-camera", target__slug="greedy-target")
    other = make_up(pairing, 5)
    for name in ("engine", "device", "seed", "steps", "completed", "digest"):
        setattr(other, name, getattr(real_episode, name))
    other.save()
    for episode in (real_episode, other):
        recordings.path_of(episode, "record").write_bytes(real_replay)
    page = open_page(reverse("beside", args=[real_episode.pk, other.pk]))
    for status in page.locator("[data-part=status]").all():  # the page says that it is ready when one is drawn
        expect(status).to_be_hidden()
    return page


def is_ours(address: str, site: str) -> bool:
    return address.startswith((site, "data:", "blob:"))
