"""The evaluation command: its options, agents and tables, and equal results for every way of playing."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from mate.agents.batched import BUILTIN_NAMES
from mate.configuration import read_config
from mate.episodes import EpisodeResult
from mate.errors import UserError
from mate.evaluate import main, tables
from mate.evaluate.entrants import find, pair
from mate.evaluate.lockstep import play_lockstep
from mate.evaluate.options import read_options
from mate.evaluate.steps import StepRow
from mate.evaluate.turns import play_turns

ROOT = Path(__file__).resolve().parents[2]


def result(**changes) -> EpisodeResult:
    fields = {
        "seed": 0,
        "steps": 100,
        "completed": True,
        "target_reward": 50.0,
        "normalised_reward": 0.5,
        "mean_coverage_rate": 0.25,
        "mean_real_coverage_rate": 0.2,
        "mean_transport_rate": 0.75,
        "delivered_cargoes": 4,
        "digest": 1,
    }
    return EpisodeResult(**(fields | changes))


@pytest.fixture(scope="module")
def short(tmp_path_factory) -> str:
    """A small scenario whose episodes have 12 steps."""
    path = tmp_path_factory.mktemp("scenarios") / "short.json"
    config = read_config("MATE-4v2-9") | {"name": "short", "max_episode_steps": 12}
    path.write_text(json.dumps(config))
    return str(path)


def evaluate(capsys, *arguments: str) -> dict:
    """Run the command in this process and return its JSON."""
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


class TestOptions:
    def test_defaults_are_those_of_the_interface(self):
        options = read_options([])
        assert (options.seed, options.episodes, options.jobs) == (0, 20, 1)
        assert options.camera_agent == "mate:GreedyCameraAgent" and options.target_agent == "mate:GreedyTargetAgent"
        assert options.enhanced_observation == options.shared_field_of_view == options.no_communication == "none"
        assert options.save_video is None and options.render_communication is None and options.deterministic is None

    def test_bare_options_have_a_meaning(self):
        options = read_options(
            [
                "--enhanced-observation",
                "--shared-field-of-view",
                "--no-communication",
                "--render-communication",
                "--video",
            ]
        )
        assert options.enhanced_observation == options.shared_field_of_view == options.no_communication == "both"
        assert options.render_communication == 20 and options.save_video == "video.mp4"

    def test_without_rendering_there_is_nothing_to_film(self):
        options = read_options(["--no-render", "--save-video", "--render-communication", "5"])
        assert options.save_video is None and options.render_communication is None

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--episodes", "0"], "--episodes is 0: give at least 1"),
            (["--jobs", "0"], "--jobs is 0: give at least 1"),
            (["--seed", "-1"], "--seed is -1: give 0 or more"),
            (["--camera-kwargs", "{"], "--camera-kwargs is not JSON"),
            (["--target-kwargs", "[1]"], "give a JSON object"),
            (["--camera-discrete-levels", "4"], "give an odd number of at least 3"),
        ],
    )
    def test_impossible_values_are_refused(self, arguments, message):
        with pytest.raises(UserError, match=message):
            read_options(arguments)


class TestEntrants:
    def test_built_in_agents_have_both_forms_by_name_and_by_class(self):
        for text in ("greedy", "mate:GreedyCameraAgent"):
            entrant = find(text, "camera", {}, None)
            assert entrant.label == "greedy" and entrant.factory is not None and entrant.build is not None

    @pytest.mark.parametrize(
        ("text", "kwargs", "message"),
        [
            (
                "gredy",
                {},
                "no such file and no such built-in agent. Built-in agents are random, naive, greedy, heuristic",
            ),
            ("nowhere.at.all:Agent", {}, "the module nowhere.at.all cannot be imported"),
            ("mate:NoAgent", {}, "the module mate has no class NoAgent"),
            ("mate:GreedyTargetAgent", {}, "GreedyTargetAgent is no camera agent. Derive it from mate.CameraAgentBase"),
        ],
    )
    def test_an_agent_that_cannot_play_is_refused_with_the_reason(self, text, kwargs, message):
        with pytest.raises(UserError, match=message):
            find(text, "camera", kwargs, None)

    @pytest.mark.parametrize(
        ("text", "kwargs", "advice"),
        [
            ("examples.mappo:MAPPOCameraAgent", {}, "--camera-agent PATH, where PATH is the trial's folder"),
            (
                "examples.hrl:HRLMAPPOCameraAgent",
                {"checkpoint_path": "runs/HRL-MAPPO/latest-checkpoint"},
                "--camera-agent runs/HRL-MAPPO/latest-checkpoint, without --camera-kwargs",
            ),
            ("examples.ippo.camera.agent:IPPOCameraAgent", {}, "need Ray 1.12. Give its checkpoint itself"),
            ("examples.qmix:CameraAgent", {}, "Give its checkpoint itself"),
            ("mate.examples.iql:IQLCameraAgent", {}, "Give its checkpoint itself"),
            ("examples.tarmac:TarMACCameraAgent", {"checkpoint_path": "x"}, "tarmac cannot be played here"),
            ("examples.hrl:HRLTarMACCameraAgent", {}, "TarMAC cannot be played here"),
            ("examples.greedy:GreedyCameraAgent", {}, "built-in agent greedy: give --camera-agent greedy"),
        ],
    )
    def test_an_agent_of_the_examples_is_answered_with_what_to_give_instead(self, text, kwargs, advice):
        with pytest.raises(UserError, match="cannot be imported") as refusal:
            find(text, "camera", kwargs, None)
        assert advice in str(refusal.value)

    @pytest.mark.parametrize("text", ["C:\\runs\\trial", "runs/trial:2", "D:/runs/checkpoint-1"])
    def test_a_path_that_does_not_exist_is_not_taken_for_a_class(self, text):
        with pytest.raises(UserError, match="there is no such file"):
            find(text, "camera", {}, None)

    def test_arguments_that_the_class_does_not_take_are_refused(self):
        with pytest.raises(UserError, match="--target-kwargs: GreedyTargetAgent cannot be built with"):
            find("greedy", "target", {"appetite": 3}, None)


class TestTables:
    def test_a_row_is_as_wide_as_the_header_and_formats_each_column(self):
        header, line = tables.step_header().split("\n")
        row = tables.step_row(StepRow(12, 3, -2.0, -30.5, 0.5, 0.125, -0.025), 59.94)
        assert len(header) == len(line) == len(row)
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert cells == ["12", "3", "-2.00", "-30.50", "4.0", "50.000%", "12.500%", "-0.02500", "59.9"]
        assert [len(cell) - 2 for cell in header.strip("|").split("|")] == [6, 5, 8, 21, 12, 19, 18, 32, 5]

    def test_before_the_first_delivery_there_are_no_steps_per_cargo(self):
        assert "nan" in tables.step_row(StepRow(12, 0, 0.0, 0.0, 0.0, 0.0, 0.0), 1.0)

    def test_the_means_have_standard_errors(self):
        mean = tables.means([result(target_reward=1.0), result(target_reward=3.0)])["Target Episode Reward"]
        assert mean.mean == 2.0 and mean.standard_error == pytest.approx(1.0) and mean.episodes == 2

    def test_episodes_without_a_delivery_count_in_all_means_but_one(self):
        means = tables.means([result(delivered_cargoes=0, mean_transport_rate=0.0), result()])
        assert means["Step / Cargo"].mean == 25 and means["Step / Cargo"].episodes == 1
        assert means["Mean Transport Rate"].mean == 0.375

    def test_no_delivery_at_all_is_reported_and_no_error(self):
        assert "nan" in tables.summary([result(delivered_cargoes=0)])
        assert math.isnan(tables.means([result(delivered_cargoes=0)])["Step / Cargo"].mean)

    def test_the_summary_has_a_metric_and_a_mean_column(self):
        rows = [
            [cell.strip() for cell in line.strip("|").split("|")] for line in tables.summary([result()]).split("\n")
        ]
        assert rows[0] == ["Metric", "Mean"] and rows[2] == ["Step / Cargo", "25.0"]
        assert rows[-1] == ["Normalized Target Episode Reward", "+0.50000"]


class TestPlaying:
    def test_an_episode_has_at_most_max_episode_steps_steps(self, capsys, short):
        played = evaluate(capsys, "--config", short, "--episodes", "3")
        assert [episode["steps"] for episode in played["episodes"]] == [12, 12, 12]
        assert [episode["seed"] for episode in played["episodes"]] == [0, 1, 2]

    def test_an_episode_depends_on_its_seed_alone(self, capsys, short):
        many = evaluate(capsys, "--config", short, "--episodes", "4", "--seed", "5", "--no-render")["episodes"]
        one = evaluate(capsys, "--config", short, "--episodes", "1", "--seed", "8")["episodes"]
        assert many[3:] == one and many[0] != many[1] | {"seed": 5}

    def test_processes_do_not_change_results(self, capsys, short):
        arguments = ("--config", short, "--episodes", "4", "--no-render")
        assert evaluate(capsys, *arguments) == evaluate(capsys, *arguments, "--jobs", "2")

    def test_agent_objects_also_play_from_the_seed_alone(self, capsys, short):
        arguments = ("--config", short, "--no-communication", "--no-render")
        many = evaluate(capsys, *arguments, "--episodes", "3")["episodes"]
        assert many[2:] == evaluate(capsys, *arguments, "--episodes", "1", "--seed", "2")["episodes"]
        assert {episode["steps"] for episode in many} == {12}

    @pytest.mark.parametrize("team", ["camera", "target"])
    @pytest.mark.parametrize("name", BUILTIN_NAMES)
    def test_agent_objects_play_the_same_episodes_as_the_batched_engine(self, short, name, team):
        options = read_options(["--config", short, f"--{team}-agent", name, "--shared-field-of-view", "target"])
        results = play_turns(pair(options), [3, 4])
        assert results == play_lockstep(pair(options), [3, 4])
        assert [result.steps for result in results] == [12, 12]

    def test_a_class_of_the_users_own_plays(self, capsys, short, tmp_path, monkeypatch):
        (tmp_path / "still_life.py").write_text(
            "import mate, numpy as np\n"
            "class Statue(mate.TargetAgentBase):\n"
            "    def act(self, observation, info=None, deterministic=None):\n"
            "        self.check_inputs(observation, info)\n"
            "        return np.zeros(2)\n"
        )
        monkeypatch.syspath_prepend(tmp_path)
        played = evaluate(capsys, "--config", short, "--target-agent", "still_life:Statue", "--episodes", "1")
        assert played["target_agent"] == "still_life:Statue" and played["episodes"][0]["delivered_cargoes"] == 0
        assert played["means"]["Step / Cargo"] == {"mean": None, "standard_error": None, "episodes": 0}

    def test_the_first_episode_is_shown_step_by_step(self, capsys, short):
        assert main(["--config", short, "--episodes", "2"]) == 0
        lines = capsys.readouterr().out.split("\n")
        assert [line.split("|")[1].strip() for line in lines[2:14]] == [str(step) for step in range(1, 13)]
        assert "Metric" in lines[14]

    @pytest.mark.parametrize("extra", [[], ["--render-communication"]])
    def test_the_first_episode_can_be_filmed(self, capsys, short, tmp_path, extra):
        arguments = ["--config", short, "--episodes", "1", "--save-video", str(tmp_path / "film.png"), *extra]
        assert main(arguments) == 0
        assert len(list(tmp_path.glob("film-*.png"))) == 12

    def test_results_can_be_written_to_a_file_beside_the_table(self, capsys, short, tmp_path):
        assert (
            main(["--config", short, "--episodes", "2", "--no-render", "--json", str(tmp_path / "results.json")]) == 0
        )
        assert "Metric" in capsys.readouterr().out
        assert len(json.loads((tmp_path / "results.json").read_text())["episodes"]) == 2


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (["--camera-agent", "gredy"], "--camera-agent gredy"),
            (["--config", "MATE-9v9.yaml"], "MATE-9v9.yaml"),
            (["--save-video", "film.doc"], "film.doc"),
            (["--camera-discrete-levels", "5"], "--camera-discrete-levels: greedy does not act with grid indices"),
        ],
    )
    def test_a_mistake_is_one_line_on_standard_error_and_status_two(self, capsys, arguments, words):
        assert main([*arguments, "--episodes", "1"]) == 2
        error = capsys.readouterr().err
        assert error.startswith("mate.evaluate: ") and words in error and error.count("\n") == 1

    def test_the_module_is_a_command(self):
        ran = subprocess.run(
            [sys.executable, "-m", "mate.evaluate", "--episodes", "0"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 2 and ran.stderr == "mate.evaluate: --episodes is 0: give at least 1.\n"
