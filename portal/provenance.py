"""Where an agent comes from, as its page tells it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.forms.training import title_of
from portal.texts import in_language
from portal.wording import tell_algorithm, tell_name, tell_value
from tournament.meta_solvers.registry import META_SOLVERS
from training.configuration import HYPERPARAMETERS

LABELS = {
    "algorithm": gettext_lazy("Algorithm"),
    "class": gettext_lazy("Class"),
    "code": gettext_lazy("Version of the code"),
    "configuration": gettext_lazy("Settings"),
    "decisions": gettext_lazy("Decisions"),
    "distribution": gettext_lazy("Python package"),
    "file": gettext_lazy("File"),
    "iteration": gettext_lazy("Iteration"),
    "members": gettext_lazy("Members"),
    "meta_solver": gettext_lazy("Meta-solver"),
    "name": gettext_lazy("Name"),
    "notes": gettext_lazy("Notes"),
    "opponent": gettext_lazy("Opponent"),
    "opponents": gettext_lazy("Opponents"),
    "options": gettext_lazy("Options"),
    "preset": gettext_lazy("Preset"),
    "psro": gettext_lazy("PSRO run"),
    "scenario": gettext_lazy("Scenario"),
    "scenario_config": gettext_lazy("Configuration of the scenario"),
    "scenario_digest": gettext_lazy("Digest of the scenario"),
    "scenario_overrides": gettext_lazy("Changes to the scenario"),
    "seed": gettext_lazy("Seed"),
    "software": gettext_lazy("Software"),
    "source": gettext_lazy("Source"),
    "start_from": gettext_lazy("Started from"),
    "steps": gettext_lazy("Steps"),
    "timesteps": gettext_lazy("Time steps"),
    "training": gettext_lazy("Training"),
}
"""Labels of the keys that this software writes. Keys of foreign checkpoints are shown as they are."""
NOTHING = {"", "nothing", None}
AGENT = re.compile(r"(.+) \(([0-9a-f]{64})\)")
"""An agent as trainings write it: its name and its digest."""
VALUES: dict[str, Callable[[str], str]] = {
    "algorithm": tell_algorithm,
    "meta_solver": lambda name: in_language(META_SOLVERS[name].title) if name in META_SOLVERS else name,
    "name": tell_name,
    "notes": in_language,
    "scenario": tell_name,
}
"""What shows the values of these keys; `tell_value` shows the others."""


def describe_provenance(told: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """Return labels and values, in the order in which they are stored."""
    return [(LABELS.get(key, key.replace("_", " ")), describe_value(key, value)) for key, value in told.items()]


def describe_value(key: str, value: Any) -> str:
    """Return the value of a key as one line of text, in the reader's language if this software wrote it."""
    if isinstance(value, dict):  # Sorted, because PostgreSQL keeps no order.
        parts = sorted(value.items())
        return "; ".join(f"{label_setting(name)}: {describe_value(name, part)}" for name, part in parts)
    if isinstance(value, list):
        return "; ".join(describe_value(key, part) for part in value)
    if isinstance(value, bool):
        return tell_value("yes" if value else "no")
    if value in NOTHING:
        return _("nothing")
    if found := AGENT.fullmatch(str(value)):
        return f"{tell_name(found[1])} ({found[2]})"
    show: Callable[[str], str] = VALUES.get(key, tell_value)
    return show(str(value))


def label_setting(name: str) -> str:
    """Return the title of a hyperparameter; other names stay as they are."""
    return in_language(title_of(name)) if name in HYPERPARAMETERS else name
