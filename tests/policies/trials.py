"""Trial folders in the layout that RLlib 1.12 writes, with networks small enough for tests."""

from __future__ import annotations

import gzip
import io
import itertools
import json
import tarfile
import zipfile
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from policies import Dimensions
from tests.policies.pickling import Call, Name, ObjectArray, OldArray, dtype_of, dump

SCENARIOS = {
    "MATE-2v4-0": Dimensions(2, 4, 0),
    "MATE-4v8-9": Dimensions(4, 8, 9),
    "MATE-4v2-9": Dimensions(4, 2, 9),
}


@dataclass(frozen=True)
class Trial:
    """What was trained, and how its checkpoint is written."""

    algorithm: str = "mappo"
    team: str = "camera"
    is_hierarchical: bool = False
    scenario: str = "MATE-2v4-0"
    dimensions: Dimensions | None = None
    hidden_sizes: tuple[int, ...] = (8, 6)
    memory_size: int = 4
    is_recurrent: bool = True
    levels: int | None = 5
    multi_selection: bool | None = None
    frame_skip: int = 5
    enhanced_observation: str = "none"
    epsilon: float = 0.25
    seed: int = 0
    outer_protocol: int = 4
    has_old_arrays: bool = False
    has_optimizer: bool = True
    has_spaces: bool = True
    extra_weights: dict[str, np.ndarray] = field(default_factory=dict)
    extra_environment: dict[str, Any] = field(default_factory=dict)
    extra_parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> Dimensions:
        return self.dimensions or SCENARIOS[self.scenario]

    @property
    def num_outputs(self) -> int:
        is_valued = self.algorithm in ("iql", "qmix")
        if self.is_hierarchical and self.multi_selection:
            return 2**self.size.targets if is_valued else 2 * self.size.targets
        if self.is_hierarchical:
            return self.size.targets + 1
        return 4 if self.levels is None else self.levels**2

    @property
    def environment(self) -> str:
        return f"mate-{'hrl.' if self.is_hierarchical else ''}{self.algorithm}.{self.team}"

    def changed(self, **changes: Any) -> Trial:
        return replace(self, **changes)


HIERARCHICAL = Trial(is_hierarchical=True, levels=None, multi_selection=True)


def linear(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def recurrent(name: str, inputs: int, size: int, gates: int, suffix: str) -> dict[str, tuple[int, ...]]:
    return {
        f"{name}.weight_ih{suffix}": (gates * size, inputs),
        f"{name}.weight_hh{suffix}": (gates * size, size),
        f"{name}.bias_ih{suffix}": (gates * size,),
        f"{name}.bias_hh{suffix}": (gates * size,),
    }


def tensor_shapes(trial: Trial) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors of upstream's models."""
    observed, outputs, size = trial.size.observation_size(trial.team), trial.num_outputs, trial.memory_size
    widths = [observed, *trial.hidden_sizes]
    pairs = list(enumerate(itertools.pairwise(widths)))
    shapes: dict[str, tuple[int, ...]] = {}
    if trial.algorithm == "mappo":
        for half, first, last in (("actor", observed, outputs), ("critic", trial.size.state_size, 1)):
            for number, (inputs, width) in pairs:
                name = f"{half}.hidden.{half}_hidden_{number}._model.0"
                shapes |= linear(name, first if number == 0 else inputs, width)
            shapes |= recurrent(f"{half}.lstm", widths[-1], size, 4, "_l0")
            shapes |= linear(f"{half}.output._model.0", widths[-1] + size, last)
    elif trial.algorithm == "qmix":
        shapes |= linear("fc1", observed, size) | recurrent("rnn", size, size, 3, "") | linear("fc2", size, outputs)
    else:
        for number, (inputs, width) in pairs:
            shapes |= linear(f"_hidden_layers.{number}._model.0", inputs, width)
        if trial.algorithm == "ippo":
            last = size if trial.is_recurrent else widths[-1]
            shapes |= recurrent("lstm", widths[-1], size, 4, "_l0") if trial.is_recurrent else {}
            shapes |= linear("_logits_branch._model.0", last, outputs) | linear("_value_branch._model.0", last, 1)
            shapes |= linear("_value_branch_separate.0._model.0", observed, 3)
        else:
            for branch, letter, last in (("advantage", "A", outputs), ("value", "V", 1)):
                shapes |= linear(f"{branch}_module.dueling_{letter}_0._model.0", widths[-1], size)
                shapes |= linear(f"{branch}_module.{letter}._model.0", size, last)
            shapes |= linear("_value_branch._model.0", widths[-1], 1)
    return shapes


def weights_of(trial: Trial) -> dict[str, np.ndarray]:
    """Random weights under upstream's names."""
    generator = np.random.default_rng(trial.seed)
    shapes = tensor_shapes(trial)
    weights = {name: generator.normal(0, 0.3, shape).astype(np.float32) for name, shape in shapes.items()}
    return weights | trial.extra_weights


def parameters_of(trial: Trial) -> dict[str, Any]:
    """The content of the trial's params.json."""
    environment: dict[str, Any] = {
        "config": f"{trial.scenario}.yaml",
        "config_overrides": {"reward_type": "dense"},
        "enhanced_observation": trial.enhanced_observation,
        "env_id": "MultiAgentTracking-v0",
        "frame_skip": trial.frame_skip,
        "opponent_agent_factory": "<function target_agent_factory at 0x7f7af8b18c10>",
    }
    if trial.levels is not None:
        environment["discrete_levels"] = trial.levels
    if trial.multi_selection is not None:
        environment["multi_selection"] = trial.multi_selection
    model: dict[str, Any] = {"use_lstm": trial.is_recurrent, "fcnet_activation": "tanh"}
    model |= {"fcnet_hiddens": list(trial.hidden_sizes), "lstm_cell_size": trial.memory_size}
    if trial.algorithm == "mappo":
        custom = {"actor_hiddens": list(trial.hidden_sizes), "actor_hidden_activation": "tanh", "use_lstm": False}
        custom |= {"lstm_cell_size": trial.memory_size, "fcnet_hiddens": [256, 256]}
        model = {"custom_model": "<class 'examples.mappo.models.MAPPOModel'>", "custom_model_config": custom}
    exploration: dict[str, Any] = {"type": "StochasticSampling"}
    if trial.algorithm in ("iql", "qmix"):
        exploration = {
            "type": "EpsilonGreedy",
            "initial_epsilon": 1.0,
            "final_epsilon": 0.02,
            "epsilon_timesteps": 50000,
        }
    return {
        "env": trial.environment,
        "env_config": environment | trial.extra_environment,
        "exploration_config": exploration,
        "explore": True,
        "framework": "torch",
        "lr_schedule": [[0, 0.0005], [4000000.0, 0.0001]],
        "model": model,
        "seed": trial.seed,
    } | trial.extra_parameters


def box(width: int, state: dict[str, Any] | None = None) -> Call:
    low = np.full(width, -1, np.float32)
    content = {"dtype": dtype_of("f4"), "_shape": (width,), "low": low, "high": -low, "_np_random": random_state()}
    return Call(Name("gym.spaces.box", "Box"), state=content | (state or {}), is_new=True)


def random_state() -> Call:
    key = {"key": np.arange(624, dtype=np.uint32), "pos": 3}
    state = {"bit_generator": "MT19937", "state": key, "has_gauss": 0, "gauss": 0.0}
    return Call(Name("numpy.random._pickle", "__randomstate_ctor"), ("MT19937",), state)


def action_space(trial: Trial) -> Call:
    if trial.is_hierarchical and trial.multi_selection and trial.algorithm not in ("iql", "qmix"):
        counts = np.full(trial.size.targets, 2, np.int64)
        return Call(Name("gym.spaces.multi_discrete", "MultiDiscrete"), state={"nvec": counts}, is_new=True)
    if trial.levels is None and not trial.is_hierarchical:
        return box(2)
    discrete = {"n": trial.num_outputs, "_shape": (), "dtype": dtype_of("i8"), "np_random": random_state()}
    return Call(Name("gym.spaces.discrete", "Discrete"), state=discrete, is_new=True)


def policy_class(trial: Trial) -> Any:
    """By reference, or, as RLlib's DQN has it, by value with the code of its functions."""
    if trial.algorithm != "iql":
        return Name("ray.rllib.agents.ppo.ppo_torch_policy", "PPOTorchPolicy")
    pickler = "ray.cloudpickle.cloudpickle"
    code = Call(
        Call(Name(pickler, "_builtin_type"), ("CodeType",)), (0, 0, 0, 1, 2, 67, b"d\x00S\x00", (None,), ("x",))
    )
    function = Call(Call(Name(pickler, "_builtin_type"), ("FunctionType",)), (code, {"__name__": "f"}, None, None, ()))
    torch = Call(Name(pickler, "subimport"), ("torch",))
    meta = Name("abc", "ABCMeta")
    made = Call(Name(pickler, "_make_skeleton_class"), (meta, "DQNTorchPolicy", (), {"__module__": "m"}, "0f", None))
    method = Call(Name("builtins", "staticmethod"), (function,))
    return Call(Name(f"{pickler}_fast", "_class_setstate"), (made, ({"f": method, "torch": torch}, {})))


def worker_of(trial: Trial) -> dict[str, Any]:
    """The state of RLlib's rollout worker."""
    form = OldArray if trial.has_old_arrays else np.asarray
    weights = {name: form(value) for name, value in weights_of(trial).items()}
    if trial.algorithm == "qmix":
        policy, state = "default_policy", {"model": weights, "target_model": weights, "mixer": {}, "cur_epsilon": 0.4}
    else:
        policy = "shared_policy"
        moments = {number: {"step": 1.0, "exp_avg": value} for number, value in enumerate(weights.values())}
        groups = [{"lr": 5e-4, "betas": (0.9, 0.999), "foreach": None, "params": [0, 1]}]
        optimizer = [{"state": moments if trial.has_optimizer else {}, "param_groups": groups}]
        state = {"weights": weights, "global_timestep": 12500, "_optimizer_variables": optimizer}
        state["_exploration_state"] = {"cur_epsilon": trial.epsilon} if trial.algorithm == "iql" else {}
    original = Call(Name("collections", "OrderedDict"))
    observed = box(trial.size.observation_size(trial.team), {"original_space": original})
    space = action_space(trial)
    if trial.algorithm == "qmix":
        space = Call(Name("gym.spaces.tuple", "Tuple"), state={"spaces": [space] * 2}, is_new=True)
    spec = Call(Name("ray.rllib.policy.policy", "PolicySpec"), (policy_class(trial), observed, space, {}), is_new=True)
    return {
        "filters": {policy: Call(Name("ray.rllib.utils.filter", "NoFilter"), is_new=True)},
        "state": {policy: state},
        "policy_specs": {policy: spec} if trial.has_spaces else {},
    }


def checkpoint_bytes(trial: Trial, worker: dict[str, Any] | None = None) -> bytes:
    """The content of the trial's checkpoint file."""
    inner = dump(worker_of(trial) if worker is None else worker, 5)
    scalar = Call(Name("numpy.core.multiarray", "scalar"), (dtype_of("f8"), np.float64(0.5).tobytes()))
    learner = {"loss": scalar, "errors": ObjectArray([None, 1.0])}
    return dump(
        {"worker": inner, "train_exec_impl": {"counters": {"steps": 400}, "info": learner}}, trial.outer_protocol
    )


def files_of(trial: Trial, folder: str = "PPO_trial/", number: int = 1) -> dict[str, bytes]:
    """Paths and contents of the trial's folder."""
    where = f"{folder}checkpoint_{number:06d}/"
    return {
        f"{folder}params.json": json.dumps(parameters_of(trial)).encode(),
        f"{folder}params.pkl": b"cposix\nsystem\n(S'touch /tmp/pwned'\ntR.",
        f"{folder}progress.csv": b"a,b\n1,2\n",
        f"{where}.is_checkpoint": b"",
        f"{where}checkpoint-{number}": checkpoint_bytes(trial),
        f"{where}checkpoint-{number}.tune_metadata": b"\x80\x04N.",
    }


def zip_of(files: dict[str, bytes]) -> bytes:
    """A zip archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def tar_of(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """A gzipped tar archive of these files and symbolic links."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, target in (links or {}).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            archive.addfile(entry)
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), 1, mtime=0)
