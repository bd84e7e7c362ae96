"""The form of a new training.

The fields depend on the scenario, the team, the algorithm and the preset.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mate import Team
from portal.forms.offering import find_name, offer_agents, offer_scenarios
from portal.forms.refusable import RefusableForm
from portal.keys import is_key
from portal.texts import in_language, in_language_lazy
from portal.wording import tell_value, tell_value_lazy
from tournament import queries, trainings
from tournament.models import Agent, AgentKind, Scenario, TrainingRun
from tournament.trainings import TrainingRequest
from training import configuration
from training.configuration import HYPERPARAMETERS, Hyperparameter

PREFIX = "hyperparameter_"
ABBREVIATIONS = {"gae": "GAE", "kl": "KL", "num": "number"}
GROUPS = {
    "game": (_("The game"), _("what a decision is, and what is seen")),
    "rewards": (_("Rewards"), _("what the team learns to want")),
    "network": (_("Network"), _("what decides")),
    "learning": (_("Learning"), _("how decisions become better")),
    "batches": (_("Batches"), _("how much experience at a time")),
}


class HyperparameterField(forms.Field):
    """A hyperparameter, with its meaning, bounds and default; lists and schedules are written as text."""

    def __init__(self, info: Hyperparameter, default: Any) -> None:
        self.info, self.default = info, default
        widget: forms.Widget = forms.TextInput(attrs={"inputmode": "text", "autocomplete": "off"})
        if info.kind == "choice":
            widget = forms.Select(choices=[(choice, tell_value_lazy(choice)) for choice in info.choices])
        elif info.kind in ("integer", "number"):
            widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(
            label=in_language_lazy(title_of(info.name)), initial=write_value(default), required=False, widget=widget,
            help_text=describe(info, default),
        )  # fmt: skip

    def clean(self, value: Any) -> Any:
        """Return the value, or the default if the field is empty.

        Raises ValidationError, which says what is allowed.
        """
        text = str(value or "").strip()
        if not text:
            return self.default
        read = read_value(self.info, text)
        if problem := self.info.find_problem(read):
            raise forms.ValidationError(gettext("It %(problem)s.") % {"problem": in_language(problem)})
        return read


def title_of(name: str) -> str:
    """Return the title of a hyperparameter."""
    words = [ABBREVIATIONS.get(word, word) for word in name.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def describe(info: Hyperparameter, default: Any) -> str:
    """Return the meaning, the bounds and the default of a hyperparameter in one line."""
    meaning, unit = capfirst(in_language(info.meaning)), in_language(info.unit)
    low, high = info.bounds.split(" to ")
    comma = "," if info.unit.startswith("a ") else ""
    texts: dict[str, Any] = {
        "integer": _("%(low)s to %(high)s"),
        "number": _("%(low)s to %(high)s"),
        "sizes": _("one to eight widths from %(low)s to %(high)s, such as 64, 64"),
        "schedule": _("a number from %(low)s to %(high)s, or points of the run, such as 0: 0.001, 1: 0.0001"),
    }
    values = {"meaning": meaning, "default": tell_value(write_value(default))}
    if info.kind not in texts:
        return gettext("%(meaning)s. Default %(default)s.") % values
    bounds = str(texts[info.kind]) % {"low": low, "high": high} + (f"{comma} {unit}" if unit else "")
    return gettext("%(meaning)s. %(bounds)s; default %(default)s.") % {**values, "bounds": capfirst(bounds)}


def write_value(value: Any) -> str:
    """Return a value as the form shows it: widths as `64, 64`, a schedule as `0: 0.001, 1: 0.0001`."""
    if isinstance(value, list | tuple):
        return ", ".join(
            f"{part[0]:g}: {part[1]:g}" if isinstance(part, list | tuple) else f"{part:g}" for part in value
        )
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def read_value(info: Hyperparameter, text: str) -> Any:
    """Return the parsed value. What cannot be parsed stays a text, which the check of bounds refuses."""
    if info.kind == "choice":
        return text
    if info.kind == "sizes":
        return [read_number(part, whole=True) for part in re.split(r"[,;\s]+", text) if part]
    if info.kind == "schedule" and ":" in text:
        points = [part for part in re.split("[,;]", text) if part.strip()]
        return [[read_number(side.strip(), whole=False) for side in point.split(":")] for point in points]
    return read_number(text, whole=info.kind == "integer")


def read_number(text: str, whole: bool) -> Any:
    try:
        return int(text) if whole else float(text)
    except (ValueError, OverflowError):
        return text


@dataclass(frozen=True)
class HyperparameterGroup:
    """Hyperparameters of one subject, which the form shows together."""

    title: str | Promise
    explanation: str | Promise
    fields: list[BoundField]

    @property
    def is_open(self) -> bool:
        return any(field.errors for field in self.fields)


def wishes_like(run: TrainingRun) -> dict[str, Any]:
    """Return the initial values of a form for the same training once more, including what is chosen first."""
    names = ("team", "algorithm", "preset", "name", "seed", "evaluation_episodes")
    settings = run.configuration.get("hyperparameters", {})
    return {
        **{name: getattr(run, name) for name in names},
        "scenario": run.scenario.slug,
        "opponent": str(run.opponent_id),
        "start_from": str(run.start_from_id or ""),
        "more_scenarios": [one.slug for one in run.more_scenarios.all()],
        "test_scenarios": [one.slug for one in run.test_scenarios.all()],
        "cores": run.configuration.get("cores"),
        "steps": run.steps_wanted,
        **{f"{PREFIX}{name}": write_value(value) for name, value in settings.items()},
    }


class TrainingForm(RefusableForm):
    """A new training.

    Scenario, team, algorithm and preset are chosen first, because the other fields depend on them.
    """

    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        required=False,
        help_text=_("The finished agent will have it. Left empty, it is named by what it is."),
    )
    opponent = forms.ModelChoiceField(
        Agent.objects.none(), label=_("Opponent"), help_text=_("Of a mixture, each episode draws one member.")
    )
    start_from = forms.ModelChoiceField(
        Agent.objects.none(), label=_("Start from"), required=False, empty_label=_("nothing (random weights)"),
        help_text=_("Takes the weights of a checkpoint with the same network."),
    )  # fmt: skip
    more_scenarios = forms.ModelMultipleChoiceField(
        Scenario.objects.none(), label=_("Train on these as well"), required=False,
        help_text=_(
            "The episodes are divided evenly among all. Scenarios with other numbers of cameras, targets and obstacles "
            "need the architecture entity (preset entity)."
        ),
    )  # fmt: skip
    test_scenarios = forms.ModelMultipleChoiceField(
        Scenario.objects.none(), label=_("Only evaluate in these"), required=False,
        help_text=_("Never trained on. Milestones are played there too."),
    )  # fmt: skip
    steps = forms.IntegerField(
        label=_("Steps"),
        min_value=1,
        max_value=configuration.MAX_STEPS,
        help_text=_("Of the environment, over all episodes."),
    )
    seed = forms.IntegerField(
        label=_("Seed"),
        min_value=0,
        max_value=configuration.MAX_SEED,
        initial=0,
        help_text=_("The same seed repeats the run."),
    )
    cores = forms.IntegerField(
        label=_("Cores"),
        min_value=1,
        max_value=1024,
        required=False,
        help_text=_("Left empty, all that trainings may use."),
    )
    evaluation_episodes = forms.IntegerField(
        label=_("Evaluation episodes"), min_value=0, max_value=trainings.MAX_EVALUATION_EPISODES,
        initial=trainings.EVALUATION_EPISODES,
        help_text=_("That each milestone plays against each opponent; the best is played four times as long again. "
        "0 takes the last milestone as it is."),
    )  # fmt: skip

    def __init__(self, scenario: Scenario, team: str, algorithm: str, preset: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scenario, self.team, self.algorithm, self.preset = scenario, team, algorithm, preset
        other = Team(team).opponent
        fitting = {one: find_fitting(scenario, one) for one in (team, other)}
        greedy = fitting[other].filter(kind=AgentKind.BUILTIN, spec__name="greedy").first()
        self.fields["opponent"].initial = greedy and greedy.pk
        self.set_choices("opponent", fitting[other], other)
        self.set_choices("start_from", fitting[team].filter(kind=AgentKind.CHECKPOINT), team, "checkpoints")
        members = {f"num_{team}s": 0}
        for name in ("more_scenarios", "test_scenarios"):
            offer_scenarios(self, name, Scenario.objects.exclude(pk=scenario.pk).exclude(**members))
            self.fields[name].to_field_name = "slug"  # type: ignore[attr-defined]
        self.fields["steps"].initial = configuration.STEPS[preset][team]
        for name, default in self.defaults().items():
            self.fields[f"{PREFIX}{name}"] = HyperparameterField(HYPERPARAMETERS[name], default)

    @classmethod
    def names(cls) -> set[str]:
        """Return the names of all fields for any algorithm, and of the inputs that are chosen first."""
        hyperparameters = {f"{PREFIX}{name}" for name in HYPERPARAMETERS}
        searches = map(find_name, ("opponent", "start_from"))
        return {*cls.base_fields, *hyperparameters, *searches, "scenario", "team", "algorithm", "preset"}

    def set_choices(self, name: str, agents: Any, team: str, only: str = "listed") -> None:
        """Offer these agents; an initial agent that is not among them is forgotten."""
        wanted = str(self.initial.get(name, ""))
        if not (is_key(wanted) and agents.filter(pk=int(wanted)).exists()):
            self.initial.pop(name, None)
        offer_agents(self, name, agents, team, only)

    def defaults(self) -> dict[str, Any]:
        """Return the preset's values. In training, the team sees what the scenario shows it."""
        values = configuration.defaults(self.preset, self.algorithm, self.team)
        return values | {"enhanced_observation": self.scenario.enhanced_observation}

    @property
    def groups(self) -> list[HyperparameterGroup]:
        return [
            HyperparameterGroup(title, explanation,
            [self[f"{PREFIX}{name}"] for name in self.defaults() if HYPERPARAMETERS[name].group == group])
            for group, (title, explanation) in GROUPS.items()
        ]  # fmt: skip

    @property
    def is_unusual(self) -> bool:
        """Return whether any group of hyperparameters is open, because it has errors."""
        return any(group.is_open for group in self.groups)

    def request(self, owner: Any) -> TrainingRequest:
        """Return the request of a valid form, without hyperparameters that equal the defaults."""
        data, defaults = self.cleaned_data, self.defaults()
        asked = {name: data[f"{PREFIX}{name}"] for name in defaults}
        return TrainingRequest(
            data["name"].strip() or self.default_name(data["opponent"]), self.scenario, self.team, self.algorithm,
            data["opponent"], preset=self.preset, steps=data["steps"], cores=data["cores"], seed=data["seed"],
            hyperparameters={name: value for name, value in asked.items() if value != defaults[name]},
            evaluation_episodes=data["evaluation_episodes"], start_from=data["start_from"], owner=owner,
            more_scenarios=list(data["more_scenarios"]), test_scenarios=list(data["test_scenarios"]),
        )  # fmt: skip

    def default_name(self, opponent: Agent) -> str:
        title = configuration.ALGORITHMS[self.algorithm].title
        return f"{title} {self.team} vs {opponent.name}"[:80]

    def place_of(self, field: str) -> str:
        return field if field in self.fields else f"{PREFIX}{field}"


def find_fitting(scenario: Scenario, team: str) -> Any:
    """Return the listed agents of a team that can play in a scenario."""
    return queries.find_agents(team, scenario=scenario)
