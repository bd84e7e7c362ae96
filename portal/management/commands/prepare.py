"""`manage.py prepare`: bring the database, the static files and the first content up to date."""

import contextlib
import fcntl
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from portal import seeding
from tournament import storages
from tournament.models import Installation
from tournament.operators import OperatorError

LOCK = 0x4D415445
"""Key of the advisory lock in PostgreSQL."""
SQLITE_DAMAGE = "file is not a database|disk image is malformed"
"""What SQLite says of a file that it cannot read."""


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one process at a time prepare: by a file lock on this machine, and by a PostgreSQL lock across machines."""
    with open(Path(settings.DATA_DIR) / "prepare.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            connection.ensure_connection()
        except OperationalError as error:
            raise CommandError(
                f"The database does not answer: {str(error).strip()}\n"
                "Check that it runs and what DATABASE_URL says; without it, that ARENA_DATA is a folder you may "
                "write to."
            ) from None
        if connection.vendor != "postgresql":
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")  # Migrations of large tables may take long.
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


class Command(BaseCommand):
    help = "Migrate the database, collect the static files and add the first content; what is done is skipped."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with alone():
                self.migrate()
                self.mark_storage()
                self.collect_static_files()
                self.seed()
        except DatabaseError as error:
            if not re.search(SQLITE_DAMAGE, str(error)):
                raise
            raise CommandError(
                f"The database {settings.DATABASES['default']['NAME']} is damaged: {error}. Restore a backup "
                "(docs/operations.md, Backups), or move this file away to begin with an empty portal."
            ) from None

    def mark_storage(self) -> None:
        """Write the identity of this installation into its storage.

        Workers compare it, and take no work if it is missing.
        """
        if (installation := Installation.objects.first()) is None:
            # The file comes first: if the process is killed in between, the next one finds it.
            installation = Installation(**({"identity": found} if (found := storages.read_marker()) else {}))
            if not found:
                default_storage.save(storages.MARKER, ContentFile(installation.identity.encode()))
            installation.save()
        if problem := storages.find_problem(installation.identity):
            raise CommandError(problem)

    def migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stdout.write("Setting up the database")
            call_command("createcachetable", verbosity=0)  # First: once `migrate` is done, this is skipped.
            call_command("migrate", interactive=False, verbosity=0)

    def collect_static_files(self) -> None:
        """Collect the static files, unless no source file has changed since the last time."""
        stamp = Path(settings.STATIC_ROOT) / f".collected-{fingerprint_static_files()}"
        if stamp.exists():
            return
        self.stdout.write("Collecting static files")
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        stamp.touch()

    def seed(self) -> None:
        try:
            tournament = seeding.seed_arena()
        except OperatorError as error:
            raise CommandError(str(error)) from None
        if tournament:
            self.stdout.write(f"Starting a first tournament: {tournament.name}, {tournament.num_episodes:,} episodes")
        if made := seeding.make_administrator():
            self.stdout.write(
                "\nThe first administrator, shown only now (a new password: make password)\n\n"
                f"  Name      {made[0]}\n  Password  {made[1]}\n"
            )


def fingerprint_static_files() -> str:
    """Return a digest that changes with the storage class and with any source file's path, time or size."""
    digest = hashlib.sha256(str(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda found: found[0]):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name} {status.st_mtime_ns} {status.st_size}\n".encode())
    return digest.hexdigest()[:16]
