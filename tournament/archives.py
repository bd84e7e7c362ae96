"""Exported agents: one zip with their specifications and every checkpoint that they need.

An agent that is one checkpoint is exported as that native checkpoint. All others (mixtures, populations, built-in
agents) are exported as `agents.json`, which has the name and specification of each agent, and `checkpoints/DIGEST.zip`.
Nothing in such a file is ever executed (docs/environments.md).
"""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from policies.errors import CheckpointError
from policies.zips import DirectoryTooLarge, open_zip
from tournament import agents
from tournament.agents import AgentError, Spec

if TYPE_CHECKING:
    from policies import Checkpoint

FORMAT, VERSION = "mate-arena-agents", 1
LIST_NAME = "agents.json"
FOLDER = "checkpoints"
MAX_LIST_BYTES = 5_000_000
MAX_DIRECTORY_BYTES = 1_000_000
MAX_CHECKPOINT_BYTES = 80_000_000
NATIVE, ONNX = "native", "onnx"
NETWORKS = (NATIVE, ONNX)
"""Formats of the checkpoints in a file; only native ones are read back, ONNX is for other tools and for uploads."""
_DATE = (1980, 1, 1, 0, 0, 0)
_RECIPE = "policy.json"


@dataclass(frozen=True)
class AgentArchive:
    """The agents of a file: specifications by name, in the file's order, and their checkpoints by digest."""

    agents: Mapping[str, Spec]
    checkpoints: Mapping[str, Checkpoint] = field(repr=False)
    facts: Mapping[str, Any] = field(default_factory=dict)

    def open_checkpoint(self, digest: str) -> Checkpoint:
        """Return a checkpoint of the file. Raises AgentError for one that it does not have."""
        if digest not in self.checkpoints:
            raise AgentError(f"The file has no checkpoint {digest[:12]}, which an agent in it needs.")
        return self.checkpoints[digest]


def write(
    file: IO[bytes],
    specs: Mapping[str, Spec],
    open_file: Callable[[str], bytes],
    facts: Mapping[str, Any] | None = None,
    networks: str = NATIVE,
) -> None:
    """Write agents by name.

    `open_file` returns the checkpoint with a digest as bytes, in the format `networks`. `facts` are any JSON values to
    store in the file.
    """
    document = {
        "format": FORMAT,
        "version": VERSION,
        **({} if networks == NATIVE else {"networks": networks}),
        "facts": dict(facts or {}),
        "agents": [{"name": name, "spec": spec.to_json()} for name, spec in specs.items()],
    }
    needed = sorted(set().union(*map(agents.checkpoints, specs.values())))
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(LIST_NAME, _DATE), json.dumps(document, indent=1))
        for digest in needed:
            archive.writestr(zipfile.ZipInfo(f"{FOLDER}/{digest}.zip", _DATE), open_file(digest))


def read(path: str | os.PathLike[str]) -> AgentArchive:
    """Return the agents of a file: a native checkpoint, or a file that `write` has written.

    Raises AgentError or CheckpointError for anything else.
    """
    try:
        with open(path, "rb") as file, open_zip(file, MAX_DIRECTORY_BYTES) as archive:
            if _RECIPE in archive.namelist():
                return _read_native(path)
            return _read_list(archive)
    except (zipfile.BadZipFile, DirectoryTooLarge, KeyError, NotImplementedError, RuntimeError, ValueError) as error:
        raise AgentError(f"{path} is no file of agents: {error}. Download it again.") from error


def _read_native(path: str | os.PathLike[str]) -> AgentArchive:
    from policies import Checkpoint

    checkpoint = Checkpoint.load(Path(path))
    recipe = checkpoint.recipe
    spec = agents.LearnedAgent(recipe.team, checkpoint.digest, recipe.play == "deterministic")
    name = str(recipe.provenance.get("name") or Path(path).stem)
    return AgentArchive({name: spec}, {checkpoint.digest: checkpoint})


def _read_list(archive: zipfile.ZipFile) -> AgentArchive:
    document = json.loads(_read_entry(archive, LIST_NAME, MAX_LIST_BYTES))
    if not isinstance(document, dict) or document.get("format") != FORMAT or document.get("version") != VERSION:
        raise AgentError(f"{LIST_NAME} is not of format {FORMAT}, version {VERSION}.")
    if document.get("networks", NATIVE) != NATIVE:
        raise AgentError(
            "Its networks are in ONNX's format, for other tools. Download the agents in the native format."
        )
    specs = {str(one["name"]): agents.from_json(one["spec"]) for one in document["agents"]}
    for name, spec in specs.items():
        if agents.has_foreign_code(spec):
            raise AgentError(f"{name} is code, which no file brings along. Ask who runs it.")
    needed = set().union(*map(agents.checkpoints, specs.values()))
    return AgentArchive(
        specs, {digest: _read_checkpoint(archive, digest) for digest in sorted(needed)}, document["facts"]
    )


def _read_checkpoint(archive: zipfile.ZipFile, digest: str) -> Checkpoint:
    from policies import Checkpoint

    checkpoint = Checkpoint.from_bytes(_read_entry(archive, f"{FOLDER}/{digest}.zip", MAX_CHECKPOINT_BYTES))
    if checkpoint.digest != digest:
        raise CheckpointError(f"{FOLDER}/{digest}.zip has the digest {checkpoint.digest}: the file was altered")
    return checkpoint


def _read_entry(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    with archive.open(name) as entry:
        content = entry.read(limit + 1)
    if len(content) > limit:
        raise AgentError(f"{name} has more than {limit:,} bytes.")
    return content
