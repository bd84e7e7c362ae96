"""The form of what may be changed about an agent."""

from django import forms

from tournament.models import Agent


class AgentForm(forms.ModelForm):
    """Its name and its description; all else is what it is. Its address stays, since others may link to it."""

    description = forms.CharField(
        label="Description",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="What others should know: how it was trained, where it is described. Plain text.",
    )

    class Meta:
        model = Agent
        fields = ["name", "description"]
