"""Upstream's name for what lives in ``geometry``, ``vectors``, ``messages`` and ``reproducibility``."""

from mate.geometry import (
    DEG2RAD,
    RAD2DEG,
    arccos_deg,
    arcsin_deg,
    arctan2_deg,
    cartesian2polar,
    cos_deg,
    normalize_angle,
    polar2cartesian,
    sin_deg,
    tan_deg,
)
from mate.messages import Message, Team
from mate.reproducibility import seed_everything
from mate.vectors import Vector2D

__all__ = [
    "DEG2RAD",
    "RAD2DEG",
    "Message",
    "Team",
    "Vector2D",
    "arccos_deg",
    "arcsin_deg",
    "arctan2_deg",
    "cartesian2polar",
    "cos_deg",
    "normalize_angle",
    "polar2cartesian",
    "seed_everything",
    "sin_deg",
    "tan_deg",
]
