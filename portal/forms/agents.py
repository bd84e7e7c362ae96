"""The form that changes an agent."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from portal.forms.labs import LabField, offer_labs
from tournament import names, withdrawal
from tournament.models import Agent, Withdrawal


def check_agent_name(name: str) -> str:
    """Return the name. Raises ValidationError if an agent may not have it."""
    if problem := names.find_agent_problem(name):
        raise forms.ValidationError(problem)
    return name


class AgentForm(forms.ModelForm):
    """An agent's name, description, listing, lab, and who may download it. Its policy and its address never change."""

    description = forms.CharField(
        label=gettext_lazy("Description"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("How the agent was trained, what it is good at, where it is described. Markdown."),
    )

    withdrawn = forms.ChoiceField(
        label=gettext_lazy("Listing"),
        choices=Withdrawal.choices,
        required=False,
        help_text=gettext_lazy("Its episodes and earlier snapshots of leaderboards stay as they are."),
    )

    lab = LabField(help_text=gettext_lazy("Its members see, use and change the agent as you do."))

    class Meta:
        model = Agent
        fields = ["name", "description", "is_downloadable", "lab"]
        labels = {"name": gettext_lazy("Name")}

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "lab" in self.fields:
            offer_labs(self, user)
            self.initial["lab"] = self.instance.lab.slug if self.instance.lab else ""
        if "withdrawn" not in self.fields:  # the admin shows only some fields
            return
        self.fields["withdrawn"].initial = self.instance.withdrawn
        if withdrawal.find_obstacle(self.instance):
            del self.fields["withdrawn"]

    def save(self, commit: bool = True) -> Agent:
        agent: Agent = super().save(commit)
        if "withdrawn" in self.cleaned_data:
            withdrawal.withdraw(agent, self.cleaned_data["withdrawn"])
        return agent

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        return check_agent_name(name) if "name" in self.changed_data else name
