"""How much of an uploaded file is read before it is refused."""

from __future__ import annotations

from dataclasses import dataclass

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Bounds of one import; sizes are in bytes, times in seconds.

    The first block bounds the process that reads (``policies.importing.sandbox``), the second its input. ``memory`` is
    the maximum that the process may allocate after it gets the file. An archive may unpack to ``max_unpacked`` in total
    and to ``max_ratio`` times its size. ``max_texts`` bounds its params.json files and tables together, ``max_weights``
    the number of weights of all its networks.
    """

    memory: int = 256 * MEGABYTE
    cpu_seconds: int = 10
    wall_seconds: int = 120
    open_files: int = 64

    max_file: int = 64 * MEGABYTE
    max_entries: int = 10_000
    max_unpacked: int = 512 * MEGABYTE
    max_ratio: int = 100
    max_checkpoint: int = 128 * MEGABYTE
    max_parameters: int = 256 * 1024
    max_table: int = 512 * 1024
    max_texts: int = 40 * MEGABYTE
    max_numbers: int = 1_500_000
    max_agents: int = 64
    max_weights: int = 48_000_000


DEFAULT_LIMITS = Limits()
