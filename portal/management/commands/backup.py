"""`manage.py backup`: write the database and the files into a folder."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal import backups


class Command(BaseCommand):
    help = "Write the database and all files into a new folder, with digests. The portal may run meanwhile."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="where the new folder is made")
        parser.add_argument(
            "--keep", type=int, metavar="N", help="afterwards remove all backups there but the newest N"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        folder = backups.back_up(options["folder"])
        manifest = backups.verify(folder)
        rows = sum(facts["rows"] for facts in manifest["tables"].values())
        size = sum(facts["size"] for facts in manifest["files"].values())
        self.stdout.write(
            f"{folder}: {rows:,} rows, {len(manifest['files']):,} files of {size / 1e6:,.1f} MB, verified"
        )
        if options["keep"]:
            for old in backups.remove_old(options["folder"], options["keep"]):
                self.stdout.write(f"Removed {old}")
