"""Upstream's name for the place of ``RestrictedCommunicationRange``, which lives in
``mate.wrappers.message_filter``.
"""

from mate.wrappers.message_filter import RestrictedCommunicationRange

__all__ = ["RestrictedCommunicationRange"]
