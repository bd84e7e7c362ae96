"""Agents, matches, payoffs, ratings, tournaments, trainings and PSRO runs: the pure domain, its rows, and the rules
between the two.

Pure parts take and return NumPy arrays and dataclasses and need no Django; `docs/architecture.md` says which they are.
"""
