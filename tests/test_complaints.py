"""The page of common complaints names tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_each_complaint_has_an_answer_and_a_test_that_exists() -> None:
    rows = re.findall(r"^\| (\d+)\. .+ \| .+ \| `(test_\w+)` \|$", (ROOT / "docs/complaints.md").read_text(), re.M)
    assert [int(number) for number, _ in rows] == list(range(1, 21))
    sources = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for _, name in rows if f"def {name}(" not in sources] == []
