"""What docs/checkpoint-format.md shows works, and its tables name what there is."""

import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from policies import Action, Architecture, Checkpoint, Dimensions, Preprocessing, Recipe
from policies.inference import BatchedPolicy
from policies.preprocessing import preprocess
from policies.recipe import ACTIVATIONS, DECODINGS, ENHANCEMENTS, HEADS, MEMORIES, OUTPUTS, PLAYS, TEAMS
from tests.policies.checkpoints import Sizes, make_observations

TEXT = (Path(__file__).resolve().parent.parent.parent / "docs" / "checkpoint-format.md").read_text()
WRITING, READING = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_example_writes_a_checkpoint_that_plays_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(WRITING, names)
    exec(READING, names)
    checkpoint = Checkpoint.load("my_camera.zip")
    assert checkpoint == names["checkpoint"] == Checkpoint(names["recipe"], names["weights"])
    assert checkpoint.digest in capsys.readouterr().out
    observations = make_observations(checkpoint.recipe, 1)
    policy = BatchedPolicy(checkpoint, Sizes(4, 8, 9), 1)
    outputs = policy.infer(np.array([0]), observations)
    inputs = preprocess(observations[0], "camera", checkpoint.recipe.scenario, checkpoint.recipe.preprocessing)
    with torch.inference_mode():
        expected, _ = names["actor"](torch.from_numpy(inputs)[None])
    assert np.abs(outputs - expected[0].numpy()).max() < 1e-5


@pytest.mark.parametrize("part", [Recipe, Architecture, Action, Preprocessing, Dimensions])
def test_every_field_is_described(part: type) -> None:
    assert all(f"`{field.name}`" in TEXT for field in fields(part))


@pytest.mark.parametrize("choices", [ACTIVATIONS, DECODINGS, ENHANCEMENTS, HEADS, MEMORIES, OUTPUTS, PLAYS, TEAMS])
def test_every_choice_is_described(choices: tuple[str, ...]) -> None:
    assert all(f'`"{choice}"`' in TEXT for choice in choices)
