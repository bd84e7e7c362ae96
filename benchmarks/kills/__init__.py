"""Kills at random instants of everything that a portal writes."""
