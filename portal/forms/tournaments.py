"""The form of a new tournament."""

from django import forms

from portal.forms.lineups import LineupForm

LARGEST_SEED = 2**63 - 1


class BaseSeedField(forms.IntegerField):
    """Where the seeds of episodes derive from."""

    def __init__(self) -> None:
        super().__init__(
            label="Base seed",
            min_value=0,
            max_value=LARGEST_SEED,
            initial=0,
            help_text="Seeds of episodes derive from it. Keep 0 to reuse episodes that exist; take another number for fresh ones.",
        )


class TournamentForm(LineupForm):
    """Who plays in which format, from which seeds, under which name."""

    name = forms.CharField(
        label="Name",
        max_length=120,
        required=False,
        help_text="Left empty, it is named after its scenario and its format.",
    )
    base_seed = BaseSeedField()

    def default_name(self) -> str:
        """The name of a tournament that was given none."""
        if self.is_head_to_head:
            first, second = (self.cleaned_data[name].name[:40] for name in ("first", "second"))
            return f"Is {first} better than {second}?"
        return f"{self.scenario.name} {self.info.title[:1].lower()}{self.info.title[1:]}"[:120]
