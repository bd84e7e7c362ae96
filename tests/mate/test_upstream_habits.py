"""Habits of the original's users work here too."""

import json
import sys

import pytest

import mate
from mate.assets.generator import generate
from mate.errors import UserError
from mate.evaluate import COLUMNS, evaluate, load_entry, main, parse_arguments
from mate.scenario import Scenario
from tests.mate.test_wrappers_around_teams import ANYWHERE, INSIDE, TEAMS


@pytest.mark.parametrize("wrapper", INSIDE, ids=lambda wrapper: wrapper.__name__)
def test_every_wrapper_is_a_context_manager_that_closes_the_environment(wrapper):
    with wrapper(mate.make("MATE-4v8-9-v0")) as env:
        env.reset(seed=0)
        env.render(mode="rgb_array")
        assert env.unwrapped.viewer is not None
    assert isinstance(env, wrapper) if isinstance(wrapper, type) else True
    assert env.unwrapped.viewer is None


@pytest.mark.parametrize("team", TEAMS)
def test_environments_of_one_team_are_context_managers_too(team):
    with TEAMS[team](mate.make("MATE-4v8-9-v0"), "Greedy") as env:
        assert str(env).startswith(f"<{team}(")
    with pytest.raises(ZeroDivisionError), env:
        _ = 1 / 0


@pytest.mark.parametrize("id", ["MATE-4v8-9-v0", "MATE-8v8-0-v0", "MATE-v0"])
def test_the_text_of_an_environment_names_its_id(id):
    arguments = {"config": "MATE-2v4-0.yaml"} if id == "MATE-v0" else {}
    env = mate.make(id, **arguments)
    assert str(env).startswith(f"MultiAgentTracking<{id}>(")
    assert env.spec.id == id
    assert f"<MultiAgentTracking<{id}>>" in str(mate.RescaledObservation(env))
    assert str(mate.MultiAgentTracking("MATE-2v4-0")) == "MultiAgentTracking(2 cameras, 4 targets, 0 obstacle)"


def test_a_scenario_is_generated_into_a_file(tmp_path):
    config = generate(tmp_path / "mine.yaml", num_cameras=0, num_targets=2, num_obstacles=1, plot=True)
    assert (Scenario.load(tmp_path / "mine.yaml").num_cameras, config["name"]) == (0, "MultiAgentTracking(0v2, 1)")
    assert (tmp_path / "mine.png").stat().st_size > 0
    generate(str(tmp_path / "mine.json"), 0, 2, 1)
    assert json.loads((tmp_path / "mine.json").read_text()) == config


@pytest.mark.parametrize(("arguments", "words"), [({"path": "mine.txt"}, ".json"), ({"plot": True}, "path of a file")])
def test_a_scenario_that_cannot_be_written_is_refused(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=words):
        generate(num_cameras=3, **arguments)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrapper", [lambda env: env, *ANYWHERE[3:]])
@pytest.mark.parametrize(("sender", "recipient"), [(0, -1), (-1, 0), (0, 4), (4, 0)])
def test_q39_a_sender_or_recipient_that_is_no_member_is_refused_also_a_negative_one(wrapper, sender, recipient):
    env = wrapper(mate.make("MATE-4v8-9-v0"))
    env.reset(seed=0)
    with pytest.raises(IndexError, match="there are 4"):
        env.send_messages(mate.Message(sender, recipient, "hello", mate.Team.CAMERA))


NUMPY_1 = {
    "in_import": ("import numpy as np\nFLAG = np.bool8\n", "np.bool8 is of NumPy 1", "Write np.bool_"),
    "in_constructor": (
        "import numpy as np\nimport mate\nclass Agent(mate.GreedyTargetAgent):\n"
        "    def __init__(self, seed=None):\n        super().__init__(seed)\n        self.mask = np.zeros(4, "
        "np.float_)\n",
        "np.float_ is of NumPy 1",
        "Write np.float64",
    ),
    "in_play": (
        "import numpy as np\nimport mate\nclass Agent(mate.GreedyTargetAgent):\n"
        "    def process_messages(self, observation, messages):\n        self.state.empty_bits.astype(np.int)\n",
        "np.int is of NumPy 1",
        "Write int instead",
    ),
}


@pytest.mark.parametrize("name", NUMPY_1)
def test_an_agent_that_was_written_for_numpy_1_is_met_with_what_to_write(name, tmp_path, monkeypatch, capsys):
    text, what, advice = NUMPY_1[name]
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["--config", "MATE-2v4-0", "--target-agent", f"{name}:Agent", "--episodes", "1", "--no-render"]) == 2
    error = capsys.readouterr().err
    assert what in error and advice in error and f"{name}.py, line " in error
    sys.modules.pop(name, None)


def test_an_error_of_the_agents_own_is_not_taken_for_one(tmp_path, monkeypatch):
    (tmp_path / "broken.py").write_text("import mate\nmate.no_such_thing\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(AttributeError, match="no_such_thing"):
        main(["--target-agent", "broken:Agent", "--no-render"])


def test_one_episode_is_evaluated_as_upstreams_command_does_it(capsys):
    with pytest.warns(UserWarning):
        base = mate.make("MATE-4v8-9-v0", max_episode_steps=20)
    env = mate.MultiTarget(base, camera_agent=mate.GreedyCameraAgent(seed=0))
    env.seed(0)
    status = evaluate(env, mate.GreedyTargetAgent(seed=0).spawn(env.num_targets))
    assert status == {} or list(status) == list(COLUMNS)
    agents = mate.RandomTargetAgent(seed=0).spawn(env.num_targets)
    env.unwrapped.batch.remaining_cargoes[:] = 0
    assert evaluate(env, agents).keys() <= COLUMNS.keys()
    assert capsys.readouterr().out == ""


def test_the_episode_is_printed_and_filmed_on_request(tmp_path, capsys):
    with pytest.warns(UserWarning):
        base = mate.make("MATE-4v8-9-v0", max_episode_steps=3)
    env = mate.MultiTarget(base, camera_agent=mate.GreedyCameraAgent(seed=0))
    agents = mate.GreedyTargetAgent(seed=0).spawn(8)
    evaluate(env, agents, render=True, video_path=tmp_path / "film.png")
    header, _, *rows = capsys.readouterr().out.splitlines()
    assert [cell.strip() for cell in header.strip("|").split("|")] == list(COLUMNS)
    assert [row.split("|")[1].strip() for row in rows] == ["1", "2", "3"]
    assert len(list(tmp_path.glob("film-*.png"))) == 3


def test_entry_points_and_options_are_read():
    assert load_entry("mate:GreedyCameraAgent") is mate.GreedyCameraAgent
    options = parse_arguments(["--seed", "3", "--camera-agent", "heuristic", "--target-kwargs", '{"noise_scale": 0.2}'])
    assert (options.camera_agent, options.target_agent) == (mate.HeuristicCameraAgent, mate.GreedyTargetAgent)
    assert options.target_kwargs == {"noise_scale": 0.2, "seed": 3}
    assert options.target_name == "mate.agents.greedy.GreedyTargetAgent(noise_scale=0.2, seed=3)"
    with pytest.raises(UserError, match="is no class"):
        parse_arguments(["--camera-agent", "some.zip"])
