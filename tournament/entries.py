"""Registration of scenarios and agents: built-in ones and accepted checkpoints."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, count
from threading import Lock
from typing import TYPE_CHECKING, Any

from cachetools import LRUCache, cached
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.text import slugify

from mate import Team
from mate import scenario as game
from mate.agents.batched import BUILTIN_AGENTS
from tournament import agents, names, storages
from tournament.models import Agent, AgentKind, Lab, Scenario, Upload, Withdrawal
from tournament.refusals import RequestRefused

if TYPE_CHECKING:
    from policies import Checkpoint, Recipe
    from policies.importing.report import ImportedAgent, ImportedMixture

log = logging.getLogger(__name__)

NAME_LENGTH = 80
OPENED_BYTES = 512 * 1024 * 1024
"""Maximum total size of the weights that a process keeps in memory."""
SIGHTS = {
    "none": "without enhanced observation",
    "camera": "with enhanced observation for the cameras",
    "target": "with enhanced observation for the targets",
    "both": "with enhanced observation for both teams",
}


def register_builtin_agents() -> list[Agent]:
    """Register the game's rule-based agents, without owner, for every scenario. Idempotent."""
    specs = [agents.Builtin(team, name) for team in Team for name in BUILTIN_AGENTS]
    rows = _find_by_digest(specs)
    if missing := [_builtin_row(spec) for spec in specs if spec.digest not in rows]:
        Agent.objects.bulk_create(missing, ignore_conflicts=True)  # Another process may create them meanwhile.
        rows = _find_by_digest(specs)
    return [rows[spec.digest] for spec in specs]


def _find_by_digest(specs: Sequence[agents.Builtin]) -> dict[str, Agent]:
    return {row.digest: row for row in Agent.objects.filter(digest__in=[spec.digest for spec in specs])}


def _builtin_row(spec: agents.Builtin) -> Agent:
    return Agent(
        digest=spec.digest,
        team=spec.team,
        kind=AgentKind.BUILTIN,
        name=spec.name.capitalize(),
        slug=f"{spec.name}-{spec.team}",
        description=BUILTIN_AGENTS[spec.name].description,
        spec=spec.to_json(),
        architecture="Rules",
        identity=spec.digest,
    )


def register_scenarios() -> list[Scenario]:
    """Register every packaged scenario with two teams; those that differ only in name share a row. Idempotent."""
    names = sorted(game.preset_names(), key=lambda name: (-len(name), name))
    rows = {row.pk: row for row in map(register_scenario, names) if row.num_cameras}
    return list(rows.values())


def register_scenario(preset: str, enhanced_observation: str = "none") -> Scenario:
    """Return the row of a packaged scenario, created if it does not exist.

    `enhanced_observation` names the teams that observe everything: none, camera, target or both. Raises
    `mate.scenario.ConfigError` for anything unknown.
    """
    return keep_scenario(game.Scenario.load(preset, enhanced_observation=enhanced_observation), preset)


def keep_scenario(scenario: game.Scenario, name: str) -> Scenario:
    """Return the row of a scenario, created with this name if it does not exist.

    Raises RequestRefused if another scenario has the name.
    """
    sight = scenario.enhanced_observation
    name = name if sight == "none" else f"{name} (enhanced: {sight})"
    known = Scenario.objects.filter(digest=scenario.digest).first()
    if known is not None:
        return known
    if Scenario.objects.filter(Q(name=name) | Q(slug=slugify(name))).exists():
        raise RequestRefused([("name", f"Another scenario is called {name}. Choose another name.")])
    row, _ = Scenario.objects.get_or_create(
        digest=scenario.digest,
        defaults={
            "name": name,
            "slug": slugify(name),
            "config": json.loads(scenario.to_json()),
            "enhanced_observation": sight,
            "num_cameras": scenario.num_cameras,
            "num_targets": scenario.num_targets,
            "num_obstacles": scenario.num_obstacles,
        },
    )
    return row


def load_scenario(row: Scenario) -> game.Scenario:
    """Return the game's scenario for a row; the most recent ones are cached."""
    return _read_scenario(row.config if isinstance(row.config, str) else json.dumps(row.config))


@lru_cache(maxsize=64)
def _read_scenario(config: str) -> game.Scenario:
    return game.Scenario.from_json(config)


def load_spec(row: Agent) -> agents.Spec:
    """Return the specification of a row's agent."""
    return agents.from_json(row.spec)


# Checkpoints


class CheckpointDamaged(OSError):
    """A stored checkpoint whose content does not have the digest in its name."""


def checkpoint_name(digest: str) -> str:
    """Return the name of a checkpoint in the portal's storage: its content's address."""
    return f"checkpoints/{digest}.zip"


def store_checkpoint(checkpoint: Checkpoint) -> str:
    """Store a checkpoint and return its name; equal checkpoints share one file."""
    name, content = checkpoint_name(checkpoint.digest), checkpoint.to_bytes()
    if default_storage.exists(name):
        with default_storage.open(name) as file:
            if file.read() == content:
                return name
        default_storage.delete(name)  # Damaged outside the portal.
        storages.forget(name)
    stored = default_storage.save(name, ContentFile(content))
    if stored != name:  # Another process stored it in the meantime.
        default_storage.delete(stored)
    return name


def _size_of(checkpoint: Checkpoint) -> int:
    return sum(array.nbytes for array in checkpoint.weights.values())


_opened: LRUCache[Any, Checkpoint] = LRUCache(OPENED_BYTES, getsizeof=_size_of)


@cached(_opened, lock=Lock())
def open_checkpoint(digest: str) -> Checkpoint:
    """Return the checkpoint with a digest; recent ones are kept in memory.

    Raises FileNotFoundError if it is gone, and CheckpointDamaged if its content has another digest.
    """
    from policies import Checkpoint, CheckpointError

    name = checkpoint_name(digest)
    for _ in range(2):
        path = storages.local_path(name)
        try:
            checkpoint = Checkpoint.load(path)
            if checkpoint.digest == digest:
                return checkpoint
        except CheckpointError:
            log.warning("The file of checkpoint %s is damaged", digest[:12], exc_info=True)
        storages.forget(name)  # The local copy may be damaged while the original is intact.
    raise CheckpointDamaged(
        f"The file of checkpoint {digest[:12]} is damaged: its content has another digest. Restore it from a "
        f"backup, or "
        "have the agent uploaded again."
    )


# Accepting uploads


def free_name(name: str, team: str, upload: Upload) -> str:
    """Return the name that a file suggests, made unique within the team because boards show only names.

    If another agent has the name, the mode of play, the name of the file, or a number is added to it.
    """
    name = "Agent" if names.find_problem(name) else name
    stem = upload.filename.removesuffix(".gz").rpartition(".")[0] or upload.filename
    endings = chain(
        [""] * (not names.find_agent_problem(name)),
        [", likeliest action"] * upload.deterministic,
        [f" ({stem[:40]})"],
        (f" ({stem[:40]}, {number})" for number in count(2)),
    )
    offered = (f"{name[: NAME_LENGTH - len(ending)]}{ending}" for ending in endings)
    return next(name for name in offered if not Agent.objects.filter(team=team, name=name).exists())


def accept_checkpoint(upload: Upload, imported: ImportedAgent, name: str = "") -> Agent:
    """Register the agent of an uploaded checkpoint, in the upload's mode of play.

    If the same weights in the same mode are registered already, that agent is returned, with its name and owner,
    whatever the provenance of the new checkpoint.
    """
    origin = dict(imported.checkpoint.recipe.provenance)
    provenance = {
        "file": upload.filename,
        "source": origin.pop("file", imported.source),
        "notes": list(imported.notes),
        **origin,
    }
    agent = register_checkpoint(
        imported.checkpoint,
        name or imported.name or upload.filename,
        upload.owner,
        deterministic=upload.deterministic,
        provenance=provenance,
        lab=upload.lab,
        is_private=upload.is_private,
    )
    if not agent.is_listed and not agent.withdrawn:  # A milestone of a training, now uploaded.
        agent.is_listed = True
        agent.save(update_fields=["is_listed"])
    return agent


def register_checkpoint(
    checkpoint: Checkpoint,
    name: str,
    owner: Any,
    *,
    deterministic: bool | None = None,
    provenance: dict[str, Any] | None = None,
    is_listed: bool = True,
    called: str = "",
    lab: Lab | None = None,
    is_private: bool = False,
) -> Agent:
    """Register the agent of a checkpoint and store its weights; `deterministic` None uses the recipe's mode.

    The agent's slug never changes; it is made from `called` if the agent may get that name later. An agent that is
    registered already stays unchanged.
    """
    recipe = checkpoint.recipe
    if deterministic is None:
        deterministic = recipe.play == "deterministic"
    spec = agents.LearnedAgent(recipe.team, checkpoint.digest, deterministic)
    identity = agents.LearnedAgent(recipe.team, checkpoint.identity, deterministic).digest
    known = _find(spec, identity)
    if known is not None and known.spec["checkpoint"] != checkpoint.digest:
        return known  # The same network with another provenance: its own file is there.
    return _accept(
        spec,
        owner,
        name,
        identity=identity,
        kind=AgentKind.CHECKPOINT,
        checkpoint=store_checkpoint(checkpoint),
        architecture=_describe_architecture(recipe),
        **_sizes_of(recipe),
        trained_enhanced_observation=recipe.enhanced_observation,
        provenance=_plain(provenance or dict(recipe.provenance)),
        is_listed=is_listed and not is_private,
        withdrawn=Withdrawal.PRIVATE if is_private else Withdrawal.NONE,
        lab=lab,
        slug=_free_slug(called or name, spec.digest),
    )


def _sizes_of(recipe: Recipe) -> dict[str, int | None]:
    """Return the dimensions that an agent plays, by field; None for an agent that plays in any scenario."""
    scenario = recipe.scenario
    if scenario is None:
        return dict.fromkeys(DIMENSIONS)
    return dict(zip(DIMENSIONS, (scenario.cameras, scenario.targets, scenario.obstacles), strict=True))


def accept_mixture(upload: Upload, imported: ImportedMixture, members: Sequence[Agent], name: str = "") -> Agent | None:
    """Register the mixture agent of an uploaded PSRO run with these `members`. None if it cannot be played."""
    by_checkpoint = {row.spec["checkpoint"]: row for row in members if row.kind == AgentKind.CHECKPOINT}
    parts: list[tuple[float, agents.Spec]] = []
    identities: list[tuple[float, str]] = []
    learned: list[Agent] = []
    for member in imported.members:
        if member.weight <= 0:
            continue
        if member.agent == "random":
            parts.append((member.weight, agents.Builtin(imported.team, "random")))
            identities.append((member.weight, parts[-1][1].digest))
        elif member.agent in by_checkpoint:
            learned.append(by_checkpoint[member.agent])
            parts.append((member.weight, load_spec(learned[-1])))
            identities.append((member.weight, _identity_of(learned[-1])))
        else:
            return None
    if not parts:
        return None
    sizes = {key: getattr(learned[0], key) for key in DIMENSIONS} if learned else {}
    return _accept(
        agents.Mixture(imported.team, tuple(parts)),
        upload.owner,
        name or imported.name or upload.filename,
        identity=agents.identify_mixture(imported.team, identities),
        kind=AgentKind.MIXTURE,
        architecture=f"Mixture of {len(parts)}",
        trained_enhanced_observation=learned[0].trained_enhanced_observation if learned else "",
        provenance={"file": upload.filename, "members": [[part.label, part.weight] for part in imported.members]},
        is_listed=not upload.is_private,
        withdrawn=Withdrawal.PRIVATE if upload.is_private else Withdrawal.NONE,
        lab=upload.lab,
        **sizes,
    )


def register_mixture(
    members: Sequence[tuple[float, Agent]],
    name: str,
    owner: Any,
    *,
    provenance: dict[str, Any] | None = None,
    is_listed: bool = True,
) -> Agent:
    """Register the agent that plays each episode as one of these agents of one team, drawn with these weights.

    An agent that is registered already stays unchanged. Raises `agents.AgentError` for invalid weights or mixed teams.
    """
    rows = [row for _, row in members]
    spec = agents.Mixture(rows[0].team, tuple((weight, load_spec(row)) for weight, row in members))
    sizes = {key: next((getattr(row, key) for row in rows if getattr(row, key)), None) for key in DIMENSIONS}
    trained = {row.trained_enhanced_observation for row in rows} - {""}
    return _accept(
        spec,
        owner,
        name,
        identity=agents.identify_mixture(spec.team, [(weight, _identity_of(row)) for weight, row in members]),
        kind=AgentKind.MIXTURE,
        architecture=f"Mixture of {len(spec.members)}",
        trained_enhanced_observation=trained.pop() if len(trained) == 1 else "",
        provenance=_plain(provenance or {}) | {"members": [[row.name, weight] for weight, row in members]},
        is_listed=is_listed,
        **sizes,
    )


DIMENSIONS = ("num_cameras", "num_targets", "num_obstacles")


def _identity_of(row: Agent) -> str:
    return row.identity or row.digest


def _find(spec: agents.Spec, identity: str) -> Agent | None:
    """Return the agent that plays as `spec` does, whatever its provenance."""
    found = Agent.objects.filter(Q(identity=identity) | Q(digest=spec.digest))
    return min(found, key=lambda row: row.identity != identity, default=None)


def _accept(spec: agents.Spec, owner: Any, name: str, identity: str, **columns: Any) -> Agent:
    existing = _find(spec, identity)
    if existing is not None:
        return existing
    own = {"team": spec.team, "name": name[:NAME_LENGTH], "slug": _free_slug(name, spec.digest)}
    values = own | {"owner": owner, "spec": spec.to_json(), "identity": identity} | columns
    try:
        with transaction.atomic():
            return Agent.objects.create(digest=spec.digest, **values)
    except IntegrityError:
        existing = _find(spec, identity)
        if existing is None:
            raise
        return existing  # Another process registered it in the meantime.


def _free_slug(name: str, digest: str) -> str:
    """Return a slug of the name, with as much of the digest as makes it unique."""
    return f"{slugify(name)[:80] or 'agent'}-{digest[:12]}"


def _describe_architecture(recipe: Any) -> str:
    """Return the architecture in words: the one that the import recognised, else the network's outline."""
    words = recipe.provenance.get("algorithm") or recipe.provenance.get("architecture")
    return str(words or "Network")[:80]


def _plain(value: Any) -> Any:
    """Return JSON values of nested mappings and tuples."""
    return json.loads(json.dumps(value, default=lambda other: dict(other) if hasattr(other, "keys") else str(other)))


# Who can play where


@dataclass(frozen=True)
class Fitness:
    """Whether an agent can play in a scenario: problems forbid it, notes are shown."""

    problems: tuple[str, ...]
    notes: tuple[str, ...]


def check_fitness(agent: Agent, scenario: Scenario) -> Fitness:
    """Return the problems of an agent in a scenario, with the numbers of entities of both, and remarks about it."""
    words = {"num_cameras": "cameras", "num_targets": "targets", "num_obstacles": "obstacles"}
    problems = [
        f"{agent.name} was trained for {getattr(agent, key)} {word}, and {scenario.name} has {getattr(scenario, key)}."
        for key, word in words.items()
        if getattr(agent, key) not in (None, getattr(scenario, key))
    ]
    trained, now = agent.trained_enhanced_observation, scenario.enhanced_observation
    notes = []
    if trained and trained != now:
        notes.append(f"{agent.name} was trained {SIGHTS[trained]}; {scenario.name} is played {SIGHTS[now]}.")
    return Fitness(tuple(problems), tuple(notes))


def find_home(agent: Agent, scenarios: Sequence[Scenario]) -> Scenario | None:
    """Return the first scenario that is closest to the agent's training; None where there are none."""

    def distance(scenario: Scenario) -> tuple[int, int]:
        fitness = check_fitness(agent, scenario)
        return len(fitness.problems), len(fitness.notes)

    return min(scenarios, key=distance, default=None)
