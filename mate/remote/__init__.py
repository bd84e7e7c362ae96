"""Playing a side of a portal's matches from a process of one's own: ``python -m mate.remote module:Class``."""
