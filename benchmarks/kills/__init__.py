"""Kills of a portal's processes at random instants while they write."""
