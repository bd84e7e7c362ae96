"""The statements of the page on environments are true."""

import re
from pathlib import Path

import pytest

from mate.batched.rewards import COMPONENTS
from mate.messages import Team
from policies import Dimensions
from tests.policies.checkpoints import make_checkpoint

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "environments.md").read_text()


def test_the_examples_run_and_have_the_shapes_that_they_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_checkpoint(scenario=Dimensions(4, 8, 9)).save(tmp_path / "agent.zip")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert names["observations"].shape == (16, 4, 126)
    assert names["rewards"].shape == (16,)
    assert names["scenario"].communication_delay == 3 and len(names["seen"]) == 8


def test_the_table_names_every_component_of_a_reward() -> None:
    rows = re.findall(r"^\| (`.*?) \| (both|cameras|targets) \|$", PAGE, re.MULTILINE)
    named = {team: set(re.findall(r"`(\w+)`", names)) for names, team in rows}
    for team, word in ((Team.CAMERA, "cameras"), (Team.TARGET, "targets")):
        assert named["both"] | named[word] == {*COMPONENTS[team], "soft_coverage_score"}
