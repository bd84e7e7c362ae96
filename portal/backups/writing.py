"""Writing of backups."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage

from portal.backups import tables
from tournament import leaderboards, storages

MANIFEST = "manifest.json"
VERSION = 1
PART = ".part-"
ABANDONED_SECONDS = 24 * 3600.0
"""Seconds after which the unfinished folder of a killed backup may be removed."""
KEPT = ("checkpoints", "uploads", "trainings")
"""Folders of the storage that are backed up. Replays are left out, because they are rendered again on request."""
LEFT_OUT = ("process.lock", ".lock", "scratch.txt", "log.txt")
"""Files of trainings that are not backed up, because they matter on this machine only."""


def back_up(place: Path) -> Path:
    """Write a backup into a new folder of `place`, which is named after the time; return it.

    A failed backup leaves no folder.
    """
    name = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S-%fZ")
    folder, part = place / name, place / f"{PART}{name}"
    part.mkdir(parents=True, mode=0o700)
    try:
        manifest: dict[str, Any] = {"version": VERSION, "created": name, "engine": leaderboards.engine_version()}
        manifest["tables"] = write_tables(part / "tables")
        manifest["migrations"] = tables.list_migrations()
        manifest["files"] = copy_files(part / "files")
        (part / MANIFEST).write_text(json.dumps(manifest, indent=1))
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    storages.sync_folder(place)
    return folder


def write_tables(folder: Path) -> dict[str, dict[str, Any]]:
    """Write all tables from one snapshot of the database; return their entries in the manifest."""
    folder.mkdir()
    with tables.snapshot():
        return {
            model._meta.label_lower: tables.write(model, folder / f"{model._meta.label_lower}.jsonl.gz")
            for model in tables.list_models()
        }


def copy_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Copy the stored files; return their sizes and digests by name."""
    found = {}
    for name in list_files():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        try:
            with default_storage.open(name) as original, open(path, "wb") as copy:
                while piece := original.read(1 << 20):
                    digest.update(piece)
                    size += copy.write(piece)
        except FileNotFoundError:  # Deleted meanwhile, as older states of a training are.
            path.unlink(missing_ok=True)
            continue
        found[name] = {"size": size, "sha256": digest.hexdigest()}
    return found


def list_files() -> Iterator[str]:
    """Yield the names of the stored files that belong to a backup."""
    if default_storage.exists(storages.MARKER):
        yield storages.MARKER
    for name in KEPT:
        yield from list_below(name)


def list_below(folder: str) -> Iterator[str]:
    """Yield the names of a folder's stored files, without those that are not backed up."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(files):
        if name and name not in LEFT_OUT and not name.startswith(storages.PART):
            yield f"{folder}/{name}"
    for name in sorted(folders):
        yield from list_below(f"{folder}/{name}")


def remove_old(place: Path, keep: int) -> list[Path]:
    """Remove all but the newest `keep` backups of `place`, and leftovers of failed ones; return the removed folders."""
    complete = sorted(path.parent for path in place.glob(f"*/{MANIFEST}") if not path.parent.name.startswith(PART))
    old = complete[: max(0, len(complete) - keep)]
    old += [part for part in place.glob(f"{PART}*") if time.time() - part.stat().st_mtime > ABANDONED_SECONDS]
    for folder in old:
        shutil.rmtree(folder)
    return old
