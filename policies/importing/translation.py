"""Translation of the tensors of upstream's models into those of a recipe."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from policies.architectures import MAX_LAYERS, Architecture
from policies.fields import shorten
from policies.importing.arrays import Array
from policies.importing.errors import ImportRefused
from policies.recipe import MAX_PARAMETERS

MAX_TENSORS = 200
MAX_NUMBERS = 2 * MAX_PARAMETERS  # in all tensors of a policy, including its critic's

_GATES = r"(weight_ih|weight_hh|bias_ih|bias_hh)"


@dataclass(frozen=True)
class TensorNames:
    """The structure of an algorithm's model, the places of its settings, and the names of its tensors.

    ``rules`` rewrite a name by a pattern; tensors whose names begin with one of ``unused`` only matter for training.
    ``policy`` is the name of the policy that the team shares, ``entry`` the entry of its state that holds the tensors.
    ``outputs`` are ``logits`` or ``values`` of actions. In params.json, ``section`` of ``model`` has the sizes under
    ``hiddens_key`` and the activation under ``activation_key``; the network does not use the last ``unread_layers``
    sizes. ``memory_key`` is the setting that turns the memory on; without a key there always is a memory. ``note`` is
    shown with the agent.
    """

    rules: tuple[tuple[str, str], ...]
    unused: tuple[str, ...]
    entry: str
    memory: str
    skip_connection: bool = False
    head: str = "linear"
    activation: str | None = None
    policy: str = "shared_policy"
    outputs: str = "logits"
    section: str = ""
    hiddens_key: str = "fcnet_hiddens"
    activation_key: str = "fcnet_activation"
    unread_layers: int = 0
    memory_key: str = ""
    note: str = ""

    def translate(self, name: str) -> str | None:
        """Return the recipe's name of a tensor; None if it is unused. Raises ImportRefused if the name is unknown."""
        for pattern, replacement in self.rules:
            match = re.fullmatch(pattern, name, re.ASCII)
            if match:
                return match.expand(replacement)
        if name.startswith(self.unused):
            return None
        raise ImportRefused(
            f"the checkpoint has a tensor {shorten(name, 100)}, which the models of MATE's examples do not have; a "
            "model of your own can be uploaded as a native checkpoint (docs/checkpoint-format.md)"
        )


_SLIM = r"(?:_model\.0\.)(weight|bias)"

LAYOUTS = {
    "mappo": TensorNames(
        rules=(
            (rf"actor\.hidden\.actor_hidden_([0-7])\.{_SLIM}", r"hidden.\1.\2"),
            (rf"actor\.lstm\.{_GATES}_l0", r"lstm.\1_l0"),
            (rf"actor\.output\.{_SLIM}", r"output.\1"),
        ),
        unused=("critic.",),
        entry="weights",
        memory="lstm",
        skip_connection=True,
        section="custom_model_config",
        hiddens_key="actor_hiddens",
        activation_key="actor_hidden_activation",
    ),
    "ippo": TensorNames(
        rules=(
            (rf"_hidden_layers\.([0-7])\.{_SLIM}", r"hidden.\1.\2"),
            (rf"lstm\.{_GATES}_l0", r"lstm.\1_l0"),
            (rf"_logits_branch\.{_SLIM}", r"output.\1"),
        ),
        unused=("_value_branch",),
        entry="weights",
        memory="lstm",
        memory_key="use_lstm",
    ),
    "iql": TensorNames(
        rules=(
            (rf"_hidden_layers\.([0-7])\.{_SLIM}", r"hidden.\1.\2"),
            (rf"advantage_module\.dueling_A_0\.{_SLIM}", r"advantage.0.\1"),
            (rf"advantage_module\.A\.{_SLIM}", r"advantage.1.\1"),
            (rf"value_module\.dueling_V_0\.{_SLIM}", r"value.0.\1"),
            (rf"value_module\.V\.{_SLIM}", r"value.1.\1"),
        ),
        unused=("_value_branch",),
        entry="weights",
        memory="none",
        head="dueling",
        outputs="values",
        unread_layers=1,  # It takes the width of the heads.
    ),
    "qmix": TensorNames(
        rules=(
            (r"fc1\.(weight|bias)", r"hidden.0.\1"),
            (rf"rnn\.{_GATES}", r"gru.\1_l0"),
            (r"fc2\.(weight|bias)", r"output.\1"),
        ),
        unused=(),
        entry="model",
        memory="gru",
        activation="relu",
        policy="default_policy",
        outputs="values",
        unread_layers=MAX_LAYERS,
        note="it was trained to maximise a joint value; each of its agents maximises its own share, as upstream's do",
    ),
}


_CUSTOM = replace(LAYOUTS["mappo"], rules=(), memory="none")


def layout_of(algorithm: str) -> TensorNames:
    """Return an algorithm's layout; for those that decide for a whole team (`joint`), only the places of settings."""
    return LAYOUTS.get(algorithm, _CUSTOM)


def translate_tensors(layout: TensorNames, tensors: Any) -> tuple[dict[str, np.ndarray], int]:
    """Return the tensors needed to play, by the recipe's names, and the width of the critic's state (or 0).

    Raises ImportRefused if ``tensors`` is not a dictionary of float32 arrays with names of this layout.
    """
    if not isinstance(tensors, dict) or len(tensors) > MAX_TENSORS:
        raise ImportRefused(f"the policy's {layout.entry!r} are no dictionary of at most {MAX_TENSORS} tensors")
    translated: dict[str, np.ndarray] = {}
    state_size = num_numbers = 0
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, Array) or tensor.values is None:
            raise ImportRefused(f"the policy's tensor {shorten(name, 100)} is no array of numbers")
        if tensor.values.dtype != np.float32:
            raise ImportRefused(
                f"the policy's tensor {shorten(name, 100)} is {tensor.values.dtype}, expected float32; convert the "
                f"weights, and "
                "write a native checkpoint of them (docs/checkpoint-format.md)"
            )
        num_numbers += tensor.values.size
        if num_numbers > MAX_NUMBERS:
            raise ImportRefused(
                f"the policy's tensors have more than {MAX_NUMBERS:,} numbers in all; a smaller network is needed"
            )
        if not np.isfinite(tensor.values).all():
            raise ImportRefused(
                f"the policy's tensor {shorten(name, 100)} has values that are not finite (NaN or infinite); the "
                f"training has "
                "diverged, take an earlier checkpoint"
            )
        renamed = layout.translate(name)
        if renamed is not None:
            translated[renamed] = tensor.values
        elif name == "critic.hidden.critic_hidden_0._model.0.weight" and tensor.values.ndim == 2:
            state_size = tensor.values.shape[1]
    if "hidden.0.weight" not in translated:
        raise ImportRefused("the policy has no first layer; the checkpoint is damaged or of another model")
    return translated, state_size


def _length(tensors: dict[str, np.ndarray], name: str, axis: int) -> int:
    tensor = tensors.get(name)
    if tensor is None or tensor.ndim != 2:
        raise ImportRefused(f"the policy's tensor for {name} is missing or no matrix; the checkpoint is damaged")
    return int(tensor.shape[axis])


def hidden_sizes_of(tensors: dict[str, np.ndarray]) -> tuple[int, ...]:
    """Return the widths of the hidden layers of translated tensors."""
    sizes: list[int] = []
    while len(sizes) < MAX_LAYERS and f"hidden.{len(sizes)}.weight" in tensors:
        sizes.append(_length(tensors, f"hidden.{len(sizes)}.weight", 0))
    return tuple(sizes)


def infer_architecture(layout: TensorNames, tensors: dict[str, np.ndarray], activation: str) -> Architecture:
    """Return the architecture that the shapes of translated tensors imply."""
    has_memory, is_dueling = layout.memory != "none", layout.head == "dueling"
    return Architecture(
        hidden_sizes=hidden_sizes_of(tensors),
        activation=layout.activation or activation,
        memory=layout.memory,
        memory_size=_length(tensors, f"{layout.memory}.weight_hh_l0", 1) if has_memory else 0,
        skip_connection=layout.skip_connection,
        head=layout.head,
        head_size=_length(tensors, "advantage.0.weight", 0) if is_dueling else 0,
    )


def observed_widths(layout: TensorNames, tensors: dict[str, np.ndarray]) -> tuple[int, int]:
    """Return the widths of the network's input and output."""
    output = "advantage.1.weight" if layout.head == "dueling" else "output.weight"
    return _length(tensors, "hidden.0.weight", 1), _length(tensors, output, 0)
