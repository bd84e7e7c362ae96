"""Refusals of requests, with every reason and the field that each is about."""

from __future__ import annotations

from mate.errors import UserError


class RequestRefused(UserError):
    """A refused request. `problems` are all reasons as (field, sentence), the field empty for the whole.

    `str` returns all sentences.
    """

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(text for _, text in problems))
        self.problems = problems

    @property
    def with_fields(self) -> str:
        """Return all sentences, each after its field."""
        return " ".join(f"{field}: {text}" if field else text for field, text in self.problems)
