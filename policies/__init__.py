"""What a checkpoint is: recipes, weights, networks, batched inference, and importers of foreign formats."""

from policies.architectures import Architecture, EntityArchitecture
from policies.checkpoint import Checkpoint
from policies.compatibility import compatibility
from policies.errors import CheckpointError
from policies.fields import Dimensions
from policies.recipe import Action, Preprocessing, Recipe

__all__ = [
    "Action",
    "Architecture",
    "Checkpoint",
    "CheckpointError",
    "Dimensions",
    "EntityArchitecture",
    "Preprocessing",
    "Recipe",
    "compatibility",
]
