"""Upstream's name for the place of ``NoCommunication``, which lives in ``mate.wrappers.message_filter``."""

from mate.wrappers.message_filter import NoCommunication

__all__ = ["NoCommunication"]
