"""What training and checkpoints put around the game, for many episodes at once: compiled functions over arrays.

The axes are the slot of a batch (B), the member of a team (N or C) and the target (T); an observation has D entries.
The wrappers of ``mate.wrappers`` call the same functions for their one episode, so both agree to the bit.
"""

from mate.batched.warming import warm

__all__ = ["warm"]
