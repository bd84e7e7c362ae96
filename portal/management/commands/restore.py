"""`manage.py restore`: make the database and the files what they were when a backup was written."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import backups


class Command(BaseCommand):
    help = "Verify a backup and restore it into an empty installation. Stop the portal first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, help="a folder that `backup` has made")
        parser.add_argument("--replace", action="store_true", help="delete what is in the database")
        parser.add_argument("--verify", action="store_true", help="compare with the digests, and restore nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["verify"]:
                manifest = backups.verify(options["folder"])
            else:
                manifest = backups.restore(options["folder"], options["replace"])
        except backups.RestoreRefused as refusal:
            raise CommandError(str(refusal)) from None
        rows = sum(facts["rows"] for facts in manifest["tables"].values())
        words = "Sound" if options["verify"] else "Restored"
        self.stdout.write(f"{words}: {rows:,} rows and {len(manifest['files']):,} files of {manifest['created']}")
