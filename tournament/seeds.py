"""Where the seeds of episodes come from.

Agents of one team are compared by what they score from the same seeds against the same opponent; the opponents that are
averaged over bring fresh seeds. So the episodes of a pairing with an even number (0, 2, ...) take seeds keyed by the target
agent, shared by all cameras that meet it, and those with an odd number take seeds keyed by the camera agent, shared by all
targets that meet it. Of an odd count of episodes, one more is keyed by the target. The number alone decides, so a longer
tournament begins with the episodes of a shorter one and reuses them.
"""

from __future__ import annotations

import hashlib


def episode_seed(base_seed: int, scenario: str, camera: str, target: str, number: int) -> int:
    """The seed of episode `number` of a pairing: an integer from 0 to 2**63 - 1.

    `scenario`, `camera` and `target` are digests. Raises ValueError for a negative number.
    """
    if number < 0:
        raise ValueError(f"An episode's number is {number}: numbers start at 0.")
    team, agent = ("target", target) if number % 2 == 0 else ("camera", camera)
    words = f"{int(base_seed)}/{scenario}/{team}/{agent}/{int(number)}"
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big") >> 1
