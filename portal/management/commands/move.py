"""`manage.py move`: move the portal to another database, other storage, or both."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import backups


class Command(BaseCommand):
    help = (
        "Copy everything to another database, such as from SQLite to PostgreSQL, or to other storage, verified by "
        "digests. Stop the portal first. What it has now stays as it is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--database", metavar="URL", help="as in DATABASE_URL; the password may be in PGPASSWORD")
        parser.add_argument("--files", metavar="URL", help="as in ARENA_FILES")
        parser.add_argument("--replace", action="store_true", help="delete what is in that database")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = {"DATABASE_URL": options["database"], "ARENA_FILES": options["files"]}
        changed = {name: value for name, value in chosen.items() if value}
        if not changed:
            raise CommandError("Say where to: --database postgres://USER@HOST/NAME, --files s3://BUCKET, or both.")
        with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix="moving-") as folder:
            backup = backups.back_up(Path(folder))
            self.restore(backup, changed, ["--replace"] if options["replace"] else [])
        self.stdout.write(f"Start the portal with {' and '.join(changed)} as given here from now on.")

    def restore(self, backup: Path, changed: dict[str, str], options: list[str]) -> None:
        """Restore a backup in a process with the new settings. Raises CommandError if the backup is refused."""
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "restore", str(backup), *options]
        done = subprocess.run(command, env=os.environ | changed, capture_output=True, text=True)
        if done.returncode:
            raise CommandError(f"Nothing was moved. {done.stderr.strip().removeprefix('CommandError: ')}")
        self.stdout.write(done.stdout.strip())
