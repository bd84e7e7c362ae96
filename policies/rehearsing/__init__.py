"""Letting an imported agent play some steps, in a confined process, before anybody else has to play with it."""

from policies.rehearsing.asking import prepare, rehearse
from policies.rehearsing.playing import STEPS, Rehearsal, RehearsalFailed

__all__ = ["STEPS", "Rehearsal", "RehearsalFailed", "prepare", "rehearse"]
