"""One seed for every global generator."""

from __future__ import annotations

import os
import random

import numpy as np

__all__ = ["seed_everything"]


def seed_everything(seed: int) -> None:
    """Seed ``PYTHONHASHSEED``, ``random``, NumPy's global generator, and PyTorch and TensorFlow where installed.

    PyTorch is also set to deterministic algorithms. Nothing in MATE itself reads a global generator.
    """
    os.environ["PYTHONHASHSEED"] = str(seed)
    random.seed(seed)
    np.random.seed(seed % 2**32)
    _seed_torch(seed)
    tensorflow = _imported("tensorflow")
    if tensorflow is not None:
        tensorflow.random.set_seed(seed)


def _seed_torch(seed: int) -> None:
    torch = _imported("torch")
    if torch is None:
        return
    torch.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True)


def _imported(name: str):  # type: ignore[no-untyped-def]
    try:
        return __import__(name)
    except ImportError:
        return None
