"""A backup restores an installation bit for bit; a damaged backup changes nothing."""

import gzip
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection

from policies import Dimensions
from portal import backups
from portal.backups.writing import list_files
from tests.policies.checkpoints import make_checkpoint
from tests.trials import write_episodes
from tournament import entries, replays
from tournament.models import Agent, Episode, Installation, RatingSnapshot, Tournament

pytestmark = pytest.mark.django_db(transaction=True)


def state_of(tournament: Tournament) -> dict[str, Any]:
    """Return a tournament's row and episodes, and all rows of boards, agents and users."""
    return {
        "episodes": write_episodes(tournament),
        "boards": list(RatingSnapshot.objects.order_by("pk").values()),
        "agents": list(Agent.objects.order_by("pk").values()),
        "users": list(User.objects.order_by("pk").values()),
        "tournament": Tournament.objects.filter(pk=tournament.pk).values().get(),
    }


@pytest.fixture
def backup(played: Tournament, tmp_path: Path) -> Path:
    """A backup of a portal with a played tournament and some files."""
    Installation.objects.create()
    default_storage.save("checkpoints/one.zip", ContentFile(b"weights"))
    default_storage.save("replays/1.replay", ContentFile(b"rendered again when needed"))
    return backups.back_up(tmp_path / "backups")


def test_a_restored_installation_is_what_it_was(backup: Path, played: Tournament) -> None:
    before = state_of(played)
    Episode.objects.filter(pk__gt=Episode.objects.order_by("pk")[10].pk).delete()
    User.objects.create_user("later")
    Tournament.objects.update(name="Changed")
    default_storage.delete("checkpoints/one.zip")
    call_command("restore", str(backup), "--replace")
    played.refresh_from_db()
    assert state_of(played) == before
    assert default_storage.open("checkpoints/one.zip").read() == b"weights"
    assert User.objects.create_user("next").pk > max(user["id"] for user in before["users"])


def test_what_trainings_wrote_later_is_gone_after_a_restore(played: Tournament, tmp_path: Path) -> None:
    default_storage.save("trainings/1/state/000010.zip", ContentFile(b"early"))
    backup = backups.back_up(tmp_path / "backups")
    for name in ("trainings/1/state/000020.zip", "trainings/2/state/000010.zip", "trainings/2/progress.jsonl"):
        default_storage.save(name, ContentFile(b"late"))
    call_command("restore", str(backup), "--replace")
    assert [name for name in list_files() if name.startswith("trainings/")] == ["trainings/1/state/000010.zip"]
    assert default_storage.open("trainings/1/state/000010.zip").read() == b"early"


def test_a_restored_installation_renders_the_same_replays(played: Tournament, alice: User, tmp_path: Path) -> None:
    network = make_checkpoint(team="camera", scenario=Dimensions(2, 4, 0))
    learned = entries.register_checkpoint(network, "Learned", alice)
    before = render(played, learned.slug)
    folder = backups.back_up(tmp_path / "backups")
    default_storage.delete(entries.checkpoint_name(learned.spec["checkpoint"]))
    learned.delete()
    call_command("restore", str(folder), "--replace")
    entries.open_checkpoint.cache_clear()
    assert render(played, learned.slug) == before


def render(tournament: Tournament, camera: str) -> bytes:
    """A replay of a learned camera agent against the tournament's first target."""
    rows = Agent.objects.get(slug=camera), tournament.targets.order_by("slug")[0]
    specs = [entries.load_spec(row) for row in rows]
    scenario = entries.load_scenario(tournament.scenario)
    return replays.record(scenario, specs[0], specs[1], 7, open_checkpoint=entries.open_checkpoint, max_steps=40)


def test_a_database_that_is_in_use_is_replaced_only_where_that_is_said(backup: Path, played: Tournament) -> None:
    User.objects.create_user("later")
    with pytest.raises(CommandError, match="Add --replace"):
        call_command("restore", str(backup))
    assert User.objects.filter(username="later").exists()


def damage_table(folder: Path) -> None:
    path = folder / "tables" / "tournament.episode.jsonl.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"1", b"2", 1)))


def damage_file(folder: Path) -> None:
    (folder / "files" / "checkpoints" / "one.zip").write_bytes(b"other")


def lose_list(folder: Path) -> None:
    (folder / "manifest.json").unlink()


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (damage_table, "the table tournament.episode"),
        (damage_file, "the file checkpoints/one.zip"),
        (lose_list, "no complete backup"),
    ],
)
def test_a_damaged_backup_is_refused_and_nothing_is_changed(
    backup: Path, played: Tournament, damage: Any, words: str
) -> None:
    before = state_of(played)
    damage(backup)
    for more in (["--verify"], ["--replace"]):
        with pytest.raises(CommandError, match=words):
            call_command("restore", str(backup), *more)
    assert state_of(played) == before


def test_the_newest_backups_are_kept(backup: Path, tmp_path: Path) -> None:
    place = backup.parent
    for name in ("2001-01-01T00-00-00Z", "2002-01-01T00-00-00Z"):
        (place / name).mkdir()
        (place / name / "manifest.json").write_text("{}")
    call_command("backup", str(place), "--keep", "2")
    kept = sorted(path.name for path in place.iterdir())
    assert len(kept) == 2 and kept[0] == backup.name


def test_a_backup_that_fails_leaves_nothing(
    played: Tournament, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("portal.backups.writing.copy_files", fail)
    with pytest.raises(OSError, match="No space left"):
        backups.back_up(tmp_path / "backups")
    assert not list((tmp_path / "backups").iterdir())
    assert not connection.in_atomic_block and Tournament.objects.exists()


def test_one_command_moves_a_portal_to_another_database(
    played: Tournament, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Installation.objects.create()
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "portal.settings")
    monkeypatch.setenv("ARENA_DATA", str(tmp_path))
    elsewhere = tmp_path / "elsewhere.sqlite3"
    call_command("move", "--database", f"sqlite:///{elsewhere}")
    assert "Start the portal with DATABASE_URL" in capsys.readouterr().out
    with sqlite3.connect(elsewhere) as moved:
        found = {row[0] for row in moved.execute("SELECT digest FROM tournament_episode")}
    assert found == set(Episode.objects.values_list("digest", flat=True))


def test_a_move_to_nowhere_or_to_a_database_that_does_not_answer_changes_nothing(played: Tournament) -> None:
    with pytest.raises(CommandError, match="Say where to"):
        call_command("move")
    with pytest.raises(CommandError, match="Nothing was moved"):
        call_command("move", "--database", "postgres://nobody@127.0.0.1:1/none?connect_timeout=1")
    assert Episode.objects.exists()
