"""The packages that trainings need beyond the portal's own, and whether they are installed.

PyTorch and Ray are larger than all other packages together, so they are installed on demand: ``make training``, or
``pip install 'mate-arena[training]'``. This module imports neither.
"""

from __future__ import annotations

import importlib.metadata

PACKAGES = ("torch", "ray", "tensorboardX")
COMMAND = "make training"


def missing(packages: tuple[str, ...] = PACKAGES) -> list[str]:
    """Return the required packages that are missing, or whose installation has not finished."""
    return [name for name in packages if not is_installed(name)]


def is_installed(name: str) -> bool:
    """Return whether a package's installation has finished: installers write the package's metadata last."""
    try:
        return importlib.metadata.distribution(name).read_text("INSTALLER") is not None
    except importlib.metadata.PackageNotFoundError:
        return False


def explain(packages: list[str]) -> str:
    """Return a sentence that names the missing packages and how to install them; empty if none is missing."""
    if not packages:
        return ""
    return (
        f"Trainings need {', '.join(packages)}, which {'are' if len(packages) > 1 else 'is'} not installed here: run "
        f"`{COMMAND}`. Waiting trainings then start by themselves."
    )
