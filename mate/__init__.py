"""MATE: cameras track targets, targets carry cargo. The game, its environments and its rule-based agents."""

from mate import agents, constants, environment, layout, utils, wrappers
from mate.agents import *  # noqa: F403
from mate.configuration import ASSETS_DIR, DEFAULT_CONFIG_FILE, read_config, validate_config
from mate.constants import *  # noqa: F403
from mate.environment import EnvMeta, MultiAgentTracking
from mate.layout import *  # noqa: F403
from mate.registration import make, make_environment, register
from mate.scenario import Scenario
from mate.utils import *  # noqa: F403
from mate.vector_env import VectorEnv
from mate.version import __version__
from mate.wrappers import *  # noqa: F403

# Upstream keeps the spaces and the layout of observations in `mate.constants`, and imports the teams there.
for _name in layout.__all__:
    setattr(constants, _name, getattr(layout, _name))
constants.Team = utils.Team  # type: ignore[attr-defined]

register()

__all__ = [
    "ASSETS_DIR",
    "DEFAULT_CONFIG_FILE",
    "EnvMeta",
    "MultiAgentTracking",
    "Scenario",
    "VectorEnv",
    "__version__",
    "agents",
    "constants",
    "environment",
    "make",
    "make_environment",
    "read_config",
    "utils",
    "validate_config",
    "wrappers",
    *agents.__all__,
    *layout.__all__,
    *utils.__all__,
    *wrappers.__all__,
    *(name for name in vars(constants) if name.isupper() and not name.startswith("_")),
]
