"""The form of a scenario: a field for every key of its document, and a line of numbers for every position or box."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from mate.variants import MAX_DELAY
from portal.forms.refusable import RefusableForm
from tournament.models import Scenario

TEAMS = [("none", _("Neither team")), ("camera", _("Cameras")), ("target", _("Targets")), ("both", _("Both teams"))]
REWARDS = [("dense", _("Dense: in every step")), ("sparse", _("Sparse: on deliveries"))]
RULES = {
    "max_episode_steps": (_("Maximum number of steps"), ""),
    "num_cargoes_per_target": (_("Cargo per target"), _("At least 4, the number of warehouses.")),
    "high_capacity_target_split": (
        _("Share of targets that carry two units"),
        _("From 0 to 1. They move at half speed."),
    ),
    "bounty_factor": (_("Bounty factor"), _("Bounty of a unit of cargo, as a share of its freight.")),
}
CAMERA = {
    "max_sight_range": (_("Maximum sight range"), _("In map units, at the smallest viewing angle.")),
    "min_viewing_angle": (_("Minimum viewing angle"), _("In degrees, at most 180.")),
    "rotation_step": (_("Maximum turn per step"), _("In degrees.")),
    "zooming_step": (_("Maximum zoom per step"), _("In degrees of the viewing angle.")),
    "radius": (_("Radius of a camera"), _("In map units. Targets cannot pass through it.")),
}
TARGET = {
    "sight_range": (_("Sight range"), _("In map units.")),
    "step_size": (_("Maximum step"), _("In map units; half of it with a capacity of two units.")),
}
OBSTACLE = {
    "radius": (_("Radius"), _("One number, or two between which it is drawn.")),
    "transmittance": (_("Transmittance"), _("Probability that a camera sees through an obstacle, from 0 to 1.")),
}
SECTIONS = {"camera": CAMERA, "target": TARGET, "obstacle": OBSTACLE}
PLACES = {
    "camera": _("Places of the cameras"),
    "target": _("Places of the targets"),
    "obstacle": _("Places of the obstacles"),
}
PLACES_HELP = _(
    "One entity a line: x y for a fixed place, or x-low x-high y-low y-high for a box in which it is placed at random."
    " The terrain reaches from -1000 to 1000 in both directions."
)
LIMITS = {
    "communication_range": (_("Range of messages"), _("In map units. Left empty, messages reach everybody.")),
    "message_dropout": (_("Probability that a message is lost"), _("From 0 to 1.")),
    "communication_delay": (_("Delay of messages"), _("In steps, at most {most}.")),
}
SWITCHES = {
    "enhanced_observation": _("Enhanced observation: who is told everything"),
    "shared_field_of_view": _("Shared field of view: who is told what any member sees"),
    "no_communication": _("No communication: whose messages never arrive"),
}


def text_field(label: Any, help_text: Any, is_required: bool = False) -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, max_length=60, required=is_required)


class ScenarioForm(RefusableForm):
    """A scenario. `tournament.drafts` checks the values, so that website, API and command line agree."""

    name = forms.CharField(label=_("Name"), max_length=60)

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        for key, words in RULES.items():
            self.fields[key] = text_field(*words)
        self.fields["reward_type"] = forms.ChoiceField(label=_("Reward"), choices=REWARDS, required=False)
        for key, label in (
            ("targets_start_with_cargoes", _("Targets start with cargo")),
            ("shuffle_entities", _("Shuffle entities of a kind in every episode")),
        ):
            self.fields[key] = forms.BooleanField(label=label, required=False)
        for kind, parameters in SECTIONS.items():
            widget = forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "places"})
            self.fields[f"{kind}_places"] = forms.CharField(
                label=PLACES[kind], help_text=PLACES_HELP if kind == "camera" else "", required=False, widget=widget,
                max_length=20_000,
            )  # fmt: skip
            for key, words in parameters.items():
                self.fields[f"{kind}_{key}"] = text_field(*words)
        for key, label in SWITCHES.items():
            self.fields[key] = forms.ChoiceField(label=label, choices=TEAMS, required=False)
        for key, (label, help_text) in LIMITS.items():
            self.fields[key] = text_field(label, str(help_text).format(most=MAX_DELAY))

    def part(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names]

    @property
    def rules(self) -> list[forms.BoundField]:
        return self.part(*RULES, "reward_type", "targets_start_with_cargoes", "shuffle_entities")

    @property
    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        titles = {"camera": _("Cameras"), "target": _("Targets"), "obstacle": _("Obstacles")}
        return [
            (titles[kind], self.part(f"{kind}_places", *(f"{kind}_{key}" for key in parameters)))
            for kind, parameters in SECTIONS.items()
        ]

    @property
    def variant(self) -> list[forms.BoundField]:
        return self.part(*SWITCHES, *LIMITS)

    @property
    def document(self) -> dict[str, Any]:
        """The document that the fields describe.

        Values that are no numbers stay texts, which `tournament.drafts` refuses.
        """
        data = self.cleaned_data
        document: dict[str, Any] = {key: read_value(data[key]) for key in (*RULES, *LIMITS) if data.get(key)}
        document |= {key: data[key] for key in ("reward_type", *SWITCHES) if data.get(key)}
        document |= {key: data[key] for key in ("targets_start_with_cargoes", "shuffle_entities")}
        for kind, parameters in SECTIONS.items():
            section = read_places(data.get(f"{kind}_places", ""))
            values = {key: read_value(data[f"{kind}_{key}"]) for key in parameters if data.get(f"{kind}_{key}")}
            if kind == "obstacle" and isinstance(values.get("radius"), list):
                values["radius_random_range"] = values.pop("radius")
            if section or kind != "obstacle":
                document[kind] = section | values
        return document

    def place_of(self, field: str) -> str:
        return field_of(field)


def read_value(text: str) -> Any:
    """Return a number, a list of numbers, or the text."""
    numbers = [read_number(word) for word in text.replace(",", " ").split()]
    return numbers[0] if len(numbers) == 1 else numbers or text


def read_number(word: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(word)
        except ValueError:
            continue
    return word


def read_places(text: str) -> dict[str, Any]:
    """Return the positions (two numbers) and boxes (more numbers) in the lines of a text."""
    lines = [[read_number(word) for word in line.replace(",", " ").split()] for line in text.splitlines()]
    fixed, random = [line for line in lines if 0 < len(line) <= 2], [line for line in lines if len(line) > 2]
    return ({"location": fixed} if fixed else {}) | ({"location_random_range": random} if random else {})


def field_of(key: str) -> str:
    """Return the name of the field for a key of the document."""
    section, _, rest = key.partition(".")
    if section in SECTIONS:
        return (
            f"{section}_places" if not rest or rest.startswith("location") else f"{section}_{rest.split('_random')[0]}"
        )
    return key


def initial_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the initial values of the fields for a document. Keys without a field are left out."""
    shown = {key: document[key] for key in (*RULES, *LIMITS, *SWITCHES, "reward_type", "name") if key in document}
    shown |= {key: bool(document.get(key, True)) for key in ("targets_start_with_cargoes", "shuffle_entities")}
    for kind, parameters in SECTIONS.items():
        section = document.get(kind)
        if isinstance(section, Mapping):
            lines = [*rows(section.get("location")), *rows(section.get("location_random_range"))]
            shown[f"{kind}_places"] = "\n".join(lines)
            shown |= {f"{kind}_{key}": section[key] for key in parameters if key in section}
            if "radius_random_range" in section:
                shown["obstacle_radius"] = next(iter(rows([section["radius_random_range"]])), "")
    return shown


def rows(places: Any) -> Iterable[str]:
    for place in places if isinstance(places, (list, tuple)) else ():
        if isinstance(place, Mapping):  # {low: [x, y], high: [x, y]}
            low, high = place.get("low"), place.get("high")
            if isinstance(low, list) and isinstance(high, list) and len(low) == len(high) == 2:
                place = [low[0], high[0], low[1], high[1]]
        yield " ".join(map(str, place)) if isinstance(place, (list, tuple)) else str(place)


def find_start(query: QueryDict) -> Scenario | None:
    """Return the scenario named by `?start=`, from which a new one starts; None if there is none."""
    return Scenario.objects.filter(slug=query.get("start", "")).first()


NAMES = tuple(ScenarioForm().fields)
