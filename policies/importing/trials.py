"""The trials in an archive, recognised by the names of its members."""

from __future__ import annotations

import re
from dataclasses import dataclass
from posixpath import basename, dirname

from policies.fields import shorten
from policies.importing.errors import ImportRefused
from policies.importing.names import split_path
from policies.importing.strangers import describe_members

PARAMETERS_NAME = "params.json"

_CHECKPOINT_FOLDER = re.compile(r"checkpoint_\d{1,9}", re.ASCII)
_CHECKPOINT_FILE = re.compile(r"checkpoint-(\d{1,9})", re.ASCII)
_LONE_CHECKPOINT = re.compile(r"(?:latest-|best-)?checkpoint(?:-(\d{1,9}))?", re.ASCII)
_PSRO_FOLDER = re.compile(r"(?:^|(.*)/)(camera|target)/(\d{5})(?:/|$)", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class TrialFolder:
    """A trial folder: its path, its checkpoints (oldest first), and its place in a PSRO result, if any."""

    folder: str
    checkpoints: tuple[str, ...]
    player: str | None = None
    iteration: int | None = None

    @property
    def parameters(self) -> str:
        """Path of its ``params.json``."""
        return f"{self.folder}/{PARAMETERS_NAME}" if self.folder else PARAMETERS_NAME

    @property
    def label(self) -> str:
        """Its name in messages."""
        if self.player is not None:
            return f"{self.player}/{self.iteration:05d}"
        return shorten(basename(self.folder), 120).strip("'\"") if self.folder else "the archive"


def place_in_psro(path: str) -> tuple[str, str, int] | None:
    """Return the root folder, player and iteration of a path within a PSRO result; None for other paths."""
    match = _PSRO_FOLDER.match(path)
    return (match[1] or "", match[2], int(match[3])) if match else None


def _number_of(path: str) -> int:
    match = _LONE_CHECKPOINT.fullmatch(basename(path))
    return int(match[1]) if match and match[1] else -1


def has_trials(names: list[str]) -> bool:
    """Return whether a checkpoint of RLlib 1.12 is among these paths."""
    return any(_CHECKPOINT_FILE.fullmatch(basename(name)) for name in names)


def is_checkpoint_name(name: str) -> bool:
    """Return whether a file of this name beside or below a ``params.json`` is a checkpoint of RLlib 1.12."""
    return _LONE_CHECKPOINT.fullmatch(name) is not None


def find_trials(names: list[str], num_links: int = 0) -> list[TrialFolder]:
    """Return the trials with a checkpoint among these paths, in the order of their folders.

    Raises ImportRefused if there is no checkpoint, or one whose ``params.json`` is missing.
    """
    available = set(names)
    checkpoints: dict[str, list[str]] = {}
    for name in names:
        if _CHECKPOINT_FILE.fullmatch(basename(name)):
            checkpoints.setdefault(_folder_of(name, available), []).append(name)
    for name in names:
        folder = dirname(name)
        is_lone = _LONE_CHECKPOINT.fullmatch(basename(name)) and folder not in checkpoints
        if is_lone and TrialFolder(folder, ()).parameters in available:
            checkpoints[folder] = [name]
    if not checkpoints:
        links = f"; its {num_links} links were not followed" if num_links else ""
        found = describe_members(names)
        if found:
            raise ImportRefused(f"the archive {found}{links}")
        raise ImportRefused(
            f"no checkpoint is in the archive{links}: expected a trial folder with params.json and "
            "checkpoint_*/checkpoint-*; archive the whole trial folder"
        )
    trials = [_trial(folder, paths) for folder, paths in sorted(checkpoints.items())]
    for trial in trials:
        if trial.parameters not in available:
            raise ImportRefused(
                f"{shorten(trial.parameters, 200)} is missing: it says what the checkpoint beside it was trained for "
                "(params.pkl is never opened); archive the whole trial folder"
            )
    return trials


def _folder_of(checkpoint: str, available: set[str]) -> str:
    """Return the trial folder of a checkpoint file.

    It is the file's folder or the one above, whichever has the params.json. If neither has one, the names decide.
    """
    own, above = dirname(checkpoint), dirname(dirname(checkpoint))
    likely = above if _CHECKPOINT_FOLDER.fullmatch(basename(own)) else own
    found = [folder for folder in (own, above) if TrialFolder(folder, ()).parameters in available]
    return found[0] if own and len(found) == 1 else likely


def _trial(folder: str, paths: list[str]) -> TrialFolder:
    place = place_in_psro(folder)
    ordered = tuple(sorted(paths, key=lambda path: (_number_of(path), path)))
    return TrialFolder(folder, ordered, *(place[1:] if place else (None, None)))


def choose_checkpoint(trial: TrialFolder, best: str | None) -> tuple[str, str]:
    """Return the path of the checkpoint to read, and a note on the choice; the note is empty if nothing was chosen.

    ``best`` is the path in a PSRO iteration's ``checkpoint_path.txt``, as the training machine wrote it.
    """
    newest = trial.checkpoints[-1]
    if best is not None:
        ending = split_path(best)[-2:]
        found = _find_ending(trial, ending)
        if found is not None:
            is_choice = len(trial.checkpoints) > 1
            return found, "the run's own best checkpoint was taken" if is_choice else ""
        shown = shorten("/".join(ending))
        return newest, f"the run's best checkpoint {shown} is not in the archive; the newest was taken"
    if len(trial.checkpoints) > 1:
        others = ", ".join(basename(path) for path in trial.checkpoints[:-1])
        return newest, f"{basename(newest)} is the newest and was taken; {shorten(others, 200)} were left"
    return newest, ""


def _find_ending(trial: TrialFolder, ending: list[str]) -> str | None:
    """Return the checkpoint whose path, or whose folder's path, ends with these parts; None if there is none."""
    if not ending:
        return None
    for path in trial.checkpoints:
        if path.split("/")[-len(ending) :] == ending or basename(dirname(path)) == ending[-1]:
            return path
    return None
