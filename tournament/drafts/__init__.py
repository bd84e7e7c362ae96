"""Drafts of scenarios: documents in YAML or JSON that are read, checked for all problems at once, and written."""

from tournament.drafts.checking import MAX_ENTITIES, check, find_problems
from tournament.drafts.documents import KEYS, MAX_BYTES, SECTIONS, measure, merge, read, to_document, to_yaml

__all__ = [
    "KEYS",
    "MAX_BYTES",
    "MAX_ENTITIES",
    "SECTIONS",
    "check",
    "find_problems",
    "measure",
    "merge",
    "read",
    "to_document",
    "to_yaml",
]
