"""`manage.py prepare` can be started by several at a time, and marks the storage of the installation."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError

from portal.launcher.installation import CHECKOUT
from portal.management.commands.prepare import Command
from tournament import storages
from tournament.models import Installation


def test_of_two_that_prepare_at_once_both_succeed(tmp_path: Path) -> None:
    names = {"ARENA_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    plain = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "manage.py", "prepare"]
    both = [
        subprocess.Popen(
            command, cwd=CHECKOUT, env=plain | names, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for _ in range(2)
    ]
    told = [process.communicate(timeout=300)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert sum("The first administrator" in text for text in told) == 1
    assert (tmp_path / "files" / storages.MARKER).is_file()


@pytest.mark.parametrize("content", [b"no database" * 99, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_damaged_database_is_named_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "arena.sqlite3"
    file.write_bytes(content)
    names = {"ARENA_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "portal.settings"}
    plain = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "manage.py", "prepare"]
    process = subprocess.run(command, cwd=CHECKOUT, env=plain | names, capture_output=True, text=True, timeout=300)
    assert process.returncode == 1
    assert f"The database {file} is damaged: " in process.stderr
    assert "Traceback" not in process.stderr
    assert file.read_bytes() == content


def test_storage_is_marked_once_and_storage_without_the_mark_is_refused(db: None) -> None:
    Command().mark_storage()
    Command().mark_storage()
    assert storages.find_problem(Installation.objects.get().identity) == ""
    default_storage.delete(storages.MARKER)
    with pytest.raises(CommandError, match="does not have the portal's files"):
        Command().mark_storage()
    assert not default_storage.exists(storages.MARKER)


def test_a_new_database_takes_over_the_mark_of_the_files_that_it_finds(db: None, settings: Any) -> None:
    default_storage.save(storages.MARKER, ContentFile(b"0123"))
    Command().mark_storage()
    assert Installation.objects.get().identity == "0123"


KILLED_BEFORE = (
    "django.core.management.commands.createcachetable.Command.handle",
    "django.core.management.commands.migrate.Command.handle",
    "tournament.models.Installation.save",
    "django.contrib.staticfiles.management.commands.collectstatic.Command.handle",
    "portal.seeding.start_first_tournament",
    "portal.seeding.make_administrator",
)
PROGRAM = """
import os, signal, sys, unittest.mock
import django
django.setup()
from django.core.management import call_command
for step in sys.argv[1:]:
    if not os.fork():
        with unittest.mock.patch(step, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)):
            call_command("prepare")
        os._exit(0)
    assert os.WTERMSIG(os.wait()[1]) == signal.SIGKILL, step
call_command("prepare")
from django.contrib.auth.models import User
from django.db import connection
from tournament.models import Installation, Schedule, Tournament
print([model.objects.count() for model in (Installation, Schedule, Tournament, User)])
print("portal_cache" in connection.introspection.table_names())
"""


@pytest.mark.one_database
def test_a_preparation_that_is_killed_before_any_step_is_made_good_by_the_next(tmp_path: Path) -> None:
    names = {"ARENA_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    command = [sys.executable, "-c", PROGRAM, *KILLED_BEFORE]
    ended = subprocess.run(command, cwd=CHECKOUT, env=os.environ | names, capture_output=True, text=True)
    assert ended.stdout.splitlines()[-2:] == ["[1, 1, 1, 1]", "True"], ended.stderr
