"""Checkpoints on disk: an archive, a trial's folder, a checkpoint file beside its ``params.json``, or a link to one.

The needed files of a folder are packed into a temporary archive, which is read like any other. Use this only for paths
that the user of this machine names. For an uploaded file, no other file may be read.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from posixpath import basename
from typing import IO

from policies.checkpoint import RECIPE_NAME, WEIGHTS_NAME
from policies.importing import psro
from policies.importing.archives import is_archive
from policies.importing.errors import ImportRefused
from policies.importing.limits import Limits
from policies.importing.names import split_path
from policies.importing.onnx import MODEL_NAME
from policies.importing.strangers import describe_members
from policies.importing.trials import (
    PARAMETERS_NAME,
    choose_checkpoint,
    find_trials,
    is_checkpoint_name,
    place_in_psro,
)

MAX_FILES = 200_000
_MAX_LINK = 4000
_MOST_PARTS = 5  # last parts of a link's target that are looked for beside the link
_KEPT = 4  # checkpoints of a trial: the chosen one, and earlier ones in case it is truncated
_NOTHING = "no checkpoint is in the folder: expected a trial's folder, with params.json and checkpoint_*/checkpoint-*"
_POINTERS = ("latest-checkpoint", "best-checkpoint", psro.BEST_NAME)


@contextmanager
def opened(path: str | os.PathLike[str], limits: Limits) -> Iterator[tuple[IO[bytes], Limits]]:
    """Yield the archive at ``path``, or a temporary one of the checkpoint there, and the limits for reading it.

    ``path`` is an archive, the folder of a trial, of several trials, of a PSRO result or of a native checkpoint, a file
    of one of these, or a link to one. Raises ImportRefused if no checkpoint is there, OSError if it cannot be opened.
    """
    place = _follow(Path(path))
    found = _of_folder(place) if place.is_dir() else _of_file(place)
    if found is None:
        with place.open("rb") as file:
            yield file, limits
        return
    with tempfile.TemporaryFile() as packed:
        found.pack(packed)
        size = packed.tell()
        packed.seek(0)
        yield packed, replace(limits, max_file=max(limits.max_file, size), max_unpacked=max(limits.max_unpacked, size))


@dataclass(frozen=True)
class _Found:
    """Files of checkpoints on disk; ``names`` are their paths relative to ``base``."""

    base: Path
    names: list[str]

    @classmethod
    def of(cls, folder: Path, paths: list[Path]) -> _Found:
        """Return these files, which lie in or below a folder."""
        base = _base_of(folder)
        return cls(base, [path.relative_to(base).as_posix() for path in paths])

    def pack(self, file: IO[bytes]) -> None:
        """Write the files to an uncompressed zip archive."""
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
            for name in self.names:
                archive.write(self.base / name, name)


def _follow(path: Path) -> Path:
    """Return the target of a link. If it is a path of another machine, look for its last parts beside the link."""
    if path.is_symlink():
        return path.resolve() if path.exists() else _beside(path, os.readlink(path))
    if path.name in _POINTERS and path.is_file() and path.stat().st_size < _MAX_LINK:
        told = psro.read_path(
            path.read_bytes()
        )  # a text file: Windows and Git store links so, and PSRO the path of its best checkpoint
        parts = split_path(told)
        return _beside(path, told) if parts and is_checkpoint_name(parts[-1]) else path.absolute()
    return path.absolute()


def _beside(link: Path, told: str) -> Path:
    parts = split_path(told)
    for count in range(min(len(parts), _MOST_PARTS), 0, -1):
        place = link.absolute().parent.joinpath(*parts[-count:])
        if place.exists():
            return place
    raise ImportRefused(f"it leads to {told}, which is not here; give the folder of the trial itself")


def _of_file(path: Path) -> _Found | None:
    """Return a file of a checkpoint with the other files that it needs; None for a file that is read by itself."""
    if path.name in (PARAMETERS_NAME, RECIPE_NAME, WEIGHTS_NAME, MODEL_NAME):
        return _of_folder(path.parent)
    with path.open("rb") as file:
        if is_archive(file.read(512)) or not is_checkpoint_name(path.name):
            return None
    trial = next((above for above in list(path.parents)[:2] if (above / PARAMETERS_NAME).is_file()), None)
    return None if trial is None else _Found.of(trial, [trial / PARAMETERS_NAME, path])


def _of_folder(folder: Path) -> _Found:
    native = [folder / name for name in (RECIPE_NAME, WEIGHTS_NAME, MODEL_NAME) if (folder / name).is_file()]
    if native:
        return _Found.of(folder, native)
    own = [path for path in sorted(folder.iterdir()) if is_checkpoint_name(path.name) and path.is_file()]
    parameters = folder.parent / PARAMETERS_NAME
    if own and parameters.is_file() and not (folder / PARAMETERS_NAME).exists():
        return _Found.of(folder.parent, [parameters, *own])
    base = _base_of(folder)
    return _Found(base, _choose(_list(folder, base), base))


def _base_of(folder: Path) -> Path:
    """Return the base of names in the archive: the parent of the folder, or of the PSRO result that contains it."""
    place = place_in_psro(folder.as_posix())
    return Path(place[0]).parent if place is not None and place[0] else folder.parent


def _list(folder: Path, base: Path) -> list[str]:
    """Return the paths of a folder's files relative to ``base``; links to folders are not followed."""
    names: list[str] = []
    for where, folders, files in os.walk(folder):
        folders.sort()
        paths = (Path(where, name) for name in sorted(files))
        names += (path.relative_to(base).as_posix() for path in paths if path.is_file())
        if len(names) > MAX_FILES:
            raise ImportRefused(f"the folder has more than {MAX_FILES:,} files; give the trial's folder itself")
    return names


def _choose(names: list[str], base: Path) -> list[str]:
    """Choose the files of a folder to read: each trial's parameters and checkpoints, and the tables of PSRO."""
    if not any(is_checkpoint_name(basename(name)) for name in names):
        natives = [name for name in names if basename(name) in (RECIPE_NAME, WEIGHTS_NAME, MODEL_NAME)]
        if any(basename(name) == RECIPE_NAME for name in natives):
            return natives
        described = describe_members(names)
        raise ImportRefused(f"the folder {described}" if described else _NOTHING)
    tables = psro.table_paths(names)
    best = {place_in_psro(name): base / name for name in tables if basename(name) == psro.BEST_NAME}
    wanted = list(tables)
    for trial in find_trials(names):
        told = best.get(place_in_psro(trial.folder))
        chosen, _ = choose_checkpoint(trial, psro.read_path(told.read_bytes()) if told else None)
        end = trial.checkpoints.index(chosen) + 1
        wanted += [trial.parameters, *trial.checkpoints[max(0, end - _KEPT) : end]]
    return wanted
