"""docs/original.md names every wrapper and option, and says of trainings what is true."""

import json
import re
from pathlib import Path

import pytest

import mate.wrappers
from training.__main__ import main
from training.algorithms import ALGORITHMS
from training.configuration import check

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "original.md").read_text()
ROWS = list(re.finditer(r"^\| `examples/((?:hrl/)?\w+)/camera`([^|]*)\|([^|]+)\|", TEXT, re.MULTILINE))
SCRIPTS = {match[1]: match[3].strip(" `") for match in ROWS}
PAIRS = [(match[3].strip(" `"), team) for match in ROWS for team in ("camera", "target")[: 1 + ("/target" in match[2])]]


def test_every_wrapper_has_a_row() -> None:
    functions = {"Wrapper", "WrapperMeta", "WrapperSpec", *(n for n in mate.wrappers.__all__ if n.startswith("group_"))}
    assert not [name for name in mate.wrappers.__all__ if name not in functions and f"`{name}`" not in TEXT]


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_a_script_is_said_to_be_trained_where_it_is(name: str) -> None:
    algorithm = name.replace("/", "-")
    assert SCRIPTS[name] == (algorithm if algorithm in ALGORITHMS else "no")


@pytest.mark.parametrize(("algorithm", "team"), PAIRS)
def test_the_command_that_it_gives_writes_a_training(tmp_path: Path, algorithm: str, team: str) -> None:
    command = re.search(r"`python -m training (new FOLDER[^`]+)`", TEXT)
    assert command is not None
    values = {"FOLDER": str(tmp_path / "run"), "SCENARIO": "MATE-4v8-9", "TEAM": team, "ALGORITHM": algorithm}
    assert main([values.get(word, word) for word in command[1].split()]) == 0
    written = check(json.loads((tmp_path / "run" / "configuration.json").read_text()))
    assert (written.algorithm, written.team, written.scenario.num_targets) == (algorithm, team, 8)


def test_every_tests_file_that_it_names_exists() -> None:
    root = Path(__file__).resolve().parents[2]
    assert not [path for path in re.findall(r"tests/[\w/]+\.py", TEXT) if not (root / path).is_file()]
    assert len(SCRIPTS) == 12 and len(PAIRS) == 19
