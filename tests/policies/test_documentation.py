"""The examples of docs/checkpoint-format.md work, and its tables are complete."""

import re
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from policies import Action, Architecture, Checkpoint, Dimensions, EntityArchitecture, Preprocessing, Recipe, exporting
from policies.architectures import ACTIVATIONS, HEADS, MEMORIES, POOLINGS
from policies.graphs.graph import INPUTS, OPERATORS, SPOKEN_INPUTS
from policies.importing import read
from policies.inference import BatchedPolicy
from policies.preprocessing import preprocess
from policies.recipe import DECODINGS, ENHANCEMENTS, OUTPUTS, PLAYS, TEAMS
from policies.rehearsing import rehearse
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


@pytest.mark.parametrize("part", [Recipe, Architecture, EntityArchitecture, Action, Preprocessing, Dimensions])
def test_every_field_is_described(part: type) -> None:
    assert all(f"`{field.name}`" in TEXT for field in fields(part))


CHOICES = [ACTIVATIONS, DECODINGS, ENHANCEMENTS, HEADS, MEMORIES, OUTPUTS, PLAYS, POOLINGS, TEAMS]


@pytest.mark.parametrize("choices", CHOICES)
def test_every_choice_is_described(choices: tuple[str, ...]) -> None:
    assert all(f'`"{choice}"`' in TEXT for choice in choices)


def test_the_examples_of_onnx_write_agents_that_play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "onnx.md").read_text()
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for example in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(example, names)
        assert names["exported"].error < 1e-5
        assert rehearse(names["exported"].checkpoint, deterministic=False).steps > 1
    assert len(list(tmp_path.glob("*.zip"))) == 4


def test_every_operator_and_input_of_onnx_is_described() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "onnx.md").read_text()
    told = set(re.findall(r"\w+", text.partition("## Operators")[2]))
    assert told >= OPERATORS and all(f"`{name}`" in text for name in INPUTS + SPOKEN_INPUTS)


def test_the_command_writes_what_the_call_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_file.py").write_text(
        "import torch\n\nclass Camera(torch.nn.Linear):\n"
        "    def __init__(self):\n        super().__init__(126, 25)\n"
        "    def forward(self, observation):\n        return super().forward(observation)\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    arguments = "my_file:Camera camera.zip --team camera --decoding levels --levels 5 --scenario MATE-4v8-9"
    assert exporting.main(arguments.split()) == 0
    assert read("camera.zip").agents[0].checkpoint.recipe.action == Action("levels", 5)
    with pytest.raises(SystemExit):
        exporting.main(arguments.replace("my_file:Camera", "my_file:Nothing").split())
