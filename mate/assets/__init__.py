"""The packaged scenarios, one YAML file each."""

from mate.configuration import ASSETS_DIR

__all__ = ["ASSETS_DIR"]
