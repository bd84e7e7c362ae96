"""The training algorithms: one table, from which forms, the API, the command line and the learners read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mate.messages import Team

PPO, Q_LEARNING, ACTOR_CRITIC = "ppo", "q-learning", "actor-critic"
"""Learners: proximal policy optimisation of RLlib; value-based and actor-critic learning from a replay buffer."""


@dataclass(frozen=True)
class Algorithm:
    """A training algorithm, as forms, pages and the API describe it.

    ``learner`` is one of the constants above. ``has_central_critic``: the critic sees the whole state instead of a
    member's observation. ``is_hierarchical``: cameras choose targets, and a fixed rule aims at these; targets cannot
    train with it. Flat algorithms choose movements. ``network`` is ``shared`` (one network of layers for all members),
    ``tarmac``, ``i2c`` or ``maddpg`` (a graph for the whole team). ``mixing`` says how the members' values are combined
    into the team's value: ``none``, ``sum`` or ``monotonic``. ``loss`` names the module that adds a loss to PPO's;
    empty for the network's own (``training.module_classes``).
    """

    title: str
    explanation: str
    has_central_critic: bool
    is_hierarchical: bool = False
    learner: str = PPO
    network: str = "shared"
    mixing: str = "none"
    loss: str = ""

    def can_train(self, team: str) -> bool:
        """Whether agents of the team can train with it."""
        return team == Team.CAMERA or not self.is_hierarchical


ALGORITHMS: Mapping[str, Algorithm] = {
    "mappo": Algorithm(
        "MAPPO", "a critic that sees the whole state, one network for all members of the team", has_central_critic=True
    ),
    "ippo": Algorithm(
        "IPPO",
        "each member's critic sees what the member sees, one network for all members of the team",
        has_central_critic=False,
    ),
    "hrl-mappo": Algorithm(
        "Hierarchical MAPPO",
        "cameras choose targets, a fixed rule aims at them; the critic sees the whole state",
        has_central_critic=True,
        is_hierarchical=True,
    ),
    "hrl-ippo": Algorithm(
        "Hierarchical IPPO",
        "cameras choose targets, a fixed rule aims at them; the critic sees what the camera sees",
        has_central_critic=False,
        is_hierarchical=True,
    ),
    "iql": Algorithm(
        "IQL",
        "independent Q-learning: each member learns the value of its own choices, one network for all members",
        has_central_critic=False,
        learner=Q_LEARNING,
    ),
    "vdn": Algorithm(
        "VDN",
        "value decomposition: the sum of the members' values is the team's, one network for all members",
        has_central_critic=False,
        learner=Q_LEARNING,
        mixing="sum",
    ),
    "qmix": Algorithm(
        "QMIX",
        "a mixing network that sees the whole state joins the members' values into the team's, monotonically",
        has_central_critic=True,
        learner=Q_LEARNING,
        mixing="monotonic",
    ),
    "hrl-iql": Algorithm(
        "Hierarchical IQL",
        "cameras choose a set of targets by its value, a fixed rule aims at them; each learns its own values",
        has_central_critic=False,
        is_hierarchical=True,
        learner=Q_LEARNING,
    ),
    "hrl-vdn": Algorithm(
        "Hierarchical VDN",
        "cameras choose a set of targets by its value, a fixed rule aims at them; values add up to the team's",
        has_central_critic=False,
        is_hierarchical=True,
        learner=Q_LEARNING,
        mixing="sum",
    ),
    "hrl-qmix": Algorithm(
        "Hierarchical QMIX",
        "cameras choose a set of targets by its value, a fixed rule aims at them; a mixing network joins the values",
        has_central_critic=True,
        is_hierarchical=True,
        learner=Q_LEARNING,
        mixing="monotonic",
    ),
    "maddpg": Algorithm(
        "MADDPG",
        "continuous movements; each member has an actor, and critics that see the whole state and what all do",
        has_central_critic=True,
        learner=ACTOR_CRITIC,
        network="maddpg",
    ),
    "tarmac": Algorithm(
        "TarMAC",
        "members attend to messages that all sent at the previous decision; the critic sees the whole state",
        has_central_critic=True,
        network="tarmac",
    ),
    "hrl-tarmac": Algorithm(
        "Hierarchical TarMAC",
        "cameras choose targets, a fixed rule aims at them; they attend to each other's messages",
        has_central_critic=True,
        is_hierarchical=True,
        network="tarmac",
    ),
    "i2c": Algorithm(
        "I2C",
        "each member learns whom to ask for its observation; networks of their own, the critic sees the whole state",
        has_central_critic=True,
        network="i2c",
    ),
}


def named(**wanted: object) -> tuple[str, ...]:
    """Return the names of the algorithms with these attributes; a tuple stands for any of its members."""
    return tuple(
        name
        for name, algorithm in ALGORITHMS.items()
        if all(
            getattr(algorithm, key) in value if isinstance(value, tuple) else getattr(algorithm, key) == value
            for key, value in wanted.items()
        )
    )


def algorithms_of(team: str) -> dict[str, Algorithm]:
    """Return the algorithms with which agents of the team can train, by name."""
    return {name: algorithm for name, algorithm in ALGORITHMS.items() if algorithm.can_train(team)}
