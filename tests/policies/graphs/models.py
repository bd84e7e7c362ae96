"""Writes the models in tests/data/onnx: ``python -m tests.policies.graphs.models``."""

from __future__ import annotations

import sys

import torch

from policies.exporting import export_module
from tests.policies.graphs.modules import CASES
from tests.policies.mutations import MODELS


def main() -> None:
    """Write one file for each module."""
    MODELS.mkdir(exist_ok=True)
    for name, case in CASES.items():
        torch.manual_seed(0)
        path = MODELS / f"{name.replace(' ', '_')}.zip"
        exported = export_module(case.module(), path, **case.export_arguments())
        print(f"{path.name}: {path.stat().st_size:,} bytes, error {exported.error:.1e}")


if __name__ == "__main__":
    sys.exit(main())
