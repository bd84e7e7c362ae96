"""Replacements for the agents of upstream's examples, which need Ray 1.12 and cannot be imported with this package."""

from __future__ import annotations

import re
from typing import Any

_MODULE = re.compile(r"(?:.+\.)?examples(?:\.\w+)*")
_RULES = re.compile(r"examples\.(random|naive|greedy|heuristic)\b")
_UNPLAYABLE = re.compile(r"tarmac|maddpg|i2c", re.IGNORECASE)


def advise(text: str, team: str, kwargs: dict[str, Any]) -> str:
    """Return advice on the replacement of an example's agent, as sentences; empty for any other ``module:Class``."""
    module, _, _ = text.partition(":")
    if not _MODULE.fullmatch(module):
        return ""
    rules = _RULES.search(module)
    if rules:
        return f"It is the built-in agent {rules[1]}: give --{team}-agent {rules[1]}."
    unplayable = _UNPLAYABLE.search(text)
    if unplayable:
        return (
            f"It is an agent of upstream's examples, which need Ray 1.12, and {unplayable[0]} cannot be played "
            f"here, as its agents "
            "exchange messages or have a network each. Give a checkpoint of MAPPO, IPPO, IQL or QMIX."
        )
    path = next((str(kwargs[name]) for name in ("checkpoint_path", "checkpoint") if kwargs.get(name)), None)
    if path is not None:
        instead = f"Give its checkpoint itself: --{team}-agent {path}, without --{team}-kwargs."
    else:
        instead = (
            f"Give its checkpoint itself: --{team}-agent PATH, where PATH is the trial's folder, the checkpoint-N "
            f"file in it, "
            "latest-checkpoint, or an archive of the folder."
        )
    return f"It is an agent of upstream's examples, which need Ray 1.12. {instead}"
