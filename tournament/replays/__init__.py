"""Replays: the data to show or re-run one episode exactly."""

from tournament.replays import pictures
from tournament.replays.columns import ReplayError
from tournament.replays.file import FORMAT_VERSION, Replay, read, read_header, write
from tournament.replays.playback import PlaybackVerdict, Watch, record, regenerate, verify

__all__ = [
    "FORMAT_VERSION",
    "PlaybackVerdict",
    "Replay",
    "ReplayError",
    "Watch",
    "pictures",
    "read",
    "read_header",
    "record",
    "regenerate",
    "verify",
    "write",
]
