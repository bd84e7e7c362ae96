"""Downloads: the file of an agent, or of the populations of a PSRO run (`tournament.archives`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from mate.messages import Team
from tournament import archives, entries, storages
from tournament.agents import LearnedAgent, Mixture, Spec, checkpoints, has_foreign_code
from tournament.archives import NATIVE, ONNX
from tournament.models import Agent, AgentKind, PsroPhase, PsroRun
from tournament.psro_runs import populations
from tournament.refusals import RequestRefused

Judge = Callable[[Agent], bool]
"""Whether an agent may be given to the caller."""


def find_file(agent: Agent, networks: str = NATIVE) -> Path | None:
    """Return the path of an agent that is one native checkpoint; None for other agents, which `write_agent` writes."""
    if agent.kind != AgentKind.CHECKPOINT or networks != NATIVE:
        return None
    return Path(storages.local_path(entries.checkpoint_name(agent.spec["checkpoint"])))


def write_agent(agent: Agent, file: IO[bytes], networks: str = NATIVE) -> None:
    """Write an agent with all that it needs; a single network in ONNX format is written as a file for uploads.

    Raises RequestRefused if a part of the agent is code outside the portal, or if ONNX is wanted and it has no network.
    """
    spec = entries.load_spec(agent)
    if has_foreign_code(spec):
        raise RequestRefused([("", f"{agent.name} is code that the portal does not have. Ask who runs it.")])
    if networks == ONNX and isinstance(spec, LearnedAgent):
        file.write(_read_onnx(spec.checkpoint))
        return
    if networks == ONNX and not checkpoints(spec):
        raise RequestRefused([("format", f"{agent.name} has no network. Download it in the native format.")])
    archives.write(file, {agent.name: spec}, _READERS[networks], _facts(agent), networks)


def _read(digest: str) -> bytes:
    return Path(storages.local_path(entries.checkpoint_name(digest))).read_bytes()


def _read_onnx(digest: str) -> bytes:
    from policies.exporting import pack, to_onnx

    return pack(*to_onnx(entries.open_checkpoint(digest)))


_READERS = {NATIVE: _read, ONNX: _read_onnx}


def _facts(agent: Agent) -> dict[str, Any]:
    return {"slug": agent.slug, "digest": agent.digest, "description": agent.description}


def write_populations(run: PsroRun, file: IO[bytes], may_have: Judge, networks: str = NATIVE) -> None:
    """Write both populations of a run after its last solved iteration, and each team's strategy as a mixture.

    They are named `camera/NUMBER NAME` and `target/NUMBER NAME`, in the order of the tables, and the mixtures `camera`
    and `target`. Members that the caller may not have, or that the portal does not have, are named only in the facts. A
    strategy that plays such a member has no mixture. Raises RequestRefused if no iteration is solved.
    """
    last = run.iterations.filter(phase=PsroPhase.SOLVED).last()
    if last is None:
        raise RequestRefused([("", "Nothing of this run is solved yet: there are no populations to download.")])
    specs: dict[str, Spec] = {}
    missing: list[str] = []
    for team, strategy in ((Team.CAMERA, last.camera_strategy), (Team.TARGET, last.target_strategy)):
        members = populations.members(run, team, last.number)
        found: list[tuple[float, Spec | None]] = []
        for number, (member, share) in enumerate(zip(members, strategy, strict=True)):
            name, agent = f"{team}/{number} {member.name}", member.agent
            spec = entries.load_spec(agent) if agent is not None and may_have(agent) else None
            spec = None if spec is not None and has_foreign_code(spec) else spec
            found.append((share, spec))
            if spec is None:
                missing.append(name)
            else:
                specs[name] = spec
        played = [(share, spec) for share, spec in found if share > 0]
        if played and all(spec is not None for _share, spec in played):
            specs[str(team)] = Mixture(str(team), tuple(played))  # type: ignore[arg-type]
    facts = {"run": run.name, "scenario": run.scenario.slug, "iteration": last.number, "missing": missing}
    archives.write(file, specs, _READERS[networks], facts, networks)


def is_common(agent: Agent) -> bool:
    """Return whether everybody may have an agent, because it is one of the game's or its owner allows it."""
    return agent.is_downloadable or agent.kind == AgentKind.BUILTIN
