"""Agents, matches, payoffs, ratings, seeds and replays.

The models (`tournament.models`) need Django; everything else here takes and returns NumPy arrays and dataclasses and does not.
"""
