"""Tiny complete runs: started, resumed, failed, exported. All share one Ray."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from mate.errors import UserError
from mate.scenario import Scenario
from policies import Checkpoint, Dimensions
from policies.compatibility import problems
from tests.policies.checkpoints import make_checkpoint
from tests.training.runs import configure, describe, write
from training import algorithm, files, module_classes, private_ray
from training.algorithms import ALGORITHMS
from training.exporting import ExportError, compare, export
from training.modules import TeamModule
from training.opponents import opponents_of
from training.private_ray import choose_cores, join, session
from training.runs import Course, PauseSignal, run


@pytest.fixture(scope="module", autouse=True)
def ray():
    with session(1):
        yield


def read(folder: Path, name: str):
    return json.loads((folder / name).read_text())


def weights_of(course: Course) -> dict[str, np.ndarray]:
    return {name: tensor.numpy().copy() for name, tensor in course.algorithm.team_module.state_dict().items()}


LEARNED_BY_TARGETS = {"mappo", "iql", "vdn", "qmix", "i2c"}
TRAINED = [(name, "target" if name in LEARNED_BY_TARGETS else "camera") for name in ALGORITHMS]


@pytest.mark.parametrize(("algorithm", "team"), TRAINED)
def test_a_run_leaves_progress_milestones_and_an_outcome(tmp_path, algorithm, team) -> None:
    folder = write(tmp_path / "run", algorithm=algorithm, team=team, preset="upstream")
    lines: list[dict] = []
    outcome = run(folder, (lines.append,))
    assert outcome == read(folder, files.OUTCOME) and outcome["state"] == "finished" and outcome["steps"] >= 200
    assert files.read_progress(folder) == lines and [line["iteration"] for line in lines] == [1, 2, 3, 4, 5]
    assert {"steps", "decisions", "return_mean", "coverage", "transport", "entropy", "kl", "learning_rate"} <= set(
        lines[0]
    )
    paths = sorted((folder / files.MILESTONES).glob("*.zip"))
    assert [path.name for path in paths] == ["000003.zip", "000005.zip"]
    checkpoint, notes = Checkpoint.load(paths[-1]), read(folder, "milestones/000005.json")
    assert checkpoint.recipe.team == team and checkpoint.recipe.provenance["steps"] == notes["steps"] == 200
    assert notes["digest"] == checkpoint.digest and notes["check"]["equal"] == notes["check"]["compared"] > 0


class LogitPenalty(TeamModule):
    """The shared networks, with the mean square of the logits as an additional loss."""

    def auxiliary_loss(self, batches, outputs):
        return sum(logits.square().mean() for logits, _ in outputs)


def test_an_algorithm_adds_a_loss_to_the_shared_networks(tmp_path, monkeypatch) -> None:
    flat = {"algorithm": "mappo"}
    ordinary = Course(write(tmp_path / "ordinary", **flat), configure(**flat), 1, ())
    monkeypatch.setitem(module_classes.MODULES, "penalty", LogitPenalty)
    monkeypatch.setitem(ALGORITHMS, "mappo", replace(ALGORITHMS["mappo"], loss="penalty"))
    penalised = Course(write(tmp_path / "penalised", **flat), configure(**flat), 1, ())
    before = weights_of(ordinary)
    assert all((array == before[name]).all() for name, array in weights_of(penalised).items())
    for course in (ordinary, penalised):
        course.go()
    after = weights_of(ordinary)
    assert any((array != after[name]).any() for name, array in weights_of(penalised).items())
    assert len(list((tmp_path / "penalised" / files.MILESTONES).glob("*.zip"))) == 2


def test_learning_changes_the_networks_and_the_schedules_values(tmp_path) -> None:
    schedule = {"learning_rate": [[0.0, 1e-3], [0.5, 5e-4], [0.5, 1e-4], [1.0, 1e-4]]}
    course = Course(write(tmp_path / "run", hyperparameters=schedule), configure(hyperparameters=schedule), 1, ())
    before = weights_of(course)
    course.go()
    after = weights_of(course)
    assert all((before[name] != after[name]).any() for name in before if not name.endswith("bias_hh_l0"))
    rates = [line["learning_rate"] for line in files.read_progress(tmp_path / "run")]
    assert rates == pytest.approx([1e-3, 8e-4, 6e-4, 1e-4, 1e-4])


def test_two_runs_of_one_seed_are_the_same(tmp_path) -> None:
    courses = [Course(write(tmp_path / name), configure(), 1, ()) for name in "ab"]
    for course in courses:
        course.go()
    first, second = (weights_of(course) for course in courses)
    assert all((first[name] == second[name]).all() for name in first)


def test_a_run_goes_on_from_its_newest_state(tmp_path) -> None:
    folder = write(tmp_path / "run", steps=120)
    run(folder)
    kept = Course(folder, configure(steps=120), 1, ())
    write(folder, steps=200)
    course = Course(folder, configure(steps=200), 1, ())
    before, after = weights_of(kept), weights_of(course)
    assert all((before[name] == after[name]).all() for name in before)
    assert course.counters.iteration == 3 and course.counters.episodes == kept.counters.episodes
    optimizer = next(iter(course.algorithm.learner._named_optimizers.values()))
    assert all(float(moments["step"]) == 3 * 2 * 2 for moments in optimizer.state_dict()["state"].values())
    course.go()
    assert [line["iteration"] for line in files.read_progress(folder)] == [1, 2, 3, 4, 5]
    assert len(list((folder / files.STATE).iterdir())) == 1


@pytest.mark.parametrize("algorithm", ["qmix", "maddpg", "i2c"])
def test_every_learner_goes_on_with_its_weights_and_moments(tmp_path, algorithm) -> None:
    folder = write(tmp_path / "run", algorithm=algorithm, steps=120)
    course = Course(folder, configure(algorithm=algorithm, steps=120), 1, ())
    course.go()
    again = Course(folder, configure(algorithm=algorithm, steps=120), 1, ())
    before, after = weights_of(course), weights_of(again)
    assert before.keys() == after.keys() and all((before[name] == after[name]).all() for name in before)
    for ours, theirs in zip(course.algorithm.optimizers, again.algorithm.optimizers, strict=True):
        one, other = ours.state_dict()["state"], theirs.state_dict()["state"]
        assert one.keys() == other.keys() and one
        assert all((one[number][name] == other[number][name]).all() for number in one for name in one[number])
    assert again.counters.steps == again.algorithm.steps == 120


def test_progress_after_the_state_is_forgotten(tmp_path) -> None:
    folder = write(tmp_path / "run", steps=120)
    run(folder)
    files.append_progress(folder, {"iteration": 4, "steps": 160})
    Course(folder, configure(steps=120), 1, ())
    assert [line["iteration"] for line in files.read_progress(folder)] == [1, 2, 3]


def test_a_run_begins_with_the_weights_of_a_checkpoint(tmp_path) -> None:
    folder = write(tmp_path / "run", start_from="start.zip")
    source = Course(write(tmp_path / "source"), configure(seed=9), 1, ())
    checkpoint = export(source.algorithm.team_module, source.configuration, {})
    checkpoint.save(folder / "start.zip")
    course = Course(folder, configure(start_from="start.zip"), 1, ())
    actor = course.algorithm.team_module.actor.state_dict()
    assert all((actor[name].numpy() == checkpoint.weights[name]).all() for name in actor)


ENTITY = {"architecture": "entity", "selection": "pose", "egocentric": "yes", "memory": "none", "episodes_at_once": 4}


def test_one_agent_learns_in_several_scenarios_and_plays_in_others(tmp_path) -> None:
    several = {"more_scenarios": ["MATE-4v2-9", "MATE-1v1-0"], "hyperparameters": ENTITY}
    course = Course(write(tmp_path / "run", **several), configure(**several), 1, ())
    before = weights_of(course)
    course.go()
    after = weights_of(course)
    assert all((before[name] != after[name]).any() for name in before)
    parts = course.algorithm.experience.parts
    assert [part.rows for part in parts] == [2, 1, 1] and [part.arrays["obs"].shape[1] for part in parts] == [2, 4, 1]
    path = sorted((tmp_path / "run" / files.MILESTONES).glob("*.zip"))[-1]
    recipe = Checkpoint.load(path).recipe
    assert not problems(recipe, Scenario.load("MATE-8v8-9"), "camera")
    assert read(tmp_path / "run", f"milestones/{path.stem}.json")["check"]["compared"] > 0


def test_a_warm_start_keeps_the_critic_and_the_schedules_and_exports_where_it_began(tmp_path) -> None:
    source = write(tmp_path / "source", hyperparameters={"learning_rate": [[0.0, 1e-3], [1.0, 1e-4]]})
    run(source)
    first = sorted((source / files.MILESTONES).glob("*.zip"))[-1]
    ended = read(source, f"milestones/{first.stem}.json")["learning_rate"]
    settings = {"start_from": str(first), "hyperparameters": {"critic_warmup": 1.0, "learning_rate": 1.0}}
    course = Course(write(tmp_path / "run", **settings), configure(**settings), 1, ())
    before = weights_of(course)
    kept = safetensors.numpy.load_file(first.with_suffix(".critic.safetensors"))
    assert all((before[f"critic.{name}"] == array).all() for name, array in kept.items())
    start = Checkpoint.load(tmp_path / "run" / files.MILESTONES / "000000.zip")
    assert all((start.weights[name] == array).all() for name, array in Checkpoint.load(first).weights.items())
    course.go()
    after = weights_of(course)
    assert all(
        (before[name] == after[name]).all() == name.startswith("actor.") for name in before if "bias_hh" not in name
    )
    rates = [line["learning_rate"] for line in files.read_progress(tmp_path / "run")]
    assert rates == pytest.approx([ended] * 5)


def test_a_checkpoint_of_another_network_cannot_be_started_from(tmp_path) -> None:
    folder = write(tmp_path / "run", start_from="start.zip")
    make_checkpoint(scenario=Dimensions(2, 4, 0)).save(folder / "start.zip")
    with pytest.raises(UserError, match=r"architecture.*action"):
        run(folder)
    assert read(folder, files.OUTCOME)["state"] == "failed"


def test_what_compiled_code_makes_of_the_signal_to_pause_is_no_defect() -> None:
    pause = PauseSignal()
    with pytest.raises(SystemError):
        pause.insist_on(SystemError("a defect"))
    pause.is_set = True
    pause.insist_on(SystemError("returned a result with an exception set"))


def test_a_diverged_training_is_told_and_keeps_what_was_before(tmp_path) -> None:
    folder = write(tmp_path / "run", steps=80)
    run(folder)
    before = [path.name for path in (folder / files.STATE).iterdir()]
    course = Course(write(folder, steps=200), configure(steps=200), 1, ())
    course.algorithm.team_module.actor.output.bias.data[:] = float("nan")
    course.algorithm.share_weights()
    with pytest.raises(UserError, match=r"diverged.*learning_rate"):
        course.go()
    course.keep()
    assert [path.name for path in (folder / files.STATE).iterdir()] == before


def test_a_bad_configuration_fails_with_all_its_problems(tmp_path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "configuration.json").write_text(json.dumps(describe(hyperparameters={"gamma": 7}) | {"seed": -1}))
    with pytest.raises(UserError):
        run(folder)
    error = read(folder, files.OUTCOME)["error"]
    assert "gamma" in error and "seed" in error


def test_an_opponent_of_another_scenario_fails_with_the_figures(tmp_path) -> None:
    folder = write(tmp_path / "run", opponents=[{"checkpoint": "other.zip"}])
    make_checkpoint(team="target", scenario=Dimensions(4, 8, 9)).save(folder / "other.zip")
    with pytest.raises(UserError, match="8 targets"):
        run(folder)
    assert "other.zip" in read(folder, files.OUTCOME)["error"]


def test_a_private_ray_starts_only_what_a_training_needs() -> None:
    services = ("autoscaler", "log_monitor", "dashboard.py")
    lines = [path.read_text(errors="replace") for path in descendants(os.getpid())]
    assert any("raylet" in line for line in lines)
    assert not [line for line in lines if any(name in line for name in services)]


def descendants(pid: int) -> list[Path]:
    """The command lines of all processes below this one."""
    children = " ".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")).split()
    return [path for child in children for path in (Path(f"/proc/{child}/cmdline"), *descendants(int(child)))]


def test_more_cores_than_there_are_cannot_be_had() -> None:
    with pytest.raises(UserError, match="1000 cores"):
        choose_cores(1000)
    assert choose_cores(None) >= choose_cores(1) == 1


def test_a_cluster_that_nobody_answers_for_is_named() -> None:
    with pytest.raises(UserError, match=r"127\.0\.0\.1:1.*RAY_ADDRESS"):
        join(None, "127.0.0.1:1", 1)


def test_a_machine_that_is_no_node_of_the_cluster_is_told_to_become_one(monkeypatch) -> None:
    monkeypatch.setattr(private_ray, "_knock", lambda address: None)
    monkeypatch.setattr(private_ray, "is_node", lambda: False)
    with pytest.raises(UserError, match=r"ray start --address=10\.0\.0\.1:6379"):
        join(None, "10.0.0.1:6379", 1)


def test_a_node_is_known_by_its_process(tmp_path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "comm").write_text("python\n")
    assert not private_ray.is_node(tmp_path)
    (tmp_path / "7" / "comm").write_text("raylet\n")
    assert private_ray.is_node(tmp_path)


def test_of_a_cluster_even_one_core_is_a_runners_and_needs_no_file_of_the_run(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")  # never joined: a Ray runs already
    orders = {"steps": 40, "opponents": [{"checkpoint": "opponent.zip"}]}
    folder = write(tmp_path / "run", **orders)
    make_checkpoint(team="target", scenario=Dimensions(2, 4, 0)).save(folder / "opponent.zip")

    def read_and_remove(*arguments):
        found = opponents_of(*arguments)
        (folder / "opponent.zip").unlink()
        return found

    monkeypatch.setattr(algorithm, "opponents_of", read_and_remove)
    course = Course(folder, configure(**orders), choose_cores(None), ())
    try:
        course.go()
        assert course.algorithm.env_runner_group.num_remote_env_runners() == 1
    finally:
        course.algorithm.stop()
    assert read(tmp_path / "run", "milestones/000001.json")["steps"] == 40


def test_a_damaged_state_is_named(tmp_path) -> None:
    folder = write(tmp_path / "run")
    (folder / files.STATE).mkdir()
    (folder / files.STATE / "000000001.safetensors").write_bytes(b"nothing")
    with pytest.raises(UserError, match="000000001"):
        run(folder)


def test_an_agent_that_decides_differently_is_not_exported(tmp_path) -> None:
    course = Course(write(tmp_path / "run", steps=40), configure(steps=40), 1, ())
    course.go()
    module = course.algorithm.team_module
    checkpoint = export(module, course.configuration, {})
    assert compare(checkpoint, module, course.algorithm.experience).compared > 0
    other = Checkpoint(checkpoint.recipe, {name: -array for name, array in checkpoint.weights.items()})
    with pytest.raises(ExportError, match="decides differently"):
        compare(other, module, course.algorithm.experience)
