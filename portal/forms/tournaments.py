"""The form of a new tournament."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms.lineups import FIELDS, LineupForm
from tournament.fields import in_order
from tournament.formats import FORMATS
from tournament.models import Tournament
from tournament.organising import TournamentRequest

LARGEST_SEED = 2**63 - 1


class BaseSeedField(forms.IntegerField):
    """The base seed, from which the seeds of episodes are derived."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Base seed"),
            min_value=0,
            max_value=LARGEST_SEED,
            initial=0,
            help_text=_(
                "Episodes' seeds are derived from it. Keep 0 to reuse existing episodes; choose another number for "
                "fresh ones."
            ),
        )


def wishes_like(tournament: Tournament) -> dict[str, Any]:
    """Return the initial values of a form for the same tournament once more."""
    fields = {field: [agent.pk for agent in in_order(getattr(tournament, field))] for field in FIELDS.values()}
    wishes = {**tournament.settings, **fields, "format": tournament.format, "base_seed": tournament.base_seed}
    wishes["rates_remote"] = tournament.rates_remote
    if tournament.format in FORMATS and FORMATS[tournament.format].compares_two:
        wishes |= dict(zip(("first", "second"), fields[FIELDS[tournament.settings["team"]]], strict=True))
    return wishes


class TournamentForm(LineupForm):
    """A new tournament: its agents, format, base seed and name."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        required=False,
        help_text=_("Left empty, it is named after its scenario and its format."),
    )
    base_seed = BaseSeedField()
    rates_remote = forms.BooleanField(
        label=_("Rate remote agents in this tournament"),
        required=False,
        help_text=_("Their episodes cannot be played again. Leaderboards of scenarios never rate them."),
    )

    def request(self, owner: Any) -> TournamentRequest:
        """Return the request of a valid form."""
        data = self.cleaned_data
        return TournamentRequest(
            data["name"] or self.default_name(), self.scenario, data["cameras"], data["targets"],
            base_seed=data["base_seed"], owner=owner, format=self.info.name, settings=self.chosen_settings(),
            rates_remote=data["rates_remote"],
        )  # fmt: skip

    def default_name(self) -> str:
        """Return the name of a tournament for which the user gave none."""
        if self.is_head_to_head:
            first, second = (self.cleaned_data[name].name[:40] for name in ("first", "second"))
            return f"Is {first} better than {second}?"
        return f"{self.scenario.name} {self.info.title[:1].lower()}{self.info.title[1:]}"[:120]
