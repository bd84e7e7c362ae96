"""Comparing what we compute with what was recorded, and telling where it differs.

A checker is a function ``check(recording, report)`` that looks at the arrays it understands and calls
``report.compare`` or ``report.demand`` for each. Every array that it looked at counts as covered; ``__main__``
complains about arrays that nobody covered.
"""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

TOLERANCE = 1e-9
"""Largest allowed error of a real, in its own unit: map units, degrees, rewards."""


@dataclass
class ArrayComparison:
    """How one array compared: worst error, where (its index), and how many entries are wrong and were ignored."""

    name: str
    is_exact: bool
    worst: float = 0.0
    where: tuple[int, ...] | None = None
    detail: str = ""
    num_wrong: int = 0
    num_compared: int = 0
    num_ignored: int = 0

    @property
    def passes(self) -> bool:
        return self.num_wrong == 0

    def __str__(self) -> str:
        verdict = "ok   " if self.passes else "WRONG"
        error = f"{self.num_wrong} differ" if self.is_exact else f"worst {self.worst:.1e}"
        place = f" at {list(self.where)}" if self.where is not None and (not self.passes or self.worst > 0.0) else ""
        ignored = f", {self.num_ignored} ambiguous left out" if self.num_ignored else ""
        return f"{verdict} {self.name}: {error} of {self.num_compared}{place}{ignored}{self.detail}"


@dataclass
class Report:
    """The findings about one recording."""

    file: str
    findings: list[ArrayComparison] = field(default_factory=list)
    covered: set[str] = field(default_factory=set)

    @property
    def passes(self) -> bool:
        return all(finding.passes for finding in self.findings)

    def cover(self, *names: str) -> None:
        """Say that these arrays were used, although nothing is to be compared with them."""
        self.covered.update(names)

    def compare(
        self,
        name: str,
        ours: ArrayLike,
        recorded: ArrayLike,
        *,
        exact: bool | None = None,
        tolerance: float = TOLERANCE,
        ignore: ArrayLike | None = None,
    ) -> ArrayComparison:
        """Compare entry by entry; the first index is usually the step.

        Booleans and integers (or ``exact=True``) must be equal, reals within ``tolerance`` (NaN equals NaN). Entries
        where ``ignore`` (broadcast from its own leading axes) is true are left out.
        """
        a, b = np.asarray(ours), np.asarray(recorded)
        is_exact = exact if exact is not None else not (a.dtype.kind == "f" or b.dtype.kind == "f")
        finding = ArrayComparison(name, is_exact, num_compared=b.size)
        self._add(finding)
        if a.shape != b.shape:
            finding.num_wrong, finding.detail = max(1, b.size), f"; its shape should be {a.shape}, not {b.shape}"
            return finding
        skip = _spread(ignore, b.shape)
        error = _errors(a, b)
        wrong = ((error > 0.0) if is_exact else ~(error <= tolerance)) & ~skip
        finding.num_ignored = int(skip.sum())
        finding.num_wrong = int(wrong.sum())
        counted = np.where(skip, 0.0, error)
        if counted.size and (counted.max() > 0.0 or finding.num_wrong):
            place = np.unravel_index(int(np.argmax(counted)), counted.shape)
            finding.worst, finding.where = float(counted[place]), tuple(int(i) for i in place)
            if finding.num_wrong:
                finding.detail += f"; ours {a[place]!s}, recorded {b[place]!s}"
        return finding

    def demand(self, name: str, holds: ArrayLike, what: str, *, ignore: ArrayLike | None = None) -> ArrayComparison:
        """Require a condition on the recorded array ``name``, entry by entry; ``what`` says it in words."""
        truth = np.asarray(holds, dtype=bool)
        wrong = ~truth & ~_spread(ignore, truth.shape)
        finding = ArrayComparison(name, True, num_wrong=int(wrong.sum()), num_compared=truth.size)
        if finding.num_wrong:
            finding.where = tuple(int(i) for i in np.argwhere(wrong)[0]) if truth.ndim else ()
            finding.worst, finding.detail = 1.0, f"; it must hold that {what}"
        self._add(finding)
        return finding

    def _add(self, finding: ArrayComparison) -> None:
        self.findings.append(finding)
        self.covered.add(finding.name)

    def lines(self, is_verbose: bool = False) -> Iterable[str]:
        """The report as text: what is wrong, then the worst error of every other array and where; or every finding."""
        wrong = [finding for finding in self.findings if not finding.passes]
        worst = max((f.worst for f in self.findings if not f.is_exact), default=0.0)
        verdict = "passes" if not wrong else f"{len(wrong)} of {len(self.findings)} comparisons FAIL"
        yield f"{self.file}: {verdict}; worst error of a real {worst:.1e}"
        for finding in self.findings if is_verbose else wrong:
            yield f"    {finding}"
        if not is_verbose:
            yield from self._summary({finding.name for finding in wrong})

    def _summary(self, wrong: set[str]) -> Iterable[str]:
        """A line for each array with an error that is allowed, worst first, and the names of those without any."""
        worst: dict[str, ArrayComparison] = {}
        for finding in self.findings:
            if finding.name not in worst or finding.worst > worst[finding.name].worst:
                worst[finding.name] = finding
        findings = [finding for name, finding in worst.items() if name not in wrong]
        for finding in sorted(findings, key=lambda finding: -finding.worst):
            if finding.worst > 0.0:
                yield f"    {finding}"
        equal = [finding.name for finding in findings if finding.worst == 0.0]
        if equal:
            text = f"no error: {', '.join(equal)}"
            yield from textwrap.wrap(text, 116, initial_indent="    ", subsequent_indent="        ")


def _errors(ours: np.ndarray, recorded: np.ndarray) -> np.ndarray:
    a, b = ours.astype(np.float64), recorded.astype(np.float64)
    with np.errstate(invalid="ignore"):
        error = np.abs(a - b)
    error = np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, error)
    return np.where(np.isnan(error), np.inf, error)


def _spread(ignore: ArrayLike | None, shape: tuple[int, ...]) -> np.ndarray:
    if ignore is None:
        return np.zeros(shape, dtype=bool)
    mask = np.asarray(ignore, dtype=bool)
    return np.broadcast_to(mask.reshape(mask.shape + (1,) * (len(shape) - mask.ndim)), shape)
