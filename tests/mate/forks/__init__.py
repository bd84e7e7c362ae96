"""Agents in the style of the original's forks: they subclass each base class and override each extension point."""
