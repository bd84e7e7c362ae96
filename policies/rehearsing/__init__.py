"""Rehearsal: an imported agent plays some steps in a confined process before it is accepted."""

from policies.rehearsing.asking import prepare, rehearse
from policies.rehearsing.playing import STEPS, Rehearsal, RehearsalFailed

__all__ = ["STEPS", "Rehearsal", "RehearsalFailed", "prepare", "rehearse"]
