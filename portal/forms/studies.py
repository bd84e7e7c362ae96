"""The form of a new study: the settings of all runs, and a row for each configuration."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from mate import Team
from portal.forms.offering import find_name, offer_agents, offer_scenarios
from portal.forms.refusable import RefusableForm
from portal.forms.training import read_value, write_value
from portal.keys import RowsField
from portal.wording import tell_algorithm, tell_value
from tournament import queries, studies, trainings
from tournament.models import Agent, AgentKind, Scenario, TrainingRun
from tournament.studies import StudyConfiguration, StudyRequest
from training import configuration
from training.configuration import HYPERPARAMETERS

FIRST_ROWS = 2
PARTS = ("name", "algorithm", "preset", "changes")
USUAL = {Team.CAMERA: "hrl-mappo", Team.TARGET: "mappo"}


def row_fields(number: int) -> list[str]:
    """Return the names of the fields of a configuration."""
    return [f"configuration_{number}_{part}" for part in PARTS]


def wishes_like(run: TrainingRun) -> dict[str, Any]:
    """Return the initial values of a study whose first configuration is that of a training."""
    defaults = configuration.defaults(run.preset, run.algorithm, run.team)
    values = run.configuration.get("hyperparameters", {})
    changed = {name: value for name, value in values.items() if name in defaults and value != defaults[name]}
    lines = "\n".join(f"{name} = {write_value(value)}" for name, value in changed.items())
    found: dict[str, Any] = {
        "name": run.name[: studies.MAX_NAME],
        "scenarios": [run.scenario_id],
        "opponent": run.opponent_id,
        "steps": run.steps_wanted,
    }
    for number in range(FIRST_ROWS):
        names = row_fields(number)
        words = _("as it was") if number == 0 else _("changed")
        found |= dict(zip(names, (words, run.algorithm, run.preset, lines), strict=True))
    return found


class StudyForm(RefusableForm):
    """A new study. Team and number of configurations are chosen first, because the other fields depend on them."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=studies.MAX_NAME)
    scenarios = RowsField(Scenario.objects.none(), label=gettext_lazy("Scenarios"), widget=forms.CheckboxSelectMultiple)
    opponent = forms.ModelChoiceField(Agent.objects.none(), label=gettext_lazy("Opponent"))
    num_seeds = forms.IntegerField(
        label=gettext_lazy("Seeds"), min_value=1, max_value=studies.MAX_SEEDS, initial=5,
        help_text=gettext_lazy("For each configuration in each scenario. Intervals of the IQM need five runs."),
    )  # fmt: skip
    first_seed = forms.IntegerField(label=gettext_lazy("First seed"), min_value=0, initial=0)
    steps = forms.IntegerField(
        label=gettext_lazy("Steps"), min_value=1, max_value=configuration.MAX_STEPS,
        help_text=gettext_lazy("Of the environment, for each run."),
    )  # fmt: skip
    evaluation_episodes = forms.IntegerField(
        label=gettext_lazy("Evaluation episodes"), min_value=2, max_value=trainings.MAX_EVALUATION_EPISODES,
        initial=studies.DEFAULT_EPISODES,
        help_text=gettext_lazy("That each milestone plays; the best plays four times as many on fresh seeds."),
    )  # fmt: skip

    def __init__(self, team: str, num_rows: int, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.team, self.num_rows = team, num_rows
        offer_scenarios(self, "scenarios", Scenario.objects.exclude(num_cameras=0))
        opponents = queries.find_agents(Team(team).opponent)
        greedy = opponents.filter(kind=AgentKind.BUILTIN, spec__name="greedy").first()
        self.fields["opponent"].initial = greedy and greedy.pk
        offer_agents(self, "opponent", opponents, Team(team).opponent)
        self.fields["scenarios"].initial = Scenario.objects.filter(slug="mate-2v4-0")
        self.fields["steps"].initial = configuration.STEPS["quick"][team]
        for number in range(num_rows):
            self._add_row(number)

    def _add_row(self, number: int) -> None:
        name, algorithm, preset, changes = row_fields(number)
        algorithms = [(key, tell_algorithm(key)) for key in configuration.algorithms_of(self.team)]
        self.fields[name] = forms.CharField(
            label=_("Name"), max_length=studies.MAX_CONFIGURATION_NAME, initial=_("baseline") if number == 0 else "",
        )  # fmt: skip
        self.fields[algorithm] = forms.ChoiceField(
            label=_("Algorithm"), choices=algorithms, initial=USUAL[Team(self.team)]
        )
        self.fields[preset] = forms.ChoiceField(
            label=_("Preset"), choices=[(key, tell_value(key)) for key in configuration.PRESETS]
        )
        self.fields[changes] = forms.CharField(
            label=_("Hyperparameters"), required=False, max_length=2000,
            widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "placeholder": "memory = none"}),
            help_text=_("Those that differ from the preset's, one in a line."),
        )  # fmt: skip

    @classmethod
    def names(cls) -> set[str]:
        """Return the names of all fields, and of the inputs that are chosen first."""
        rows = {name for number in range(studies.MAX_CONFIGURATIONS) for name in row_fields(number)}
        return {*cls.base_fields, *rows, find_name("opponent"), "team", "rows"}

    @property
    def rows(self) -> list[list[BoundField]]:
        """The fields of each configuration."""
        return [[self[name] for name in row_fields(number)] for number in range(self.num_rows)]

    def clean(self) -> dict[str, Any]:
        """Read the changed hyperparameters of each configuration."""
        data = super().clean() or {}
        for number in range(self.num_rows):
            field = row_fields(number)[-1]
            try:
                data[field] = read_changes(data.get(field) or "")
            except forms.ValidationError as error:
                self.add_error(field, error)
        return data

    def request(self, owner: Any) -> StudyRequest:
        """Return the request of a valid form."""
        rows = [[self.cleaned_data[name] for name in row_fields(number)] for number in range(self.num_rows)]
        configurations = [
            StudyConfiguration(name.strip(), algorithm, preset, changes) for name, algorithm, preset, changes in rows
        ]
        own = {name: self.cleaned_data[name] for name in self.base_fields}
        return StudyRequest(**own, team=self.team, configurations=configurations, owner=owner)


def read_changes(text: str) -> dict[str, Any]:
    """Return hyperparameters by name from lines `name = value`. Raises ValidationError with every wrong line."""
    found: dict[str, Any] = {}
    problems = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, equals, value = (part.strip() for part in line.partition("="))
        info = HYPERPARAMETERS.get(name)
        if info is None or not equals:
            known = _("“%(line)s”: expected a hyperparameter and its value, such as memory = none.")
            problems.append(known % {"line": line[:80]})
            continue
        found[name] = read_value(info, value)
        if problem := info.find_problem(found[name]):
            problems.append(f"{name} {problem}.")
    if problems:
        raise forms.ValidationError(problems)
    return found
