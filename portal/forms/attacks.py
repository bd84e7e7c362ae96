"""The form of a new attack on an agent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from mate import Team
from portal.forms.offering import offer_scenarios
from portal.forms.refusable import RefusableForm
from portal.wording import tell_algorithm, tell_value_lazy
from tournament import attacks, entries, organising
from tournament.models import Agent, Scenario
from tournament.trainings import TrainingSettings
from training import configuration


class AttackForm(RefusableForm):
    """A new attack on `agent`. The attackers are of the other team."""

    scenario = forms.ModelChoiceField(
        Scenario.objects.none(), label=gettext_lazy("Scenario"), empty_label=None, to_field_name="slug"
    )
    num_attackers = forms.IntegerField(
        label=gettext_lazy("Attackers"), min_value=1, max_value=attacks.MAX_ATTACKERS, initial=3,
        help_text=gettext_lazy("Each is trained from its own seed."),
    )  # fmt: skip
    algorithm = forms.ChoiceField(label=gettext_lazy("Algorithm"))
    preset = forms.ChoiceField(
        label=gettext_lazy("Preset"),
        choices=[(name, tell_value_lazy(name)) for name in configuration.PRESETS],
        initial="quick",
    )
    steps = forms.IntegerField(
        label=gettext_lazy("Steps"), min_value=1, max_value=configuration.MAX_STEPS,
        help_text=gettext_lazy("Of the environment, for each attacker."),
    )  # fmt: skip
    evaluation_episodes = forms.IntegerField(
        label=gettext_lazy("Selection episodes"), min_value=2, max_value=1000, initial=attacks.SELECTION_EPISODES,
        help_text=gettext_lazy("Of each milestone; they choose the best attacker."),
    )  # fmt: skip
    episodes = forms.IntegerField(
        label=gettext_lazy("Fresh episodes"), min_value=2, max_value=organising.MAX_EPISODES_PER_PAIRING,
        initial=attacks.DEFAULT_EPISODES, help_text=gettext_lazy("Of the best attacker; they give the figure."),
    )  # fmt: skip
    first_seed = forms.IntegerField(label=gettext_lazy("First seed"), min_value=0, initial=0)

    def __init__(self, agent: Agent, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.agent = agent
        team = Team(agent.team).opponent
        fitting = [
            one.pk for one in Scenario.objects.exclude(num_cameras=0) if not entries.check_fitness(agent, one).problems
        ]
        offer_scenarios(self, "scenario", Scenario.objects.filter(pk__in=fitting))
        self.fields["scenario"].initial = "mate-2v4-0"
        algorithms = self.fields["algorithm"]
        assert isinstance(algorithms, forms.ChoiceField)
        algorithms.choices = [(name, tell_algorithm(name)) for name in configuration.algorithms_of(team)]
        algorithms.initial = attacks.ALGORITHMS[team]
        self.fields["steps"].initial = configuration.STEPS["quick"][team]

    def request(self, owner: Any) -> attacks.AttackRequest:
        """Return the request of a valid form."""
        data = dict(self.cleaned_data)
        names = ("algorithm", "preset", "steps", "evaluation_episodes")
        training = TrainingSettings(**{name: data.pop(name) for name in names})
        return attacks.AttackRequest(self.agent, training=training, owner=owner, **data)
