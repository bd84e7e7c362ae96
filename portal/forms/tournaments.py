"""The form of a new tournament: it knows which agents can play in the chosen scenario, and why others cannot."""

from dataclasses import dataclass
from typing import Any

from django import forms

from tournament import entries
from tournament.models import Agent, Scenario, Team
from tournament.organising import MAX_EPISODES_PER_PAIRING

LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class Choice:
    """An agent as the form offers it."""

    agent: Agent
    problems: str
    notes: str
    is_chosen: bool


def shorten(agent: Agent, texts: tuple[str, ...]) -> str:
    """The sentences about an agent, without its name, which stands above them."""
    return " ".join(text[:1].upper() + text[1:] for text in (text.removeprefix(f"{agent.name} was ") for text in texts))


class TournamentForm(forms.Form):
    """Bound to a scenario, because who can be chosen depends on it."""

    name = forms.CharField(
        label="Name", max_length=120, required=False, help_text="Left empty, it is named after its scenario."
    )
    cameras = forms.ModelMultipleChoiceField(Agent.objects.filter(team=Team.CAMERA))
    targets = forms.ModelMultipleChoiceField(Agent.objects.filter(team=Team.TARGET))
    episodes_per_pairing = forms.IntegerField(
        label="Episodes per pairing",
        min_value=1,
        max_value=MAX_EPISODES_PER_PAIRING,
        initial=20,
        help_text="Every camera meets every target this often. Four times as many halve the intervals.",
    )
    base_seed = forms.IntegerField(
        label="Base seed",
        min_value=0,
        max_value=LARGEST_SEED,
        initial=0,
        help_text="Seeds of episodes derive from it. Keep 0 to reuse episodes that exist; take another number for fresh ones.",
    )

    def __init__(self, scenario: Scenario, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scenario = scenario
        for team in ("cameras", "targets"):
            self.fields[team].error_messages["required"] = f"Choose at least one of the {team}."

    def choices_of(self, field: str) -> list[Choice]:
        """All agents of a team, those that can play first; in a fresh form the built-in ones are chosen."""
        chosen = set(self.data.getlist(field)) if self.is_bound else None  # type: ignore[attr-defined]
        found = []
        for agent in self.fields[field].queryset:  # type: ignore[attr-defined]
            fitness = entries.check_fitness(agent, self.scenario)
            is_chosen = agent.kind == "builtin" if chosen is None else str(agent.pk) in chosen
            problems, notes = (shorten(agent, texts) for texts in (fitness.problems, fitness.notes))
            found.append(Choice(agent, problems, notes, is_chosen and not problems))
        return sorted(found, key=lambda choice: bool(choice.problems))

    @property
    def camera_choices(self) -> list[Choice]:
        return self.choices_of("cameras")

    @property
    def target_choices(self) -> list[Choice]:
        return self.choices_of("targets")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for field in ("cameras", "targets"):
            for agent in data.get(field) or []:
                for problem in entries.check_fitness(agent, self.scenario).problems:
                    self.add_error(field, problem)
        return data
