"""Faults under a tournament on several hosts, each with its own network, processes and disk."""
