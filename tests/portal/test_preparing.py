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
