"""The viewer's pure JavaScript, without a browser: Node.js runs the tests beside this file."""

import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent


@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
def test_the_players_reader_lens_and_state_do_what_their_tests_say() -> None:
    files = sorted(str(path) for path in FOLDER.glob("*.test.js"))
    assert files
    done = subprocess.run(["node", "--test", *files], cwd=FOLDER.parents[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
