"""The audit of the pinned packages: its evaluation of an answer."""

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

AUDIT = Path(__file__).resolve().parents[1] / ".ci" / "audit"
SOUND = {"name": "django", "version": "5.2.19", "vulns": []}
ILL = {"name": "pillow", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]}
UNKNOWN = {"name": "numba", "skip_reason": "Dependency not found"}


@pytest.fixture
def tell() -> Callable[[str], int]:
    return runpy.run_path(str(AUDIT))["tell"]


def answer(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": packages})


def test_a_known_vulnerability_fails_and_names_its_mend(tell: Any, capsys: Any) -> None:
    assert tell(answer(SOUND, ILL)) == 1
    assert "pillow 1.0: PYSEC-1, mended in 1.1" in capsys.readouterr().out


def test_sound_packages_pass_and_say_how_many_were_audited(tell: Any, capsys: Any) -> None:
    assert tell(answer(SOUND, UNKNOWN)) == 0
    assert "1 of 2 packages were audited, 0 vulnerabilities" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("document", "error"), [("", "requests.exceptions.ConnectionError: no route"), (answer(UNKNOWN), "")]
)
def test_without_the_advisories_it_says_that_nothing_was_audited(
    tell: Any, capsys: Any, document: str, error: str
) -> None:
    assert tell(document, error) == 0
    assert "Nothing was audited" in capsys.readouterr().out


@pytest.mark.parametrize("error", ["", "ValueError: a line is no pin"])
def test_an_audit_that_breaks_is_no_success(tell: Any, capsys: Any, error: str) -> None:
    assert tell("", error) == 1
    assert "pip-audit failed" in capsys.readouterr().out
