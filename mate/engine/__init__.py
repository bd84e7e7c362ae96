"""The game's engine: compiled, batch first."""

from mate.engine.batch import Batch, InvalidAction

VERSION = "1"
"""Changes whenever any episode could come out differently; part of every episode's identity."""

__all__ = ["VERSION", "Batch", "InvalidAction"]
