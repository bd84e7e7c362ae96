"""docs/original.md names every wrapper and option, and says of trainings what is true."""

import re
from pathlib import Path

import pytest

import mate.wrappers
from training.algorithms import ALGORITHMS

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "original.md").read_text()
SCRIPTS = {
    match[1]: match[2].strip(" `")
    for match in re.finditer(r"^\| `examples/((?:hrl/)?\w+)/camera`[^|]*\|([^|]+)\|", TEXT, re.MULTILINE)
}


def test_every_wrapper_has_a_row() -> None:
    functions = {"Wrapper", "WrapperMeta", "WrapperSpec", *(n for n in mate.wrappers.__all__ if n.startswith("group_"))}
    assert not [name for name in mate.wrappers.__all__ if name not in functions and f"`{name}`" not in TEXT]


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_is_said_to_be_trained_where_it_is(name: str) -> None:
    algorithm = name.replace("/", "-")
    assert SCRIPTS[name] == (algorithm if algorithm in ALGORITHMS else "no")


def test_every_tests_file_that_it_names_exists() -> None:
    root = Path(__file__).resolve().parents[2]
    assert not [path for path in re.findall(r"tests/[\w/]+\.py", TEXT) if not (root / path).is_file()]
    assert len(SCRIPTS) == 12
