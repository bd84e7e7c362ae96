"""Numbers in the sentences of formats."""

from __future__ import annotations


def write(number: float, how: str = ",.10g") -> str:
    """Format a number by Python's format language, with the typographic minus sign of tables and pictures."""
    return f"{number:{how}}".replace("-", "−")
