"""Refusals of what was asked for, with every reason and the field that each is about."""

from __future__ import annotations

from mate.errors import UserError


class RequestRefused(UserError):
    """Something cannot be had as it was asked for. `problems` are all reasons: (field, sentence), the field empty for the whole."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(f"{field}: {text}" if field else text for field, text in problems))
        self.problems = problems

    @property
    def reasons(self) -> str:
        """All sentences, for where the fields are not beside them."""
        return " ".join(text for _, text in self.problems)
