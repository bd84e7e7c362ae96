"""The tournament, as a machine next to the servers creates, follows and reads it, waiting for servers that are away."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCENARIO = "MATE-2v4-0"
CAMERAS, TARGETS = ("greedy",), ("greedy", "random")
NETWORK = (16, 16)
"""Hidden sizes of the only learned agent, whose checkpoint every host needs."""


def open_portal(folder: Path) -> None:
    """Make this process a part of the portal, and prepare its database, storage and static files."""
    os.environ.update({"ARENA_DATA": str(folder / "here"), "DJANGO_SETTINGS_MODULE": "portal.settings"})
    os.environ["ALLOWED_HOSTS"] = "testserver"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    from portal.management.commands.prepare import Command

    Command().mark_storage()


def make_tournament(episodes: int, seed: int = 0) -> Any:
    """Create a round robin of two cameras and two targets, one of which is a network."""
    from django.contrib.auth.models import User

    from benchmarks import entrants
    from policies import Architecture, Dimensions
    from tasks import hints
    from tournament import entries, organising

    rows = {row.slug: row for row in entries.register_builtin_agents()}
    scenario = entries.register_scenario(SCENARIO)
    found = entries.load_scenario(scenario)
    dimensions = Dimensions(found.num_cameras, found.num_targets, found.num_obstacles)
    network = entrants.random_checkpoint("mappo", "camera", dimensions, 0, Architecture(NETWORK, "tanh"))
    owner, _ = User.objects.get_or_create(username="faults")
    learned = entries.register_checkpoint(network, "Learned", owner)
    cameras = [rows[f"{name}-camera"] for name in CAMERAS] + [learned]
    targets = [rows[f"{name}-target"] for name in TARGETS]
    each = episodes // (len(cameras) * len(targets))
    tournament = organising.create_tournament(
        organising.TournamentRequest("Faults", scenario, cameras, targets, each, seed, owner=owner)
    )
    hints.send()
    return tournament


def forget_tournament() -> None:
    """Delete the tournament and its episodes, so that the same can be played again."""
    from tournament.models import Audit, Block, Episode, RatingSnapshot, Tally, Tournament

    for model in (Audit, Block, RatingSnapshot, Tournament, Episode, Tally):
        model.objects.all().delete()


def ask(question: Callable[[], Any]) -> Any:
    """Query the database, waiting while it is away; return the answer."""
    from django.db import DatabaseError, InterfaceError, connection

    while True:
        try:
            return question()
        except (DatabaseError, InterfaceError):
            connection.close()
            time.sleep(0.5)


@dataclass
class Course:
    """The progress of a tournament."""

    tournament: Any
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def share(self) -> float:
        """Return the fraction of its episodes that exist."""
        from django.db.models import Sum

        done = ask(lambda: self.tournament.blocks.aggregate(done=Sum("num_played"))["done"])
        return (done or 0) / self.tournament.num_episodes

    def is_over(self) -> bool:
        """Return whether it is over, no audit is open, and no block of a quarantined worker is left."""
        from tournament.models import Audit, Worker

        def look() -> bool:
            self.tournament.refresh_from_db()
            wrong = Worker.objects.exclude(quarantine="").values("name")
            is_doubted = Audit.objects.exists() or self.tournament.blocks.filter(worker__in=wrong).exists()
            return self.tournament.state != "playing" and not is_doubted

        return bool(ask(look))

    def table(self) -> str:
        """Return the digest of its table of episodes and of its last board."""
        from tournament import exports, leaderboards, tables

        episodes = b"".join(tables.write(exports.episodes_of_tournament(self.tournament), "csv"))
        board = leaderboards.latest(self.tournament)
        assert episodes.count(b"\n") - 1 == self.tournament.num_episodes == board.num_episodes
        return hashlib.sha256(episodes).hexdigest()


def read_status_page() -> str:
    """Return the text of the public status page; empty while it says that the database is away."""
    from django.test import Client

    answer = Client().get("/status/")
    return answer.content.decode() if answer.status_code == 200 else ""
