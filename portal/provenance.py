"""Where an agent comes from, as its page tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

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
    "start_from": gettext_lazy("Started from"),
    "steps": gettext_lazy("Steps"),
    "timesteps": gettext_lazy("Time steps"),
    "training": gettext_lazy("Training"),
}
"""Labels of the keys that this software writes. Keys of foreign checkpoints are shown as they are."""
NOTHING = {"", "nothing", None}


def describe_provenance(told: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """Return labels and values, in the order in which they are stored."""
    return [(LABELS.get(key, key.replace("_", " ")), describe_value(value)) for key, value in told.items()]


def describe_value(value: Any) -> str:
    """Return a value as one line of text."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {describe_value(part)}" for key, part in value.items())
    if isinstance(value, list):
        return "; ".join(map(describe_value, value))
    return _("nothing") if value in NOTHING else str(value)
