"""Importing checkpoints of foreign formats, as data, in a child process."""

from policies.importing.errors import ImportRefused
from policies.importing.limits import DEFAULT_LIMITS, Limits
from policies.importing.report import (
    RANDOM,
    ImportedAgent,
    ImportedIteration,
    ImportedMixture,
    ImportedResult,
    ImportReport,
    MixtureMember,
    Question,
    ResultTable,
    Step,
)
from policies.importing.sandbox import read

__all__ = [
    "DEFAULT_LIMITS",
    "RANDOM",
    "ImportRefused",
    "ImportReport",
    "ImportedAgent",
    "ImportedIteration",
    "ImportedMixture",
    "ImportedResult",
    "Limits",
    "MixtureMember",
    "Question",
    "ResultTable",
    "Step",
    "read",
]
