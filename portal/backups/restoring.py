"""Verifying and restoring of backups."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, transaction

from mate.errors import UserError
from portal.backups import tables
from portal.backups.writing import MANIFEST, VERSION, list_below


class RestoreRefused(UserError):
    """A backup that is damaged, or that cannot be restored here."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a backup, which lists its parts. Raises RestoreRefused if it cannot be read."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise RestoreRefused(f"{folder} is no complete backup: its {MANIFEST} cannot be read ({error}).") from None
    if manifest.get("version") != VERSION:
        raise RestoreRefused(f"{folder} has version {manifest.get('version')} of backups; this portal reads {VERSION}.")
    return dict(manifest)


def verify(folder: Path) -> dict[str, Any]:
    """Compare all parts of a backup with their digests; return its manifest.

    Raises RestoreRefused, which lists every damaged part.
    """
    manifest = read_manifest(folder)
    damaged = []
    for name, facts in manifest["tables"].items():
        try:
            found = tables.digest_of(folder / "tables" / f"{name}.jsonl.gz")
        except (OSError, EOFError):
            found = ""
        if found != facts["sha256"]:
            damaged.append(f"the table {name}")
    for name, facts in manifest["files"].items():
        if _digest_of(folder / "files" / name) != facts["sha256"]:
            damaged.append(f"the file {name}")
    if damaged:
        raise RestoreRefused(f"{folder} is damaged: {', '.join(damaged)}. Nothing was restored. Take another backup.")
    return manifest


def _digest_of(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def restore(folder: Path, is_replacing: bool = False) -> dict[str, Any]:
    """Verify a backup and restore the database and the storage from it; return its manifest.

    Raises RestoreRefused before any change if the backup is damaged or has other migrations, or if the database is in
    use and `is_replacing` is false.
    """
    manifest = verify(folder)
    call_command("migrate", interactive=False, verbosity=0)
    check_migrations(manifest)
    if get_user_model().objects.exists() and not is_replacing:
        raise RestoreRefused(
            "This database has users. Add --replace to delete everything in it and restore the backup."
        )
    copy_files(folder, manifest)
    load_tables(folder, manifest)
    return manifest


def check_migrations(manifest: dict[str, Any]) -> None:
    """Raise RestoreRefused if the migrations of this code and of the backup differ."""
    ours, theirs = set(tables.list_migrations()), set(manifest["migrations"])
    if ours != theirs:
        differing = ", ".join(sorted(ours ^ theirs)[:5])
        raise RestoreRefused(
            f"The backup is of another version of the portal: migrations differ ({differing}). Restore it with the "
            f"version "
            "that wrote it, then update."
        )


def copy_files(folder: Path, manifest: dict[str, Any]) -> None:
    """Copy the backup's files into the storage. Files that exist with the same content are skipped.

    Later files of trainings are deleted: a training would continue from a state that its curve does not know, or from
    that of another one, since numbers are used again.
    """
    for name in list_below("trainings"):
        if name not in manifest["files"]:
            default_storage.delete(name)
    for name, facts in manifest["files"].items():
        if default_storage.exists(name):
            with default_storage.open(name) as file:
                if hashlib.file_digest(file, "sha256").hexdigest() == facts["sha256"]:
                    continue
            default_storage.delete(name)
        with open(folder / "files" / name, "rb") as original:
            stored = default_storage.save(name, File(original))
        if stored != name:
            raise RestoreRefused(
                f"{name} could not be stored under its name. End the portal's processes, then restore again."
            )


def load_tables(folder: Path, manifest: dict[str, Any]) -> None:
    """Replace all rows by the backup's and verify them. Raises RestoreRefused if they differ from the backup."""
    models = {model._meta.label_lower: model for model in tables.list_models()}
    call_command("flush", interactive=False, verbosity=0, inhibit_post_migrate=True)
    with transaction.atomic():
        if connection.vendor == "postgresql":
            connection.cursor().execute("SET LOCAL statement_timeout = 0")
        for name, facts in manifest["tables"].items():
            count = tables.load(models[name], folder / "tables" / f"{name}.jsonl.gz")
            if count != facts["rows"]:
                raise RestoreRefused(f"Of the table {name}, {count} of {facts['rows']} rows were restored.")
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), list(models.values())):
            cursor.execute(statement)
