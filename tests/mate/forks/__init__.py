"""Agents as forks of the original write them: each base class subclassed, each extension point overridden."""
