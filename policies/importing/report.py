"""The result of an import, in a form that can be shown, stored and sent between processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from policies.checkpoint import Checkpoint
from policies.errors import CheckpointError
from policies.importing.errors import ImportRefused

RANDOM = "random"
"""Name of the built-in random agent in a mixture; PSRO pools begin with it."""


@dataclass(frozen=True)
class Step:
    """One step of the checking: ``status`` is ``ok``, ``failed`` or ``skipped``."""

    name: str
    status: str
    detail: str = ""


@dataclass(frozen=True)
class Question:
    """A question about information that the file lacks; the answer sets the recipe's ``field``."""

    field: str
    text: str
    choices: tuple[str, ...]
    default: str


PLAY_QUESTION = Question(
    field="play",
    text="Should it sample its actions (stochastic, as upstream's evaluation does) or take the likeliest "
    "(deterministic)?",
    choices=("stochastic", "deterministic"),
    default="stochastic",
)


@dataclass(frozen=True)
class ImportedAgent:
    """A learned agent found in the file; ``source`` is its path in the archive."""

    name: str
    team: str
    checkpoint: Checkpoint
    source: str
    notes: tuple[str, ...] = ()
    questions: tuple[Question, ...] = (PLAY_QUESTION,)


@dataclass(frozen=True)
class MixtureMember:
    """A member of a mixture.

    ``agent`` is the digest of an imported checkpoint, ``RANDOM``, or None if the checkpoint is missing.
    """

    label: str
    weight: float
    agent: str | None


@dataclass(frozen=True)
class ImportedMixture:
    """The final mixture of a PSRO run for one team; it is playable if no member with a weight is missing."""

    name: str
    team: str
    members: tuple[MixtureMember, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """Labels of the members that have a weight and no checkpoint in the file."""
        return tuple(member.label for member in self.members if member.agent is None and member.weight > 0)

    @property
    def is_playable(self) -> bool:
        """Whether no member with a weight is missing."""
        return not self.missing


@dataclass(frozen=True)
class ResultTable:
    """A table of numbers of a PSRO result, row by row."""

    name: str
    rows: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class ImportedIteration:
    """The data of one player's iteration in a PSRO result.

    ``tables`` has those of the tables ``payoff``, ``sigma``, ``coverage_rate`` and ``exploitability`` that exist.
    ``agent`` is the digest of the checkpoint that the iteration added, if the file has it. ``checkpoint`` is its path
    on the machine that trained it.
    """

    player: str
    number: int
    tables: tuple[ResultTable, ...]
    agent: str | None = None
    checkpoint: str = ""


@dataclass(frozen=True)
class ImportedResult:
    """A whole PSRO result, named after its folder."""

    name: str
    iterations: tuple[ImportedIteration, ...]


@dataclass(frozen=True)
class ImportReport:
    """The content of an uploaded file, and the steps of its check.

    ``tables`` holds the last table of each kind.
    """

    agents: tuple[ImportedAgent, ...]
    mixtures: tuple[ImportedMixture, ...] = ()
    tables: tuple[ResultTable, ...] = ()
    steps: tuple[Step, ...] = ()
    results: tuple[ImportedResult, ...] = ()

    def renamed(self, digests: Mapping[str, str]) -> ImportReport:
        """Return the report with other digests for the members of its mixtures and the agents of its results."""
        mixtures = tuple(
            replace(
                mixture,
                members=tuple(replace(one, agent=digests.get(one.agent or "", one.agent)) for one in mixture.members),
            )
            for mixture in self.mixtures
        )
        results = tuple(
            replace(
                result,
                iterations=tuple(
                    replace(one, agent=digests.get(one.agent or "", one.agent)) for one in result.iterations
                ),
            )
            for result in self.results
        )
        return replace(self, mixtures=mixtures, results=results)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values; checkpoints are represented by their digests."""
        agents = [
            {
                "name": agent.name,
                "team": agent.team,
                "digest": agent.checkpoint.digest,
                "source": agent.source,
                "notes": list(agent.notes),
                "questions": [asdict(question) for question in agent.questions],
            }
            for agent in self.agents
        ]
        return {
            "agents": agents,
            "mixtures": [asdict(mixture) for mixture in self.mixtures],
            "tables": [asdict(table) for table in self.tables],
            "steps": [asdict(step) for step in self.steps],
            "results": [asdict(result) for result in self.results],
        }

    @classmethod
    def from_json(cls, content: dict[str, Any], load: Callable[[str], Checkpoint]) -> ImportReport:
        """Return the report that ``to_json`` wrote; ``load`` returns the checkpoint of a digest."""
        agents = tuple(
            ImportedAgent(
                name=agent["name"],
                team=agent["team"],
                checkpoint=load(agent["digest"]),
                source=agent["source"],
                notes=tuple(agent["notes"]),
                questions=tuple(
                    Question(**{**question, "choices": tuple(question["choices"])}) for question in agent["questions"]
                ),
            )
            for agent in content["agents"]
        )
        mixtures = tuple(
            ImportedMixture(
                mixture["name"], mixture["team"], tuple(MixtureMember(**member) for member in mixture["members"])
            )
            for mixture in content["mixtures"]
        )
        results = tuple(
            ImportedResult(
                result["name"],
                tuple(
                    ImportedIteration(**iteration | {"tables": _read_tables(iteration["tables"])})
                    for iteration in result["iterations"]
                ),
            )
            for result in content.get("results", ())
        )
        steps = tuple(Step(**step) for step in content["steps"])
        return cls(agents, mixtures, _read_tables(content["tables"]), steps, results)


def _read_tables(content: list[dict[str, Any]]) -> tuple[ResultTable, ...]:
    return tuple(ResultTable(table["name"], tuple(map(tuple, table["rows"]))) for table in content)


@dataclass
class Journal:
    """The steps taken so far; each is passed to ``watch`` when it has ended."""

    watch: Callable[[Step], None] = lambda step: None
    steps: list[Step] = field(default_factory=list)

    def note(self, step: Step) -> None:
        """Add a step."""
        self.steps.append(step)
        self.watch(step)

    @contextmanager
    def step(self, name: str, is_silent: bool = False) -> Iterator[list[str]]:
        """Record a step, which fails if its block raises a refusal; texts appended to the list become its detail.

        A silent step is only recorded if it fails.
        """
        details: list[str] = []
        try:
            yield details
        except CheckpointError as error:
            self.note(Step(name, "failed", str(error)))
            raise ImportRefused(str(error), tuple(self.steps)) from None
        if not is_silent:
            self.note(Step(name, "ok", "; ".join(details)))
