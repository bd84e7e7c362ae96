"""The content of trials is recognised from the files alone."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from policies import Action, Architecture, Checkpoint, Dimensions
from policies.importing import ImportRefused, ImportReport, Limits
from policies.importing.reading import read_file
from policies.networks import Network
from tests.policies.checkpoints import make_checkpoint
from tests.policies.pickling import Call, Name
from tests.policies.trials import HIERARCHICAL, Trial, checkpoint_bytes, files_of, tar_of, weights_of, worker_of, zip_of


def read(content: bytes) -> ImportReport:
    return read_file(io.BytesIO(content))


def read_trial(trial: Trial) -> ImportReport:
    return read(zip_of(files_of(trial)))


@pytest.mark.parametrize(
    ("trial", "team", "action"),
    [
        (Trial(), "camera", Action("levels", 5)),
        (Trial(levels=3), "camera", Action("levels", 3)),
        (Trial(team="target", frame_skip=10), "target", Action("levels", 5)),
        (Trial(levels=None), "camera", Action("box")),
        (HIERARCHICAL, "camera", Action("select-many")),
        (HIERARCHICAL.changed(multi_selection=False), "camera", Action("select-one")),
        (Trial(algorithm="ippo"), "camera", Action("levels", 5)),
        (Trial(algorithm="ippo", team="target"), "target", Action("levels", 5)),
        (HIERARCHICAL.changed(algorithm="ippo"), "camera", Action("select-many")),
        (Trial(algorithm="iql"), "camera", Action("levels", 5, "values", 0.755)),
        (HIERARCHICAL.changed(algorithm="iql"), "camera", Action("select-subset", 0, "values", 0.755)),
        (Trial(algorithm="qmix"), "camera", Action("levels", 5, "values", 0.4)),
        (HIERARCHICAL.changed(algorithm="qmix"), "camera", Action("select-subset", 0, "values", 0.4)),
    ],
)
def test_algorithm_team_and_decoding_are_recognised(trial: Trial, team: str, action: Action) -> None:
    (agent,) = read_trial(trial).agents
    recipe = agent.checkpoint.recipe
    assert (agent.team, recipe.team, recipe.frame_skip) == (team, team, trial.frame_skip)
    assert recipe.action == action and recipe.scenario == Dimensions(2, 4, 0)
    assert trial.algorithm.upper() in agent.name and "MATE-2v4-0" in agent.name


def test_the_architectures_are_those_of_the_algorithms() -> None:
    found = {name: read_trial(Trial(algorithm=name)).agents[0].checkpoint.recipe.architecture for name in NETWORKS}
    assert found == NETWORKS


NETWORKS = {
    "mappo": Architecture((8, 6), "tanh", "lstm", 4, skip_connection=True),
    "ippo": Architecture((8, 6), "tanh", "lstm", 4),
    "iql": Architecture((8, 6), "tanh", head="dueling", head_size=4),
    "qmix": Architecture((4,), "relu", "gru", 4),
}


def test_the_weights_are_the_actors_bit_for_bit() -> None:
    trial = Trial()
    (agent,) = read_trial(trial).agents
    original = weights_of(trial)
    assert np.array_equal(
        agent.checkpoint.weights["hidden.1.weight"], original["actor.hidden.actor_hidden_1._model.0.weight"]
    )
    assert np.array_equal(agent.checkpoint.weights["lstm.bias_hh_l0"], original["actor.lstm.bias_hh_l0"])
    assert np.array_equal(agent.checkpoint.weights["output.weight"], original["actor.output._model.0.weight"])


@pytest.mark.parametrize(
    "changes", [{"outer_protocol": 3}, {"has_old_arrays": True}, {"has_optimizer": False}, {"has_spaces": False}]
)
def test_the_form_of_the_file_makes_no_difference(changes: dict) -> None:
    expected = read_trial(Trial()).agents[0].checkpoint
    assert read_trial(Trial(**changes)).agents[0].checkpoint == expected


def test_archives_of_either_kind_and_any_nesting_give_the_same_agent() -> None:
    trial = Trial()
    flat, deep = files_of(trial, ""), files_of(trial, "a/b/c/PPO_trial/")
    links = {"a/b/c/PPO_trial/latest-checkpoint": "/tmp/nowhere/checkpoint-1"}
    weights = [
        read(content).agents[0].checkpoint.weights for content in (zip_of(flat), zip_of(deep), tar_of(deep, links))
    ]
    assert all(np.array_equal(found["output.bias"], weights[0]["output.bias"]) for found in weights)


def test_one_network_is_one_checkpoint_whatever_was_packed_from_wherever() -> None:
    trial = Trial()
    parameters, content = files_of(trial, "")["params.json"], checkpoint_bytes(trial)
    packed = [
        zip_of(files_of(trial)),
        zip_of(files_of(trial, "MAPPO/PPO_other_name/")),
        tar_of(files_of(trial, "./a/b c/"), {"a/latest-checkpoint": "/gone"}),
        zip_of(files_of(trial, "x/", number=900)),
        zip_of({"params.json": parameters, "checkpoint-7": content}),
        zip_of({"params.json": parameters, "latest-checkpoint": content}),
        zip_of(files_of(trial.changed(has_old_arrays=True, has_optimizer=False, outer_protocol=3))),
        zip_of(files_of(trial.changed(extra_environment={"config": "C:\\mate\\MATE-2v4-0.yaml"}))),
    ]
    assert len({read(one).agents[0].checkpoint.digest for one in packed}) == 1


def test_a_network_that_was_written_out_as_a_native_checkpoint_keeps_its_identity() -> None:
    found = read_trial(Trial()).agents[0].checkpoint
    (again,) = read(found.to_bytes()).agents
    named = Checkpoint(replace(found.recipe, provenance={"name": "mine"}), found.weights)
    assert again.checkpoint.digest == found.digest and named.identity == found.identity != named.digest


def test_a_bare_pair_is_read() -> None:
    trial = Trial()
    parameters = files_of(trial, "")["params.json"]
    for name in ("checkpoint-3", "latest-checkpoint", "checkpoint"):
        report = read(zip_of({name: checkpoint_bytes(trial), "params.json": parameters}))
        assert report.agents[0].source == name


def test_a_checkpoint_whose_folder_was_renamed_is_found() -> None:
    files = {name.replace("checkpoint_000001", "the best"): content for name, content in files_of(Trial()).items()}
    (agent,) = read(zip_of(files)).agents
    assert agent.source == "PPO_trial/the best/checkpoint-1"


@pytest.mark.parametrize("folder", ["", "PPO_trial/", "a/b/"])
def test_parameters_that_were_copied_beside_the_checkpoint_are_found(folder: str) -> None:
    files = {name: content for name, content in files_of(Trial(), folder).items() if "checkpoint_000001" in name}
    files[f"{folder}checkpoint_000001/params.json"] = files_of(Trial(), "")["params.json"]
    assert read(zip_of(files)).agents[0].checkpoint == read_trial(Trial()).agents[0].checkpoint


def test_a_byte_order_mark_before_the_parameters_does_no_harm() -> None:
    files = files_of(Trial())
    files["PPO_trial/params.json"] = b"\xef\xbb\xbf" + files["PPO_trial/params.json"]
    assert read(zip_of(files)).agents[0].checkpoint == read_trial(Trial()).agents[0].checkpoint


def test_the_newest_of_several_checkpoints_is_taken_and_said() -> None:
    files = files_of(Trial(seed=1), number=2) | files_of(Trial(seed=2), number=10)
    (agent,) = read(zip_of(files)).agents
    assert agent.source.endswith("checkpoint_000010/checkpoint-10")
    assert any("checkpoint-10 is the newest" in note and "checkpoint-2" in note for note in agent.notes)


def test_several_trials_become_several_agents() -> None:
    files = files_of(Trial(), "one/") | files_of(HIERARCHICAL, "two/") | files_of(Trial(team="target"), "three/")
    assert [agent.team for agent in read(zip_of(files)).agents] == ["camera", "camera", "target"]


def test_the_report_tells_what_a_checkpoint_cannot_say() -> None:
    (agent,) = read_trial(Trial(enhanced_observation="target")).agents
    (question,) = agent.questions
    assert (question.field, question.default) == ("play", "stochastic") and "deterministic" in question.choices
    assert agent.checkpoint.recipe.enhanced_observation == "target"
    assert any("enhanced observation 'target'" in note for note in agent.notes)


def test_steps_are_told_as_they_happen() -> None:
    seen: list[str] = []
    report = read_file(io.BytesIO(zip_of(files_of(Trial()))), watch=lambda step: seen.append(step.name))
    assert seen == [step.name for step in report.steps] and len(seen) == 5
    assert {step.status for step in report.steps} == {"ok"}


def test_a_refusal_carries_the_steps_with_the_failed_one_last() -> None:
    with pytest.raises(ImportRefused) as refusal:
        read_trial(Trial(frame_skip=0))
    steps = refusal.value.steps
    assert [step.status for step in steps] == ["ok", "ok", "failed"]
    assert steps[-1].name.startswith("Read params.json") and steps[-1].detail == str(refusal.value)


def test_a_scenario_of_ones_own_is_solved_from_the_widths() -> None:
    (agent,) = read_trial(Trial(scenario="mine", dimensions=Dimensions(3, 5, 2))).agents
    assert agent.checkpoint.recipe.scenario == Dimensions(3, 5, 2)
    assert any("no known preset" in note for note in agent.notes)


def test_a_scenario_that_the_widths_leave_open_is_refused_with_the_possibilities() -> None:
    trial = Trial(algorithm="ippo", scenario="mine", dimensions=Dimensions(3, 5, 2))
    with pytest.raises(ImportRefused, match=r"fit \d+ scenarios, such as .* native checkpoint"):
        read_trial(trial)


@pytest.mark.parametrize(
    "path",
    [
        "/somewhere/else/MATE-2v4-0.yaml",
        "C:\\mate\\assets/MATE-2v4-0.yaml",
        "C:MATE-2v4-0.yaml",
        "\\\\server\\share\\\u8bad\u7ec3\u3000\u4e00\\MATE-2v4-0.yaml",
    ],
)
def test_a_path_in_place_of_a_scenario_is_only_a_name(path: str) -> None:
    environment = {"config": path}
    assert read_trial(Trial(extra_environment=environment)).agents[0].checkpoint.recipe.scenario == Dimensions(2, 4, 0)


@pytest.mark.parametrize(
    ("trial", "reason"),
    [
        (Trial(algorithm="maddpg"), "has no policy 'camera_0', where MADDPG has one for each member"),
        (Trial(algorithm="tarmac"), "has a tensor '_hidden_layers"),
        (Trial(algorithm="sac"), "env is 'mate-sac.camera'"),
        (HIERARCHICAL.changed(team="target"), "hierarchical target"),
        (Trial(extra_parameters={"env": "<script>"}), "env is '<script>'"),
        (Trial(extra_parameters={"env": None}), "env is None"),
        (Trial(extra_parameters={"env_config": 3}), "env_config is 3"),
        (Trial(extra_parameters={"model": []}), "model is a list"),
        (Trial(extra_parameters={"observation_filter": "MeanStdFilter"}), "observation_filter is 'MeanStdFilter'"),
        (Trial(levels=None, extra_parameters={"normalize_actions": False}), "normalize_actions is False"),
        (Trial(algorithm="ippo", extra_parameters={"model": {"use_lstm": False}}), "does not announce"),
        (Trial(algorithm="ippo", is_recurrent=False, extra_parameters={"model": {}}), "lstm.weight_hh_l0 is missing"),
        (Trial(extra_environment={"frame_skip": 10**12}), "frame_skip is 1000000000000"),
        (Trial(extra_environment={"discrete_levels": 1000001}), "discrete_levels is 1000001"),
        (Trial(extra_environment={"discrete_levels": 3}), "25 outputs.*has 9"),
        (Trial(extra_environment={"discrete_levels": None}), "25 outputs.*has 4"),
        (Trial(extra_environment={"config": None}), "config is None"),
        (Trial(extra_environment={"config": 7}), "config is 7"),
        (Trial(extra_environment={"enhanced_observation": "all"}), "enhanced_observation is 'all'"),
        (Trial(extra_environment={"multi_selection": 1}), "multi_selection is 1"),
        (Trial(extra_parameters={"env": "mate-hrl.mappo.camera"}), "belong to different trials"),
        (Trial(extra_parameters={"env": "mate-mappo.target"}), "belong to different trials"),
        (Trial(extra_parameters={"env": "mate-ippo.camera"}), "which the models of MATE's examples do not have"),
        (Trial(extra_environment={"config": "MATE-4v8-9.yaml"}), "4 cameras, 8 targets and 9 obstacles.*126.*take 56"),
        (Trial(extra_weights={"actor.extra": np.zeros(1, np.float32)}), "actor.extra"),
        (Trial(extra_weights={"actor.output._model.0.bias": np.zeros(25)}), "float64, expected float32"),
        (Trial(extra_weights={"actor.output._model.0.bias": np.zeros(24, np.float32)}), "shape"),
        (Trial(extra_weights={"actor.lstm.weight_hh_l0": np.zeros(3, np.float32)}), "no matrix"),
        (Trial(extra_weights={"actor.output._model.0.bias": np.full(25, np.nan, np.float32)}), "not finite"),
        (Trial(extra_weights={"critic.output._model.0.bias": np.full(1, np.nan, np.float32)}), "not finite"),
    ],
)
def test_what_cannot_be_played_is_refused_with_its_reason(trial: Trial, reason: str) -> None:
    with pytest.raises(ImportRefused, match=reason):
        read_trial(trial)


def test_a_flat_head_of_four_outputs_is_not_taken_for_two_targets() -> None:
    two = HIERARCHICAL.changed(scenario="MATE-4v2-9")
    assert two.num_outputs == Trial(levels=None).num_outputs == 4
    assert read_trial(two).agents[0].checkpoint.recipe.action.decoding == "select-many"
    assert read_trial(Trial(levels=None)).agents[0].checkpoint.recipe.action.decoding == "box"


def test_the_checkpoints_own_action_space_must_agree() -> None:
    worker = worker_of(Trial())
    worker["policy_specs"] = worker_of(Trial(levels=3))["policy_specs"]
    files = files_of(Trial())
    files["PPO_trial/checkpoint_000001/checkpoint-1"] = checkpoint_bytes(Trial(), worker)
    with pytest.raises(ImportRefused, match=r"Discrete\(9\).*9 outputs; the network has 25"):
        read(zip_of(files))


def read_worker(trial: Trial, worker: dict) -> ImportReport:
    files = files_of(trial)
    files["PPO_trial/checkpoint_000001/checkpoint-1"] = checkpoint_bytes(trial, worker)
    return read(zip_of(files))


def test_a_filter_of_observations_is_not_passed_over() -> None:
    worker = worker_of(Trial())
    worker["filters"] = {"shared_policy": Call(Name("ray.rllib.utils.filter", "MeanStdFilter"), is_new=True)}
    with pytest.raises(ImportRefused, match="the filter 'MeanStdFilter'"):
        read_worker(Trial(), worker)


def test_the_default_policy_plays_where_there_is_no_other() -> None:
    worker = worker_of(Trial())
    worker = {part: {"default_policy": found["shared_policy"]} for part, found in worker.items()}
    assert read_worker(Trial(), worker).agents[0].checkpoint == read_trial(Trial()).agents[0].checkpoint


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_an_action_space_that_is_no_whole_number_says_nothing(number: float) -> None:
    worker = worker_of(HIERARCHICAL)
    space = Call(Name("gym.spaces.multi_discrete", "MultiDiscrete"), state={"nvec": np.full(4, number)}, is_new=True)
    arguments = (None, None, space, {})
    spec = Call(Name("ray.rllib.policy.policy", "PolicySpec"), arguments, is_new=True)
    worker["policy_specs"] = {"shared_policy": spec}
    assert read_worker(HIERARCHICAL, worker).agents[0].checkpoint == read_trial(HIERARCHICAL).agents[0].checkpoint


@pytest.mark.parametrize("algorithm", ["mappo", "ippo", "iql", "qmix"])
def test_a_missing_tensor_is_named_as_the_policys(algorithm: str) -> None:
    trial = Trial(algorithm=algorithm)
    unused = ("critic.", "_value_branch")
    for name in (name for name in weights_of(trial) if not name.startswith(unused)):
        worker = worker_of(trial)
        (state,) = worker["state"].values()
        weights = state["model" if algorithm == "qmix" else "weights"]
        del weights[name]
        with pytest.raises(ImportRefused) as refusal:
            read_worker(trial, worker)
        assert not any(word in str(refusal.value) for word in ("policy.json", "weights.safetensors"))


def test_a_policy_without_memory_reads_its_last_layer() -> None:
    trial = Trial(algorithm="ippo", is_recurrent=False)
    (agent,) = read_trial(trial).agents
    assert agent.checkpoint.recipe.architecture == Architecture((8, 6), "tanh")
    inputs = np.random.default_rng(1).normal(size=(3, 56)).astype(np.float32)
    weights, values = weights_of(trial), inputs
    for layer in ("_hidden_layers.0", "_hidden_layers.1"):
        values = np.tanh(values @ weights[f"{layer}._model.0.weight"].T + weights[f"{layer}._model.0.bias"])
    expected = values @ weights["_logits_branch._model.0.weight"].T + weights["_logits_branch._model.0.bias"]
    outputs = Network(agent.checkpoint).forward(inputs, np.zeros((3, 0), np.float32))
    assert np.allclose(outputs, expected, atol=1e-5)


def test_no_activation_is_not_taken_for_the_default_one() -> None:
    custom = {"actor_hiddens": [8, 6], "actor_hidden_activation": None, "lstm_cell_size": 4}
    trial = Trial(extra_parameters={"model": {"custom_model_config": custom}})
    assert read_trial(trial).agents[0].checkpoint.recipe.architecture.activation == "linear"


def test_a_policy_that_was_not_to_explore_plays_deterministically() -> None:
    plays = [read_trial(Trial(extra_parameters={"explore": explore})).agents[0] for explore in (True, False)]
    assert [agent.checkpoint.recipe.play for agent in plays] == ["stochastic", "deterministic"]
    assert [any("not to explore" in note for note in agent.notes) for agent in plays] == [False, True]


def test_a_refusal_says_which_of_several_trials_it_is_about() -> None:
    files = files_of(Trial(), "one/") | files_of(Trial(frame_skip=0), "two/")
    with pytest.raises(ImportRefused, match=r"^two: params\.json: env_config\.frame_skip is 0"):
        read(zip_of(files))


@pytest.mark.parametrize(
    ("worker", "reason"),
    [
        ({}, "no policies' state"),
        ({"state": {}}, "no policy 'shared_policy'"),
        ({"state": {"camera_0": {}, "camera_1": {}}}, "it has 'camera_0', 'camera_1'"),
        ({"state": {"shared_policy": {}}}, "no 'weights'"),
        ({"state": {"shared_policy": {"weights": {}}}}, "no first layer"),
        ({"state": {"shared_policy": {"weights": [1]}}}, "no dictionary"),
        ({"state": {"shared_policy": {"weights": {"actor.x": "text"}}}}, "no array"),
        ({"state": {f"p{number}": None for number in range(100)}}, "100 policies"),
    ],
)
def test_a_worker_without_the_policy_is_refused(worker: dict, reason: str) -> None:
    files = files_of(Trial())
    files["PPO_trial/checkpoint_000001/checkpoint-1"] = checkpoint_bytes(Trial(), worker)
    with pytest.raises(ImportRefused, match=reason):
        read(zip_of(files))


def test_params_pkl_is_never_opened() -> None:
    files = files_of(Trial())
    without = {name: content for name, content in files.items() if not name.endswith("params.pkl")}
    assert read(zip_of(files)).agents[0].checkpoint == read(zip_of(without)).agents[0].checkpoint


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"notes.txt": b"x"}, "no checkpoint is in the archive"),
        ({"inner.zip": b"x"}, "archives inside it are not opened"),
        ({"checkpoint_000001/checkpoint-1": b"x"}, "params.json.* is missing"),
        ({"params.json": b"{}", "checkpoint_000001/checkpoint-1": b"x"}, "env is None"),
        ({"params.json": b"{", "checkpoint_000001/checkpoint-1": b"x"}, "not valid JSON"),
        ({"params.json": b"[" * 100_000, "checkpoint_000001/checkpoint-1": b"x"}, "not valid JSON"),
        ({"params.json": b"1" * 10_000, "checkpoint_000001/checkpoint-1": b"x"}, "not valid JSON"),
    ],
)
def test_an_incomplete_archive_is_refused_with_what_it_lacks(files: dict[str, bytes], reason: str) -> None:
    with pytest.raises(ImportRefused, match=reason):
        read(zip_of(files))


def test_too_many_trials_are_refused() -> None:
    files = files_of(Trial(), "one/") | files_of(Trial(), "two/")
    with pytest.raises(ImportRefused, match="2 trials; at most 1"):
        read_file(io.BytesIO(zip_of(files)), Limits(max_agents=1))


def test_a_native_checkpoint_is_read_and_asks_nothing() -> None:
    checkpoint = make_checkpoint(provenance={"name": "my agent"})
    (agent,) = read(checkpoint.to_bytes()).agents
    assert agent.checkpoint == checkpoint and agent.name == "my agent" and agent.questions == ()


def test_a_report_survives_json() -> None:
    report = read_trial(Trial())
    by_digest = {agent.checkpoint.digest: agent.checkpoint for agent in report.agents}
    assert ImportReport.from_json(json.loads(json.dumps(report.to_json())), by_digest.__getitem__) == report
