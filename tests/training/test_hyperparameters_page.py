"""docs/hyperparameters.md says of every hyperparameter what the code says."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from training.hyperparameters import HYPERPARAMETERS, Hyperparameter
from training.preset_changes import CHANGES

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "hyperparameters.md").read_text()
ROWS = [line.strip("| ").split(" | ") for line in TEXT.splitlines() if line.startswith("| `")]


def test_the_table_has_all_of_them_in_order() -> None:
    assert [row[0] for row in ROWS] == [f"`{name}`" for name in HYPERPARAMETERS]


@pytest.mark.parametrize("one", HYPERPARAMETERS.values(), ids=lambda one: one.name)
def test_meaning_unit_bounds_and_defaults_are_those_of_the_code(one: Hyperparameter) -> None:
    _, meaning, unit, bounds, *defaults = next(row for row in ROWS if row[0] == f"`{one.name}`")
    assert meaning.startswith(one.meaning)
    assert unit == (one.unit or "–")
    assert bounds == (", ".join(one.choices) or f"{shorten(one.low)} to {shorten(one.high)}")
    for preset, shown in zip(("quick", "upstream"), defaults, strict=True):
        values = [show(one.default(preset, team)) for team in one.teams]
        assert shown == "; ".join(dict.fromkeys(values))


@pytest.mark.parametrize("preset", CHANGES)
def test_presets_made_of_others_show_their_changes(preset: str) -> None:
    column = list(CHANGES).index(preset)
    rows = [line.strip("| ").split(" | ") for line in TEXT.splitlines() if line.startswith("| *")]
    shown = {row[0].strip("*"): row[1 + column] for row in rows}
    assert {name: value for name, value in shown.items() if value != "as quick"} == {
        name: "; ".join(map(show, value.values())) if isinstance(value, Mapping) else show(value)
        for name, value in CHANGES[preset].items()
    }


def show(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(f"{one[0]:g}: {one[1]:g}" if isinstance(one, list) else str(one) for one in value)
    return value if isinstance(value, str) else shorten(value)


def shorten(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:g}"
