"""Names and values that the software itself wrote, in the reader's language.

Values of settings are stored as programs read them (`hrl-mappo`, `lstm`). Tournaments, trainings and agents that nobody
named are stored with an English name, such as `Attack 3 on Owl, seed 1`, and so are variants of scenarios. Pages
translate both when they show them. A name that a person gave stays as it is, unless it has the form of such a name.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import get_language, gettext_lazy, gettext_noop, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from mate import Team
from portal.texts import STOPS, VALUE, in_language
from tournament.formats import FORMATS
from training.configuration import ALGORITHMS

TEAM_TITLES = {Team.CAMERA: gettext_lazy("Cameras"), Team.TARGET: gettext_lazy("Targets")}
VALUES = {
    "anew": pgettext_lazy("value of a setting", "anew"),
    "attention": pgettext_lazy("value of a setting", "attention"),
    "both": pgettext_lazy("value of a setting", "both"),
    "box": pgettext_lazy("value of a setting", "box"),
    "camera": pgettext_lazy("value of a setting", "camera"),
    "continued": pgettext_lazy("value of a setting", "continued"),
    "dense": pgettext_lazy("value of a setting", "dense"),
    "deterministic": pgettext_lazy("value of a setting", "deterministic"),
    "entity": pgettext_lazy("value of a setting", "entity"),
    "fast": pgettext_lazy("value of a setting", "fast"),
    "gru": pgettext_lazy("value of a setting", "gru"),
    "layers": pgettext_lazy("value of a setting", "layers"),
    "levels": pgettext_lazy("value of a setting", "levels"),
    "lstm": pgettext_lazy("value of a setting", "lstm"),
    "many": pgettext_lazy("value of a setting", "many"),
    "max": pgettext_lazy("value of a setting", "max"),
    "mean": pgettext_lazy("value of a setting", "mean"),
    "min": pgettext_lazy("value of a setting", "min"),
    "no": pgettext_lazy("value of a setting", "no"),
    "none": pgettext_lazy("value of a setting", "none"),
    "one": pgettext_lazy("value of a setting", "one"),
    "pose": pgettext_lazy("value of a setting", "pose"),
    "quick": pgettext_lazy("value of a setting", "quick"),
    "relu": pgettext_lazy("value of a setting", "relu"),
    "sparse": pgettext_lazy("value of a setting", "sparse"),
    "stochastic": pgettext_lazy("value of a setting", "stochastic"),
    "sum": pgettext_lazy("value of a setting", "sum"),
    "tanh": pgettext_lazy("value of a setting", "tanh"),
    "target": pgettext_lazy("value of a setting", "target"),
    "unseen": pgettext_lazy("value of a setting", "unseen"),
    "upstream": pgettext_lazy("value of a setting", "upstream"),
    "yes": pgettext_lazy("value of a setting", "yes"),
}
"""Presets, and the values of hyperparameters that are chosen from a list."""

NAMES = (
    gettext_noop("Attack {0} on {1}, seed {2}"),
    gettext_noop("Attack {0} on {1}"),
    gettext_noop("Is {0} better than {1}?"),
    gettext_noop("{0} on fresh seeds"),
    gettext_noop("{0} against {1}"),
    gettext_noop("{0}: payoffs of iteration {1}"),
    gettext_noop("{0}: iteration {1}, round {2}"),
    gettext_noop("{0}, cameras of iteration {1}, round {2}"),
    gettext_noop("{0}, targets of iteration {1}, round {2}"),
    gettext_noop("{0}, cameras of iteration {1}"),
    gettext_noop("{0}, targets of iteration {1}"),
    gettext_noop("{0}, camera {1}, round {2}"),
    gettext_noop("{0}, target {1}, round {2}"),
    gettext_noop("{0}, camera {1}"),
    gettext_noop("{0}, target {1}"),
    gettext_noop("{0}, cameras"),
    gettext_noop("{0}, targets"),
    gettext_noop("{0}, iteration {1}"),
    gettext_noop("{0}, seed {1}"),
    gettext_noop("{0}, likeliest action"),
    gettext_noop("{0} (fork)"),
    gettext_noop("{0} camera mixture of iteration {1}"),
    gettext_noop("{0} target mixture of iteration {1}"),
    gettext_noop("{0} camera vs {1}"),
    gettext_noop("{0} target vs {1}"),
    gettext_noop("{0} camera MATE-{1}"),
    gettext_noop("{0} target MATE-{1}"),
)
"""Names of tournaments, trainings and agents that nobody named; values are {0}, {1}, ... The first that fits counts."""

VARIANTS = {
    "enhanced: ": pgettext_lazy("variant of a scenario", "enhanced: {0}"),
    "shared view: ": pgettext_lazy("variant of a scenario", "shared view: {0}"),
    "silent: ": pgettext_lazy("variant of a scenario", "silent: {0}"),
    "range ": pgettext_lazy("variant of a scenario", "range {0}"),
    "dropout ": pgettext_lazy("variant of a scenario", "dropout {0}"),
    "delay ": pgettext_lazy("variant of a scenario", "delay {0}"),
}
"""What `tournament.new_scenarios.suggest_name` adds in parentheses to the name of a scenario."""
PART = re.compile(f"({'|'.join(VARIANTS)})([\\w.+-]+)")
VARIANT = re.compile(f"(.+) \\(({PART.pattern}(?:, {PART.pattern})*)\\)")


def tell_value(value: Any) -> str:
    """Return a setting's value as pages show it."""
    written = str(value)
    return str(VALUES.get(written, written))


def tell_algorithm(name: str) -> str:
    """Return the title of a training algorithm."""
    return in_language(ALGORITHMS[name].title) if name in ALGORITHMS else name


def tell_name(name: Any) -> str:
    """Return the name of a tournament, training, agent or scenario; translated if the software made it."""
    written = str(name or "")
    language = get_language() or "en"
    return written if language.split("-")[0] == "en" else translate_name(written, language)


@lru_cache(maxsize=4000)
def translate_name(name: str, language: str) -> str:
    """Return a name in the active language. Names within the name are translated too."""
    if algorithm := next((one.title for one in ALGORITHMS.values() if one.title == name), ""):
        return in_language(algorithm)
    for text in NAMES:
        if found := expression_of(text).fullmatch(name):
            return VALUE.sub(lambda value: translate_name(found[int(value[1]) + 1], language), _(text))
    if variant := VARIANT.fullmatch(name):
        parts = STOPS[", "].join(tell_variant(part) for part in variant[2].split(", "))
        return pgettext("variant of a scenario", "{0} ({1})").format(translate_name(variant[1], language), parts)
    for one in FORMATS.values():
        if name.endswith(f" {one.title[:1].lower()}{one.title[1:]}"):
            return f"{translate_name(name[: -len(one.title) - 1], language)} {in_language(one.title)}"
    return name


def tell_variant(part: str) -> str:
    """Return what a scenario's variant changes, such as `enhanced: both`, in the active language."""
    kind = next(kind for kind in VARIANTS if part.startswith(kind))
    return str(VARIANTS[kind]).format(tell_value(part.removeprefix(kind)))


@cache
def expression_of(text: str) -> re.Pattern[str]:
    """Return the expression of a text whose values are {0}, {1}, ... in this order."""
    return re.compile("(.+?)".join(map(re.escape, VALUE.split(text)[::2])))


tell_value_lazy = lazy(tell_value, str)
