"""Derivation of the episodes' seeds.

Agents of one team are compared on the same seeds against the same opponent; different opponents use different seeds.
Episodes of a pairing with even numbers (0, 2, ...) therefore have seeds keyed by the target agent, shared by all
cameras that play it. Odd ones have seeds keyed by the camera agent, shared by all targets that play it. An odd count
has one more episode keyed by the target. The key depends on the number alone, so that a longer tournament begins with
the episodes of a shorter one and reuses them.
"""

from __future__ import annotations

import hashlib


def episode_seed(base_seed: int, scenario: str, camera: str, target: str, number: int) -> int:
    """Return the seed of episode `number` of a pairing: an integer from 0 to 2**63 - 1.

    `scenario`, `camera` and `target` are digests. Raises ValueError for a negative number.
    """
    if number < 0:
        raise ValueError(f"An episode's number is {number}: numbers start at 0.")
    team, agent = ("target", target) if number % 2 == 0 else ("camera", camera)
    words = f"{int(base_seed)}/{scenario}/{team}/{agent}/{int(number)}"
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big") >> 1
