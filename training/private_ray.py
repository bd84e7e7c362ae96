"""A private, quiet Ray for one run: it leaves nothing in the user's home and sends nothing over the network."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import socket
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mate.errors import UserError

OBJECT_STORE_BYTES = 200_000_000
CONNECTION_SECONDS = 5.0
_SETTINGS = {
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_DISABLE_IMPORT_WARNING": "1",
    "RAY_DEDUP_LOGS": "0",
    "RAY_worker_niceness": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_METRICS_EXPORT_INTERVAL_MS": "600000",
    "RAY_LOGGING_LEVEL": "error",
}


def find_cluster() -> str:
    """Return the address of the Ray cluster to train on; empty if there is none."""
    return os.environ.get("RAY_ADDRESS", "")


def choose_cores(wanted: int | None) -> int:
    """Return the number of cores to use: ``wanted``, or all available. Raises UserError if fewer are available."""
    if find_cluster():
        return wanted or 1
    available = len(os.sched_getaffinity(0))
    if wanted is not None and wanted > available:
        raise UserError(
            f"The run is to use {wanted} cores, and this machine has {available} for it. "
            f"Set `cores` to {available} or fewer, or leave it out."
        )
    return wanted or available


@contextlib.contextmanager
def session(cores: int, folder: Path | None = None) -> Iterator[None]:
    """Run Ray with this many cores: the instance of this process, the cluster at ``RAY_ADDRESS``, or a private one.

    The private instance keeps its sockets and logs in a temporary folder, and removes the temporary folder that a
    killed process left behind for the same ``folder``. Raises UserError if the cluster has too few free cores or cannot
    be reached.
    """
    if _is_running():
        yield
        return
    set_environment()
    place = _find_place(folder)
    quieten()
    import ray

    try:
        if address := find_cluster():
            join(ray, address, cores)
        else:
            with _without_services():
                ray.init(
                    address="local", num_cpus=max(cores, 1), include_dashboard=False, log_to_driver=False,
                    logging_level=logging.ERROR, object_store_memory=OBJECT_STORE_BYTES, _temp_dir=str(place),
                    configure_logging=False, _system_config={"prestart_worker_first_driver": cores > 1},
                )  # fmt: skip
        _keep_results_in(place)
        yield
    finally:
        ray.shutdown()
        shutil.rmtree(place, ignore_errors=True)


def set_environment() -> None:
    """Set the variables that Ray reads when it is imported."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)


@contextlib.contextmanager
def _without_services() -> Iterator[None]:
    """Keep `ray.init` from starting the autoscaler's monitor, the log monitor and the API server.

    A private instance has one node, whose logs nobody follows. The three processes cost 2 s of CPU and 150 MB at each
    start, and `ray.init` has no option that leaves them out.
    """
    from ray._private.node import Node

    with contextlib.ExitStack() as stack:
        for name in ("start_monitor", "start_log_monitor", "start_api_server"):
            stack.callback(setattr, Node, name, getattr(Node, name))
            setattr(Node, name, lambda self, **options: None)
        yield


def _find_place(folder: Path | None) -> Path:
    """Make an empty folder with a short path: the paths of the sockets in it are limited to 107 bytes."""
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="ray"))
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:12]
    place = Path(tempfile.gettempdir()) / f"ray-{os.getuid()}-{name}"
    shutil.rmtree(place, ignore_errors=True)
    try:
        place.mkdir(mode=0o700)
    except FileExistsError:  # it belongs to another user
        return Path(tempfile.mkdtemp(prefix="ray"))
    return place


def _is_running() -> bool:
    return "ray" in sys.modules and sys.modules["ray"].is_initialized()


def join(ray: Any, address: str, cores: int) -> None:
    """Connect to the cluster at ``address``. Raises UserError if it cannot be reached or has too few free cores."""
    try:
        _knock(address)
        if not address.startswith("ray://") and not is_node():
            raise UserError(
                f"This machine is no node of the Ray cluster at {address}. Run here: ray start --address={address}"
            )
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(
            f"The Ray cluster at {address} cannot be reached ({error}). Correct RAY_ADDRESS, or unset it."
        ) from None
    free = int(ray.available_resources().get("CPU", 0))
    if free < cores:
        raise UserError(
            f"The run is to use {cores} cores, and the Ray cluster at {address} has {free} free. Wait, or set "
            f"`cores` lower."
        )


def is_node(processes: Path = Path("/proc")) -> bool:
    """Return whether a node of some Ray cluster runs on this machine: without one, Ray ends this process at once."""
    for name in processes.glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if name.read_text().strip() == "raylet":
                return True
    return not processes.is_dir()


def _knock(address: str) -> None:
    """Raise OSError if nobody listens at ``host:port``; Ray itself retries for minutes and ignores signals."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), CONNECTION_SECONDS).close()


def quieten() -> None:
    """Silence RLlib's notices on the console; errors still show."""
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    import ray.rllib  # noqa: F401 - sets the levels of its loggers when it is imported

    for name in ("ray", "ray.rllib", "ray.tune", "ray.rllib.core.rl_module.rl_module", "ray._private.worker"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _keep_results_in(place: Path) -> None:
    """Redirect the empty folder that RLlib's algorithms make for results away from the user's home."""
    from ray.tune.trainable import trainable

    trainable.DEFAULT_STORAGE_PATH = str(place)  # type: ignore[attr-defined]
