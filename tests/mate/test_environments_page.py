"""The page on environments says what is so."""

import re
from pathlib import Path

from mate.batched.rewards import COMPONENTS
from mate.messages import Team

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "environments.md").read_text()


def test_the_example_runs_and_has_the_shapes_it_says() -> None:
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    assert names["observations"].shape == (16, 4, 126)
    assert names["rewards"].shape == (16,)


def test_the_table_names_every_component_of_a_reward() -> None:
    rows = re.findall(r"^\| (`.*?) \| (both|cameras|targets) \|$", PAGE, re.MULTILINE)
    named = {team: set(re.findall(r"`(\w+)`", names)) for names, team in rows}
    for team, word in ((Team.CAMERA, "cameras"), (Team.TARGET, "targets")):
        assert named["both"] | named[word] == {*COMPONENTS[team], "soft_coverage_score"}
