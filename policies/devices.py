"""The device class that networks are computed on, which is part of an episode's identity.

``ARENA_DEVICE`` is ``cpu``, ``cuda`` or ``auto`` (the default): CUDA where there is a GPU and a PyTorch built for
it, otherwise the CPU. Machines of one installation must agree: name the class where they differ.

On ``cpu`` the compiled kernels of ``policies.networks`` run, and PyTorch is never imported. On ``cuda`` the outputs
differ from theirs in the last digits (``policies.torch_networks``), so an episode may too: results of different classes
are kept apart.
"""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from mate.errors import UserError

CPU = "cpu"
CUDA = "cuda"
CHOICES = (CPU, CUDA, "auto")


class DeviceError(UserError):
    """The device class that was asked for does not exist, or not on this machine."""


def device_class(environ: Mapping[str, str] = os.environ) -> str:
    """``cpu`` or ``cuda``: what this installation plays networks on. Raises DeviceError for another ``ARENA_DEVICE``.

    A process that plays nothing may be on a machine without the device; one that plays learns it from ``network_of``.
    """
    choice = environ.get("ARENA_DEVICE", "") or "auto"
    if choice not in CHOICES:
        raise DeviceError(f"ARENA_DEVICE is {choice!r}: expected one of {', '.join(CHOICES)}.")
    if choice != "auto":
        return choice
    hidden = environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return CUDA if not hidden and has_gpu() and has_cuda_build() else CPU


def has_gpu(devices: Path = Path("/dev")) -> bool:
    """Whether the machine has an NVIDIA GPU, found without starting CUDA, which would not survive a fork."""
    return any(devices.glob("nvidia[0-9]*"))


@cache
def has_cuda_build() -> bool:
    """Whether a PyTorch is installed that was not built for the CPU alone; it is not imported."""
    try:
        return not importlib.metadata.version("torch").endswith("+cpu")
    except importlib.metadata.PackageNotFoundError:
        return False
