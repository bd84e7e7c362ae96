"""The interface of tournament formats, and the form of their findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Protocol, cast

from tournament.formats.evidence import ChosenEpisodes, Evidence
from tournament.formats.settings import Rule, Setting


@dataclass(frozen=True)
class Figure:
    """A number with its interval.

    `lower` and `upper` are None without an interval, `value` is None while it is unknown. `agent` is the digest of the
    agent that the number describes, if it describes one.
    """

    title: str
    value: float | None
    lower: float | None = None
    upper: float | None = None
    unit: str = ""
    agent: str = ""


@dataclass(frozen=True)
class Finding:
    """A format's result so far, as the page shows it.

    `headline` is one sentence; `figures` are its numbers. `trace` has one flat dictionary of numbers for each growth of
    the evidence, oldest first; all have the same keys, including `episodes`. `is_decided` says that the question is
    answered and no more episodes are needed. `expected_left` is the expected number of remaining episodes, None where
    it is unknown. `details` are specific to the format.
    """

    headline: str
    figures: tuple[Figure, ...] = ()
    trace: tuple[Mapping[str, float | None], ...] = ()
    is_decided: bool = False
    expected_left: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return dictionaries and lists; the inverse of `from_json`."""
        document = asdict(self)
        return document | {"figures": list(document["figures"]), "trace": list(document["trace"])}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Finding:
        """Return a finding from its stored form."""
        figures = tuple(Figure(**figure) for figure in document["figures"])
        return cls(**dict(document) | {"figures": figures, "trace": tuple(document["trace"])})


class Format(Protocol):
    """The rule by which a tournament grows. Formats are stateless: equal evidence gives equal choices and findings."""

    @property
    def limit(self) -> int:
        """Maximum number of episodes that it ever adds."""
        ...

    def choose(self, evidence: Evidence, round: int) -> list[ChosenEpisodes]:
        """Return the choices of a round, given all episodes of the earlier ones; none if the tournament is over.

        Rounds count from 0. No choice contains an episode of the evidence or a closed pairing.
        """
        ...

    def find(self, evidence: Evidence, earlier: Finding | None = None) -> Finding:
        """Return the result so far; its trace continues that of the earlier finding."""
        ...


def extend(earlier: Finding | None, point: Mapping[str, float | None]) -> tuple[Mapping[str, float | None], ...]:
    """Return the earlier finding's trace and one more point, which replaces those with as many episodes or more."""
    kept = () if earlier is None else earlier.trace
    return (*(old for old in kept if (old["episodes"] or 0) < (point["episodes"] or 0)), point)


@dataclass(frozen=True)
class Chart:
    """The picture of a finding's trace.

    `curves` maps columns of the trace to their names. `goal` names the setting that the curve is to reach. `bounds`
    maps columns of the last point to the meaning of reaching them.
    """

    title: str
    curves: Mapping[str, str]
    goal: str = ""
    bounds: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FormatInfo:
    """A format as users choose it, with everything that forms, pages and schedules need to know about it.

    `purpose` is what a user wants who chooses it. It is shown with `title`, `explanation` and `settings` where a format
    is chosen, `chart` where it is followed. `rule` is a Format, whose fields are its settings. `compares_two`: two
    agents of one team play the same opponents. `has_fixed_size`: it plays its limit, whatever it finds.
    `places_newcomers`: a schedule may start it for every new agent. `has_question`: its finding says more than the
    boards do.
    """

    name: str
    title: str
    purpose: str
    explanation: str
    rule: type[Rule]
    chart: Chart | None = None
    compares_two: bool = False
    has_fixed_size: bool = False
    places_newcomers: bool = False
    has_question: bool = True

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """The settings in display order."""
        return self.rule.list_settings()

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return all settings with defaults filled in. Raises UserError that names everything that is wrong."""
        return self.rule.check(self.title, settings)

    def make(self, settings: Mapping[str, Any], cameras: Sequence[str], targets: Sequence[str]) -> Format:
        """Return the format with these settings for these fields (digests). Raises UserError if they are invalid."""
        rule = self.rule(cameras=tuple(cameras), targets=tuple(targets), **self.check(settings))
        rule.check_fields()
        return cast(Format, rule)
