"""Upstream's name for the place of ``RandomMessageDropout``, which lives in ``mate.wrappers.message_filter``."""

from mate.wrappers.message_filter import RandomMessageDropout

__all__ = ["RandomMessageDropout"]
