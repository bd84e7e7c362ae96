"""Agents in Python that the portal's operator trusts: the installed classes, and the digests of their code.

An installed distribution offers a class as an entry point of the group ``mate.agents``, or the environment variable
``ARENA_PYTHON_AGENTS`` names it. There is no other way to add a class. An agent's row has a name and the digest of its
code, and only a class of that name whose installed code has that digest plays it.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import importlib.util
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mate.errors import UserError
from mate.evaluate.entrants import construct, import_class
from mate.evaluate.object_team import ObjectTeam
from mate.messages import Team

if TYPE_CHECKING:
    from mate.scenario import Scenario

log = logging.getLogger(__name__)

GROUP = "mate.agents"
SETTING = "ARENA_PYTHON_AGENTS"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_UNSTABLE = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")
"""Files of a distribution that say how it was installed, not what it is."""


class OperatorError(UserError):
    """A class of the operator that cannot play, or code that is not installed here."""


@dataclass(frozen=True)
class OperatorClass:
    """A trusted class: its name on the portal, its options, and the digest of its code and options."""

    name: str
    team: str
    reference: str  # module:Class
    options: Mapping[str, Any] = field(hash=False)
    distribution: str  # such as "my-agents 1.2", empty for a module that no distribution has
    description: str
    code: str

    def make(self, scenario: Scenario, size: int) -> ObjectTeam:
        """Return a team of its objects for `size` episodes."""
        found = import_class(self.reference, self.team, dict(self.options))
        build = partial(construct, found, self.team, dict(self.options))
        return ObjectTeam(build, Team(self.team), scenario, size)


@lru_cache(maxsize=1)
def find_classes() -> tuple[OperatorClass, ...]:
    """Return the classes that are installed here; those that cannot be used are logged and left out."""
    found: dict[str, OperatorClass] = {}
    for name, reference, options, distribution in _named():
        try:
            if name in found:
                raise OperatorError(f"The name {name} is given twice. Rename one in {SETTING}.")
            found[name] = _describe(name, reference, options, distribution)
        except Exception as error:  # The operator's module may raise any exception.
            log.error("The agent %s (%s) is left out: %s", name, reference, error)
    return tuple(found.values())


def make(team: str, name: str, code: str, scenario: Scenario, size: int) -> ObjectTeam:
    """Return a team of the class with a name and a digest. Raises OperatorError if this machine has none."""
    for known in find_classes():
        if (known.team, known.name, known.code) == (team, name, code):
            return known.make(scenario, size)
    here = [known for known in find_classes() if known.name == name]
    what = "its code here is another" if here else "it is not installed"
    raise OperatorError(
        f"The operator's agent {name} cannot play on this machine: {what}. Install the same distribution for every "
        f"worker, and start them again."
    )


def _named() -> Iterator[tuple[str, str, dict[str, Any], importlib.metadata.Distribution | None]]:
    """Yield name, reference, options and distribution of what is offered."""
    for entry in importlib.metadata.entry_points(group=GROUP):
        yield entry.name, entry.value, {}, entry.dist
    for name, told in _read_setting().items():
        reference, options = (told, {}) if isinstance(told, str) else (told["class"], told.get("options", {}))
        yield name, reference, options, _distribution_of(reference.partition(":")[0])


def _read_setting() -> dict[str, Any]:
    text = os.environ.get(SETTING, "").strip()
    if not text:
        return {}
    form = '{"name": "module:Class"} or {"name": {"class": "module:Class", "options": {...}}}'
    try:
        told = json.loads(text)
        if all(isinstance(one, str) or isinstance(one["class"], str) for one in told.values()):
            return dict(told)
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    raise OperatorError(f"{SETTING} is {text[:80]!r}: expected JSON such as {form}.")


def _distribution_of(module: str) -> importlib.metadata.Distribution | None:
    names = importlib.metadata.packages_distributions().get(module.partition(".")[0], [])
    return importlib.metadata.distribution(names[0]) if names else None


def _describe(
    name: str, reference: str, options: dict[str, Any], distribution: importlib.metadata.Distribution | None
) -> OperatorClass:
    if not _NAME.fullmatch(name):
        raise OperatorError(f"The name {name!r} has other characters than a-z, 0-9 and '-', or more than 40.")
    team, agent_class = _import(reference, options)
    construct(agent_class, team, options, 0)
    files = dict(_files_of(reference.partition(":")[0], distribution))
    summary = hashlib.sha256(json.dumps([reference, options], sort_keys=True).encode())
    for path in sorted(files):
        summary.update(f"\n{path} {hashlib.sha256(files[path].read_bytes()).hexdigest()}".encode())
    told = f"{distribution.metadata['Name']} {distribution.version}" if distribution else ""
    text = (agent_class.__doc__ or "").strip().partition("\n")[0]
    return OperatorClass(name, team, reference, options, told, text[:500], summary.hexdigest())


def _import(reference: str, options: dict[str, Any]) -> tuple[Team, type]:
    problems = []
    for team in Team:
        try:
            return team, import_class(reference, team, options)
        except UserError as error:
            problems.append(str(error))
    raise OperatorError(problems[-1])


def _files_of(module: str, distribution: importlib.metadata.Distribution | None) -> Iterator[tuple[str, Path]]:
    """Yield what the digest covers: a distribution's files, and the package or module itself."""
    for path in (distribution.files if distribution else None) or []:
        place = Path(str(path.locate()))
        if path.name not in _UNSTABLE and path.suffix != ".pyc" and place.is_file():
            yield f"distribution/{path.as_posix()}", place
    spec = importlib.util.find_spec(module.partition(".")[0])
    if spec is None:
        return
    for folder in map(Path, spec.submodule_search_locations or []):
        for place in folder.rglob("*"):
            if place.is_file() and place.suffix != ".pyc":
                yield f"package/{place.relative_to(folder).as_posix()}", place
    if not spec.submodule_search_locations and spec.origin:
        yield f"module/{Path(spec.origin).name}", Path(spec.origin)
