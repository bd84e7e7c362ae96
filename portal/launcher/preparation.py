"""Preparation before the portal starts. Steps that are done are skipped quickly."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from . import commands
from .children import bind_to_parent
from .installation import CHECKOUT, LaunchRefused, LocalInstallation, folder_of


def prepare(installation: LocalInstallation, environment: Mapping[str, str]) -> None:
    """Run `manage.py prepare` for the database, the static files and the first content, one process at a time."""
    with installation.preparing():
        run(commands.prepare(), environment)


def run(command: list[str], environment: Mapping[str, str]) -> None:
    """Run one step to its end; print its output. Raises LaunchRefused if it fails."""
    process = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        preexec_fn=bind_to_parent(os.getpid()),
    )
    if code := process.wait():
        raise LaunchRefused(f"A step of setting up failed with status {code}: {' '.join(command)}")


def warm_stamp(environment: Mapping[str, str]) -> Path:
    """Return the stamp file in the cache of compiled kernels.

    Its name has a digest of everything that makes Numba recompile.
    """
    cache = Path(environment.get("NUMBA_CACHE_DIR") or CHECKOUT / ".numba_cache")
    digest = hashlib.sha256(sys.version.encode())
    for line in describe_processor():
        digest.update(line.encode())
    for floor in ("mate", *(name.split(".")[0] for name in commands.WARMED)):
        for path in sorted(folder_of(floor).rglob("*.py")):
            status = path.stat()
            digest.update(f"{path} {status.st_mtime_ns} {status.st_size}\n".encode())
    return cache / f"warm-{digest.hexdigest()[:16]}"


def describe_processor() -> Iterator[str]:
    """Yield the lines that identify the processor model, because kernels are compiled for the model."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    for field in ("model name", "flags", "Features"):
        yield next((line for line in lines if line.startswith(field)), "")


def renew(stamp: Path) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    for old in stamp.parent.glob("warm-*"):
        old.unlink(missing_ok=True)
    stamp.touch()
