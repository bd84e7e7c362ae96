"""What trainings need beside the portal's own packages, and whether it is installed.

PyTorch and Ray are larger than all the rest together, so they come when somebody wants to train: ``make training``, or
``pip install 'mate-arena[training]'``. This module imports none of them.
"""

from __future__ import annotations

import importlib.metadata

PACKAGES = ("torch", "ray", "tensorboardX")
COMMAND = "make training"


def missing(packages: tuple[str, ...] = PACKAGES) -> list[str]:
    """Return the packages that trainings need and that are not installed, or not to their end yet."""
    return [name for name in packages if not is_installed(name)]


def is_installed(name: str) -> bool:
    """Return whether a package's installer has finished: it writes its own name last."""
    try:
        return importlib.metadata.distribution(name).read_text("INSTALLER") is not None
    except importlib.metadata.PackageNotFoundError:
        return False


def explain(packages: list[str]) -> str:
    """Return one sentence about missing packages, with what to do; empty where none is missing."""
    if not packages:
        return ""
    return (
        f"Trainings need {', '.join(packages)}, which {'are' if len(packages) > 1 else 'is'} not installed here: run "
        f"`{COMMAND}`. Trainings that wait begin by themselves afterwards."
    )
