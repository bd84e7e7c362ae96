"""The form of a new PSRO run.

The fields of its trainings depend on the scenario, the algorithms and the presets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from mate import Team
from portal.forms.offering import find_name, offer_agents
from portal.forms.refusable import RefusableForm
from portal.forms.training import (
    GROUPS,
    PREFIX,
    HyperparameterField,
    HyperparameterGroup,
    find_fitting,
    write_value,
)
from portal.keys import RowsField, is_key
from portal.texts import in_language
from portal.wording import tell_algorithm, tell_value
from tournament import organising, psro_runs, trainings
from tournament.attacks import MAX_ATTACKERS
from tournament.meta_solvers import META_SOLVERS
from tournament.models import Agent, AgentKind, PsroKind, PsroRun, Scenario
from tournament.psro_runs import PsroRequest
from tournament.trainings import TrainingSettings
from training import configuration
from training.configuration import HYPERPARAMETERS

USUAL = {"camera": "hrl-mappo", "target": "mappo"}
PRESET = "quick"
KEPT = (
    "name", "kind", "rounds", "meta_solver", "iterations", "episodes_per_pairing", "epsilon", "hours", "base_seed",
    "num_attackers",
)  # fmt: skip
"""Fields that keep their values when another algorithm changes the form."""


KINDS = {
    PsroKind.ORDINARY: _("A meta-solver finds each iteration's strategies from the payoffs of all agents."),
    PsroKind.ANYTIME: _(
        "Strategies change by regret minimisation while best responses are trained against them, so that they do not "
        "become easier to exploit (McAleer et al. 2022)."
    ),
}
"""Explanations of the kinds of runs."""


def list_solvers() -> list[dict[str, str]]:
    """Return name, title and explanation of each meta-solver.

    The solvers themselves are functions, which templates would call.
    """
    return [{name: getattr(one, name) for name in ("name", "title", "explanation")} for one in META_SOLVERS.values()]


def wishes_like(run: PsroRun) -> tuple[QueryDict, dict[str, Any]]:
    """Return initial values of a form for the same run once more: those that a query string can hold, and the rest."""
    asked = QueryDict(mutable=True)
    values = {
        name: getattr(run, name)
        for name in (
            "name",
            "kind",
            "rounds",
            "meta_solver",
            "episodes_per_pairing",
            "epsilon",
            "base_seed",
            "num_attackers",
        )
    }
    values |= {"scenario": run.scenario.slug, "iterations": run.iterations_wanted, "hours": run.hours_wanted}
    asked.update({name: str(value) for name, value in values.items() if value is not None})
    asked.update({name: "on" for name in ("is_warm", "is_anytime") if getattr(run, name)})
    rest: dict[str, Any] = {}
    for team in Team:
        asked.setlist(f"{team}s", [str(agent.pk) for agent in getattr(run, f"{team}s").all()])
        settings = getattr(run, f"{team}_training")
        asked.update({f"{team}_{name}": settings[name] for name in ("algorithm", "preset") if name in settings})
        own = {name: settings.get(name) for name in ("steps", "evaluation_episodes")}
        rest |= {f"{team}_{name}": value for name, value in own.items() if value is not None}
        chosen = settings.get("hyperparameters", {})
        rest |= {f"{team}_{PREFIX}{name}": write_value(value) for name, value in chosen.items()}
    return asked, rest


class PsroForm(RefusableForm):
    """A new PSRO run. Scenario, algorithms and presets are chosen first, because the other fields depend on them."""

    name = forms.CharField(label=_("Name"), max_length=60, help_text=_("Its agents are named after it."))
    cameras = RowsField(
        Agent.objects.none(), label=_("First cameras"), widget=forms.CheckboxSelectMultiple,
        help_text=_("Whom the cameras' population begins with."),
    )  # fmt: skip
    targets = RowsField(
        Agent.objects.none(), label=_("First targets"), widget=forms.CheckboxSelectMultiple,
        help_text=_("Whom the targets' population begins with."),
    )  # fmt: skip
    kind = forms.ChoiceField(
        label=_("Kind"), choices=PsroKind.choices, initial=PsroKind.ORDINARY, widget=forms.RadioSelect
    )
    rounds = forms.IntegerField(
        label=_("Rounds"), min_value=1, max_value=psro_runs.MAX_ROUNDS, initial=4,
        help_text=_("Of anytime PSRO: how often each iteration changes its strategies."),
    )  # fmt: skip
    meta_solver = forms.ChoiceField(
        label=_("Meta-solver"),
        choices=[(solver.name, solver.title) for solver in META_SOLVERS.values()],
        initial="nash",
        widget=forms.RadioSelect,
    )
    iterations = forms.IntegerField(
        label=_("Iterations"), min_value=0, max_value=psro_runs.MAX_ITERATIONS, initial=5,
        help_text=_("Each trains a best response of both teams."),
    )  # fmt: skip
    episodes_per_pairing = forms.IntegerField(
        label=_("Episodes per pairing"), min_value=2, max_value=organising.MAX_EPISODES_PER_PAIRING, initial=100,
        help_text=_("Only pairings with a new agent are played."),
    )  # fmt: skip
    epsilon = forms.FloatField(
        label=_("End below this NashConv"), required=False, min_value=0.0, max_value=10.0,
        help_text=_("In payoffs, such as 0.05; it ends when the interval lies below. Empty: it does not end by this."),
    )  # fmt: skip
    hours = forms.FloatField(
        label=_("Hours"),
        required=False,
        min_value=0.0,
        help_text=_("After these, no iteration is begun. Empty: no limit."),
    )
    num_attackers = forms.IntegerField(
        label=_("Attackers"), min_value=0, max_value=MAX_ATTACKERS, initial=3,
        help_text=_("Of each strategy; they must gain less before the run ends below that NashConv."),
    )  # fmt: skip
    base_seed = forms.IntegerField(label=_("Seed"), min_value=0, max_value=2**63 - 1, initial=0)
    is_warm = forms.BooleanField(
        label=_("Best responses start from their team's last one"), required=False, initial=True,
    )  # fmt: skip
    is_anytime = forms.BooleanField(
        label=_("Play more episodes where they narrow NashConv most"), required=False,
        help_text=_("Instead of the same number for every pairing."),
    )  # fmt: skip

    def __init__(
        self, scenario: Scenario, data: Any = None, asked: Any = None, like: Mapping[str, Any] | None = None
    ) -> None:
        """`asked` holds the initial values from the query string; `like` holds the other settings of an earlier run."""
        self.asked = data if data is not None else asked or {}
        kept: dict[str, Any] = {name: self.asked[name] for name in KEPT if self.asked.get(name)}
        if "meta_solver" in self.asked:  # The whole form was sent; browsers do not send unticked boxes.
            kept |= {name: name in self.asked for name in ("is_warm", "is_anytime")}
        super().__init__(data, initial={**(like or {}), **kept})
        self.scenario = scenario
        self.chosen: dict[str, tuple[str, str]] = {team: self._choose(team) for team in Team}
        for team in Team:
            self._offer_agents(team)
            self._offer_training(team)

    @classmethod
    def names(cls) -> set[str]:
        """Return the names of all fields for any algorithms, and of the inputs that are chosen first."""
        own = ("algorithm", "preset", "steps", "evaluation_episodes", *(f"{PREFIX}{name}" for name in HYPERPARAMETERS))
        searches = (find_name(f"{team}s") for team in Team)
        return {*cls.base_fields, *searches, "scenario", *(f"{team}_{name}" for team in Team for name in own)}

    def _choose(self, team: str) -> tuple[str, str]:
        """Return the requested algorithm and preset of a team, else the defaults."""
        algorithm, preset = (str(self.asked.get(f"{team}_{name}")) for name in ("algorithm", "preset"))
        return (
            algorithm if algorithm in configuration.algorithms_of(team) else USUAL[team],
            preset if preset in configuration.PRESETS else PRESET,
        )

    def _offer_agents(self, team: str) -> None:
        field = self.fields[f"{team}s"]
        assert isinstance(field, forms.ModelMultipleChoiceField)
        fitting = find_fitting(self.scenario, team)
        chosen = self.asked.getlist(f"{team}s") if isinstance(self.asked, QueryDict) else []
        kept = fitting.filter(pk__in=[key for key in chosen if is_key(key)])
        field.initial = kept or fitting.filter(kind=AgentKind.BUILTIN, spec__name="random")
        self.initial[find_name(f"{team}s")] = self.asked.get(find_name(f"{team}s"), "")
        offer_agents(self, f"{team}s", fitting, team)

    def _offer_training(self, team: str) -> None:
        algorithm, preset = self.chosen[team]
        titles = [(name, tell_algorithm(name)) for name in configuration.algorithms_of(team)]
        presets = [(name, tell_value(name)) for name in configuration.PRESETS]
        self.fields[f"{team}_algorithm"] = forms.ChoiceField(label=_("Algorithm"), choices=titles, initial=algorithm)
        self.fields[f"{team}_preset"] = forms.ChoiceField(
            label=_("Preset"),
            choices=presets,
            initial=preset,
            help_text=in_language(f"{configuration.PRESETS[preset]}."),
        )
        self.fields[f"{team}_steps"] = forms.IntegerField(
            label=_("Steps"), min_value=1, max_value=configuration.MAX_STEPS, initial=configuration.STEPS[preset][team],
            help_text=_("Of the environment, for each best response."),
        )  # fmt: skip
        self.fields[f"{team}_evaluation_episodes"] = forms.IntegerField(
            label=_("Evaluation episodes"), min_value=0, max_value=trainings.MAX_EVALUATION_EPISODES, initial=20,
            help_text=_("By which the best milestone is found; 0 takes the last one."),
        )  # fmt: skip
        for name, default in self.defaults(team).items():
            self.fields[f"{team}_{PREFIX}{name}"] = HyperparameterField(HYPERPARAMETERS[name], default)

    def defaults(self, team: str) -> dict[str, Any]:
        """Return the preset's values. In training, teams see what the scenario shows them."""
        algorithm, preset = self.chosen[team]
        values = configuration.defaults(preset, algorithm, team)
        return values | {"enhanced_observation": self.scenario.enhanced_observation}

    @property
    def teams(self) -> list[dict[str, Any]]:
        """For each team: the fields of its trainings, and its hyperparameters by subject."""
        names = ("algorithm", "preset", "steps", "evaluation_episodes")
        found = []
        for team in Team:
            groups = [
                HyperparameterGroup(title, explanation, [
                    self[f"{team}_{PREFIX}{name}"]
                    for name in self.defaults(team)
                    if HYPERPARAMETERS[name].group == group
                ])
                for group, (title, explanation) in GROUPS.items()
            ]  # fmt: skip
            fields = [self[f"{team}_{name}"] for name in names]
            is_unusual = any(group.is_open for group in groups)
            found.append(
                {"team": team, "label": team.capitalize(), "fields": fields, "groups": groups, "is_unusual": is_unusual}
            )
        return found

    @property
    def kinds(self) -> list[tuple[str, Any, Any, bool]]:
        """Name, title and explanation of each kind of run, and whether it is chosen."""
        chosen = self["kind"].value()
        return [(name, title, KINDS[PsroKind(name)], name == chosen) for name, title in PsroKind.choices]

    @property
    def solvers(self) -> list[tuple[dict[str, str], bool]]:
        """Pairs of a meta-solver and whether it is chosen."""
        chosen = self["meta_solver"].value()
        return [(solver, solver["name"] == chosen) for solver in list_solvers()]

    def request(self, owner: Any) -> PsroRequest:
        """Return the request of a valid form."""
        own = {name: self.cleaned_data[name] for name in self.base_fields}
        camera, target = (self._training_of(team) for team in Team)
        return PsroRequest(
            scenario=self.scenario, camera_training=camera, target_training=target, owner=owner, **own
        )  # fmt: skip

    def _training_of(self, team: str) -> TrainingSettings:
        """Return the training settings of a team, without hyperparameters that equal the defaults."""
        defaults = self.defaults(team)
        asked = {name: self.cleaned_data[f"{team}_{PREFIX}{name}"] for name in defaults}
        changed = {name: value for name, value in asked.items() if value != defaults[name]}
        names = ("algorithm", "preset", "steps", "evaluation_episodes")
        chosen = {name: self.cleaned_data[f"{team}_{name}"] for name in names}
        return TrainingSettings(**chosen, hyperparameters=changed)

    def place_of(self, field: str) -> str:
        team, _, rest = field.partition("_")
        return field if field in self.fields else f"{team}_{PREFIX}{rest}"
