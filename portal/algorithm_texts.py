"""Explanations of the training algorithms, for the catalogue of translations: `training` knows nothing of Django."""

from django.utils.translation import gettext_noop

EXPLANATIONS = (
    gettext_noop("a critic that sees the whole state, one network for all members of the team"),
    gettext_noop("each member's critic sees what the member sees, one network for all members of the team"),
    gettext_noop("cameras choose targets, a fixed rule aims at them; the critic sees the whole state"),
    gettext_noop("cameras choose targets, a fixed rule aims at them; the critic sees what the camera sees"),
    gettext_noop(
        "independent Q-learning: each member learns the value of its own choices, one network for all members"
    ),
    gettext_noop("value decomposition: the sum of the members' values is the team's, one network for all members"),
    gettext_noop("a mixing network that sees the whole state joins the members' values into the team's, monotonically"),
    gettext_noop("cameras choose a set of targets by its value, a fixed rule aims at them; each learns its own values"),
    gettext_noop(
        "cameras choose a set of targets by its value, a fixed rule aims at them; values add up to the team's"
    ),
    gettext_noop(
        "cameras choose a set of targets by its value, a fixed rule aims at them; a mixing network joins the values"
    ),
    gettext_noop(
        "continuous movements; each member has an actor, and critics that see the whole state and what all do"
    ),
    gettext_noop("members attend to messages that all sent at the previous decision; the critic sees the whole state"),
    gettext_noop("cameras choose targets, a fixed rule aims at them; they attend to each other's messages"),
    gettext_noop(
        "each member learns whom to ask for its observation; networks of their own, the critic sees the whole state"
    ),
)
"""As in `training.algorithms.ALGORITHMS`, in its order; pages translate those."""
