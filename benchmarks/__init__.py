"""Benchmarks, which are run by hand: ``python -m benchmarks.NAME``."""
