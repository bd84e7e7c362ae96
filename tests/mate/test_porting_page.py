"""The porting page for users of the original is right: its snippets and commands run."""

import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from policies import Dimensions
from tests.policies.checkpoints import make_checkpoint
from tests.sources import ROOT

PAGE = (ROOT / "docs" / "porting.md").read_text()
COMMANDS = re.findall(r"^python (.*)$", "\n".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)), re.MULTILINE)
OPTION = re.compile(r"--[a-z-]+")


def test_the_snippets_run_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_checkpoint(scenario=Dimensions(2, 4, 0)).save(tmp_path / "agent.zip")
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert names["observations"].shape == (16, 8, 131)
    assert (tmp_path / "episode.gif").stat().st_size > 0


@pytest.mark.parametrize("command", COMMANDS)
def test_the_commands_run(command: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, *shlex.split(command)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr


@cache
def options_of(*module: str) -> set[str]:
    """The options that ``python MODULE --help`` shows."""
    command = [sys.executable, *module, "--help"]
    return set(OPTION.findall(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout))


def test_the_table_names_options_that_exist() -> None:
    rows = re.findall(r"^\| .* \| (.*`python -m .*) \|$", PAGE, re.MULTILINE)
    commands = [shlex.split(command)[1:] for row in rows for command in re.findall(r"`(python -m [^`]*)`", row)]
    assert len(commands) >= 5
    for words in commands:
        module = words[: 3 if words[1] == "training" else 2]
        assert set(OPTION.findall(" ".join(words))) <= options_of(*module), words
