"""What every format of tournament offers, and how it tells of the state of affairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from tournament.formats.evidence import Choice, Evidence
from tournament.formats.settings import Setting, check


@dataclass(frozen=True)
class Figure:
    """A number with its interval; `lower` and `upper` are None where there is no interval, `value` where it is not known yet.

    `agent` is the digest of the agent that it is about, if it is about one.
    """

    title: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    unit: str = ""
    agent: str = ""


@dataclass(frozen=True)
class Finding:
    """The state of affairs, as the page shows it.

    `headline` is one sentence. `figures` are its numbers. `trace` has a flat dictionary of numbers for each time that the
    evidence grew, oldest first, all with the same keys, `episodes` among them. `is_decided` says that the question is answered
    and no more episodes are wanted; `expected_left` are the episodes still expected, None where that is not known. `details` are the format's own.
    """

    headline: str
    figures: tuple[Figure, ...] = ()
    trace: tuple[Mapping[str, float | None], ...] = ()
    is_decided: bool = False
    expected_left: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Dictionaries and lists; the inverse of `from_json`."""
        document = asdict(self)
        return document | {"figures": list(document["figures"]), "trace": list(document["trace"])}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Finding:
        """A finding as it was stored."""
        figures = tuple(Figure(**figure) for figure in document["figures"])
        return cls(**dict(document) | {"figures": figures, "trace": tuple(document["trace"])})


class Format(Protocol):
    """Rules by which a tournament grows. Formats keep nothing: equal evidence gives equal choices and findings."""

    @property
    def limit(self) -> int:
        """More episodes than this it never asks for."""
        ...

    def choose(self, evidence: Evidence, round: int) -> list[Choice]:
        """What to play in a round, given all episodes of the earlier ones; nothing if the tournament is over.

        Rounds count from 0. No choice contains an episode that the evidence has, and none is of a closed pairing.
        """
        ...

    def find(self, evidence: Evidence, earlier: Finding | None = None) -> Finding:
        """The state of affairs. The trace continues that of the earlier finding."""
        ...


def extend(earlier: Finding | None, point: Mapping[str, float | None]) -> tuple[Mapping[str, float | None], ...]:
    """The trace of the earlier finding and one more point, which replaces those that knew as many episodes or more."""
    kept = () if earlier is None else earlier.trace
    return (*(old for old in kept if (old["episodes"] or 0) < (point["episodes"] or 0)), point)


@dataclass(frozen=True)
class FormatInfo:
    """A format as users choose it: `title` and `explanation` are for them, `settings` what they may set."""

    name: str
    title: str
    explanation: str
    settings: tuple[Setting, ...]
    build: Callable[..., Format]

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """All settings, defaults filled in. Raises UserError that names everything that is wrong."""
        return check(self.title, self.settings, settings)

    def make(self, settings: Mapping[str, Any], cameras: Sequence[str], targets: Sequence[str]) -> Format:
        """The format with these settings for these fields (digests). Raises UserError if it cannot be."""
        return self.build(cameras=tuple(cameras), targets=tuple(targets), **self.check(settings))
