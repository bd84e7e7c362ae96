"""The form of an upload."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.forms.agents import check_agent_name
from portal.forms.labs import LabField, offer_labs
from portal.forms.offering import offer_scenarios
from portal.server.receiving import describe_limit
from tournament.models import TEAM_CHOICES, Scenario

PLAY_MODES = [
    ("stochastic", gettext_lazy("Stochastic: sample from the policy")),
    ("deterministic", gettext_lazy("Deterministic: the most likely action")),
]


class UploadForm(forms.Form):
    """A checkpoint file, and the settings of its agent that the file does not contain."""

    file = forms.FileField(label=gettext_lazy("Checkpoint file"))
    place_in = forms.ModelChoiceField(
        Scenario.objects.all(),
        to_field_name="slug",
        required=False,
        label=gettext_lazy("Place it now in"),
        empty_label=gettext_lazy("Do not place it"),
        help_text=gettext_lazy(
            "An accepted agent plays up to 16 opponents at once, and gets a rank within a minute or two. An agent "
            "that was "
            "trained for other numbers of cameras or targets is placed in the scenario that fits it."
        ),
    )
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=80,
        required=False,
        help_text=gettext_lazy(
            "Shown on leaderboards. Left empty, it is named after its algorithm, team and scenario."
        ),
    )
    team = forms.ChoiceField(
        label=gettext_lazy("Team"),
        required=False,
        choices=[("", gettext_lazy("Read it from the file")), *TEAM_CHOICES],
        help_text=gettext_lazy("If you choose a team, a checkpoint of the other team is refused."),
    )
    mode = forms.ChoiceField(label=gettext_lazy("Play mode"), choices=PLAY_MODES, initial="stochastic", required=False)
    is_private = forms.BooleanField(
        label=gettext_lazy("Private"),
        required=False,
        help_text=gettext_lazy(
            "Only you and the members of its lab see it and use it, in tournaments of your own. It is on no "
            "leaderboard. You can publish it later."
        ),
    )
    lab = LabField(help_text=gettext_lazy("Its members see, use and change the agent as you do."))

    def __init__(self, *args: Any, was_too_large: bool = False, user: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer_labs(self, user)
        offer_scenarios(self, "place_in", Scenario.objects.all())
        self.was_too_large = was_too_large
        self.fields["file"].error_messages["required"] = _("Choose the file to upload.")
        self.fields["file"].error_messages["empty"] = _("This file is empty (0 bytes). Choose the checkpoint itself.")
        if was_too_large:
            message = _("The file is larger than this portal accepts (%(limit)s). Upload only the checkpoint itself.")
            self.fields["file"].error_messages["required"] = message % {"limit": describe_limit()}

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        return check_agent_name(name) if name else name

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if len(file.name) > 200:
            raise forms.ValidationError(_("The file's name has more than 200 characters. Rename the file."))
        return file

    @property
    def is_deterministic(self) -> bool:
        return bool(self.cleaned_data["mode"] == "deterministic")
