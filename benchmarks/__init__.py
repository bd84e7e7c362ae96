"""Measurements of the game: run them by hand, as ``python -m benchmarks.NAME``."""
