"""Transfer of a training's folder between machines that share no folder, through the portal's storage.

A trainer works in a folder of its own machine. Every half minute and at the end, it stores the files that have changed,
with a list of all files and their digests. A trainer that takes over the training compares that list with its own and
fetches the folder. The training thus continues from its last stored state on any machine.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from pathlib import Path

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from tournament import storages

STORE_SECONDS = 30.0
LIST = "files.json"
CARRIED = ("configuration.json", "progress.jsonl", "outcome.json", "milestones/*", "state/*")
"""The files of the folder that are stored. Agents are written anew; the log and the locks belong to the machine."""


class Carrier:
    """The stored copy of one training's folder. It does nothing where all machines share the storage as a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self.is_needed = storages.is_remote()
        self.stored_at = time.monotonic()
        self.known: dict[str, tuple[tuple[int, int], str]] = {}
        """Time, size and digest of files when they were last read."""

    def fetch(self) -> None:
        """Fetch the folder as it was last stored, unless this machine stored it."""
        stored = self._read_list()
        if not self.is_needed or stored is None or stored == self._own_list():
            return
        for pattern in CARRIED:
            for path in self.folder.glob(pattern):
                path.unlink()
        for name, digest in stored.items():
            path = self.folder / name
            storages.fetch(f"{self.name}/{name}", path)
            if digest_of(path) != digest:
                raise OSError(f"The stored file {name} of this training is damaged: its content has another digest.")
        self._write_own(stored)

    def store_now_and_then(self) -> None:
        """Store what has changed, at most every half minute."""
        if self.is_needed and time.monotonic() - self.stored_at >= STORE_SECONDS:
            self.store()

    def store(self) -> None:
        """Store what has changed: first the files, then their list, then remove what is no longer in it."""
        if not self.is_needed:
            return
        self.stored_at = time.monotonic()
        before, now = self._read_list() or {}, {}
        for pattern in CARRIED:
            for path in sorted(self.folder.glob(pattern)):
                name = str(path.relative_to(self.folder))
                with contextlib.suppress(FileNotFoundError):  # A newer state has just replaced it.
                    now[name] = self._store_file(path, name, before.get(name))
        self._replace(LIST, json.dumps(now).encode())
        self._write_own(now)
        for name in before.keys() - now.keys():
            default_storage.delete(f"{self.name}/{name}")

    def _store_file(self, path: Path, name: str, stored: str | None) -> str:
        status = path.stat()
        mark = (status.st_mtime_ns, status.st_size)
        if name in self.known and self.known[name] == (mark, stored):
            return self.known[name][1]
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        if digest != stored:
            self._replace(name, content)
        self.known[name] = (mark, digest)
        return digest

    def _replace(self, name: str, content: bytes) -> None:
        default_storage.save(f"{self.name}/{name}", ContentFile(content))  # Remote storage replaces a file atomically.

    def _read_list(self) -> dict[str, str] | None:
        try:
            with default_storage.open(f"{self.name}/{LIST}") as file:
                return dict(json.loads(file.read()))
        except FileNotFoundError:
            return None

    def _own_list(self) -> dict[str, str] | None:
        path = self.folder / f".{LIST}"
        return json.loads(path.read_text()) if path.exists() else None

    def _write_own(self, found: dict[str, str]) -> None:
        part = self.folder / f".{LIST}.part"
        part.write_text(json.dumps(found))
        part.replace(self.folder / f".{LIST}")


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
