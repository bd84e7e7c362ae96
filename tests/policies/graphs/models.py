"""Writes the models in tests/data/onnx: ``python -m tests.policies.graphs.models``."""

from __future__ import annotations

import sys

import torch

from policies import Action, Checkpoint, EntityArchitecture, Preprocessing
from policies.exporting import export_module, pack, to_onnx
from tests.policies.checkpoints import make_checkpoint
from tests.policies.graphs.modules import CASES
from tests.policies.mutations import MODELS
from tests.policies.speakers import make_speaker


def main() -> None:
    """Write one file for each module."""
    MODELS.mkdir(exist_ok=True)
    for name, case in CASES.items():
        torch.manual_seed(0)
        path = MODELS / f"{name.replace(' ', '_')}.zip"
        exported = export_module(case.module(), path, **case.export_arguments())
        print(f"{path.name}: {path.stat().st_size:,} bytes, error {exported.error:.1e}")
    for name, checkpoint in {"speaking": make_speaker(), "entities": make_entity_network()}.items():
        (MODELS / f"{name}.zip").write_bytes(pack(*to_onnx(checkpoint)))


def make_entity_network() -> Checkpoint:
    """A network of entities with a memory, which plays in every scenario."""
    architecture = EntityArchitecture((6, 4), (7,), pooling="attention", memory="gru", memory_size=3, head_size=5)
    action, preprocessing = Action("select-pose", masked=True), Preprocessing(egocentric=True)
    return make_checkpoint(architecture=architecture, action=action, scenario=None, preprocessing=preprocessing)


if __name__ == "__main__":
    sys.exit(main())
