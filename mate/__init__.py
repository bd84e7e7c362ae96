"""MATE: cameras track targets, targets carry cargo. The game, its environments and its rule-based agents."""

__version__ = "0.1.0"

from mate.scenario import ASSETS_DIR, DEFAULT_CONFIG_FILE, Scenario, read_config, validate_config

__all__ = [
    "ASSETS_DIR",
    "DEFAULT_CONFIG_FILE",
    "Scenario",
    "__version__",
    "read_config",
    "validate_config",
]
