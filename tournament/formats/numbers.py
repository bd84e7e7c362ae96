"""How numbers stand in the sentences of formats."""

from __future__ import annotations


def write(number: float, how: str = ",.10g") -> str:
    """A number in the way of Python's format language, with a true minus sign, as tables and pictures have it."""
    return f"{number:{how}}".replace("-", "−")
