"""Recordings: NumPy archives of numbers and one JSON text, read without trusting them."""

import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mate.errors import UserError


class UnreadableRecording(UserError):
    """A file is no recording, or a damaged one."""


class MissingArray(UnreadableRecording, KeyError):
    """A recording lacks an array."""

    __str__ = UserError.__str__


class Meta(dict[str, Any]):
    """What a recording says about itself. Raises UnreadableRecording for an entry that it lacks."""

    def __missing__(self, key: str) -> Any:
        raise UnreadableRecording(f"its `meta` does not say {key!r}; recordings of the game do.")


class Recording(Mapping[str, np.ndarray]):
    """The arrays of a recording by name, and its ``meta`` (a dictionary). Raises UnreadableRecording."""

    def __init__(self, path: str | os.PathLike) -> None:
        self.path = Path(path)
        try:
            with np.load(self.path, allow_pickle=False) as archive:
                self._arrays = {name: archive[name] for name in archive.files}
        except ValueError as error:
            raise UnreadableRecording(_explain(self.path, error)) from error
        except (OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
            raise UnreadableRecording(f"{self.path} cannot be read as a NumPy archive of numbers: {error}") from error
        except (MemoryError, TypeError, AttributeError) as error:
            raise UnreadableRecording(f"{self.path} is no archive of arrays: {error}") from error
        self.meta = self._read_meta()

    def _read_meta(self) -> Meta:
        text = self._arrays.get("meta")
        if text is None:
            return Meta()
        try:
            meta = json.loads(str(text))
        except ValueError as error:
            raise UnreadableRecording(f"`meta` of {self.path} is not JSON: {error}") from error
        if not isinstance(meta, dict):
            raise UnreadableRecording(f"`meta` of {self.path} is not a JSON object.")
        return Meta(meta)

    def __getitem__(self, name: str) -> np.ndarray:
        try:
            return self._arrays[name]
        except KeyError:
            raise MissingArray(f"{self.path} has no array {name!r}.") from None

    def __contains__(self, name: object) -> bool:
        return name in self._arrays

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def _explain(path: Path, error: ValueError) -> str:
    if "pickle" in str(error):
        return f"{path} holds pickled objects, or is one; those are never loaded. A recording holds arrays of numbers."
    return f"{path} cannot be read as a NumPy archive of numbers: {error}"
