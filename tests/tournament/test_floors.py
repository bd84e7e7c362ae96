"""The pure parts of the tournament floor are usable without Django, and match workers without a network library."""

import subprocess
import sys

import pytest

PURE = [
    "agents",
    "arranging",
    "comparing",
    "distributions",
    "formats",
    "matches",
    "meta_solvers",
    "payoffs",
    "psro",
    "ratings",
    "replays",
    "seeds",
    "strips",
]


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_imports_no_django(name):
    code = f"import sys, tournament.{name}; sys.exit('django' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
