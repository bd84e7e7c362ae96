"""The form of an upload."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from portal.forms.agents import check_agent_name
from portal.server.receiving import describe_limit
from tournament.models import Team

PLAY_MODES = [
    ("stochastic", "Sample from the policy (upstream's default)"),
    ("deterministic", "Always the likeliest action"),
]


class UploadForm(forms.Form):
    """A file, and what the file cannot say."""

    file = forms.FileField(label="Checkpoint file")
    name = forms.CharField(
        label="Name",
        max_length=80,
        required=False,
        help_text="What the leaderboards will call it. Left empty, it is named after what the file has: algorithm, team and scenario.",
    )
    team = forms.ChoiceField(
        label="Team",
        required=False,
        choices=[("", "Read it from the file"), *Team.choices],
        help_text="Say which team you expect, and a file of the other one is refused instead of entered.",
    )
    mode = forms.ChoiceField(label="Play mode", choices=PLAY_MODES, initial="stochastic", required=False)

    def __init__(self, *args: Any, was_too_large: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.was_too_large = was_too_large
        self.fields["file"].error_messages["required"] = "Choose the file to upload."
        self.fields["file"].error_messages["empty"] = "This file is empty (0 bytes). Choose the checkpoint itself."
        if was_too_large:
            message = (
                f"The file is larger than this portal accepts ({describe_limit()}). Upload only the checkpoint itself."
            )
            self.fields["file"].error_messages["required"] = message

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        return check_agent_name(name) if name else name

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if len(file.name) > 200:
            raise forms.ValidationError("The file's name has more than 200 characters. Rename the file.")
        return file

    @property
    def is_deterministic(self) -> bool:
        return self.cleaned_data["mode"] == "deterministic"
