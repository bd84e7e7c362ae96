"""Format and agents: the common part of the forms of tournaments and schedules."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mate import Team
from portal.forms.offering import SHOWN, find_matches, find_name, offer_agents
from portal.forms.refusable import RefusableForm
from portal.keys import RowsField, is_key
from portal.texts import in_language
from tournament import boards, entries, queries, visibility
from tournament.formats import FORMATS, FormatInfo, Setting
from tournament.formats.numbers import write
from tournament.models import Agent, AgentKind, Scenario

FIELDS = {"camera": "cameras", "target": "targets"}
LISTS = (*FIELDS.values(), "agents")
PRESETS = {
    "builtin": _("Built-in"),
    "top": _("Top 10"),
    "new": _("Newest 10"),
    "mine": _("Yours"),
    "all": _("All that can play"),
    "none": _("Nobody"),
}
"""Groups of agents that one button selects."""
PRESET_SIZE = 10
MISSING = {
    "cameras": _("Choose at least one of the cameras."),
    "targets": _("Choose at least one of the targets."),
    "first": _("Choose the first agent."),
    "second": _("Choose the second agent."),
}
"""Messages for fields without a chosen agent."""


@dataclass(frozen=True)
class OfferedAgent:
    """An agent as the form offers it."""

    agent: Agent
    problems: str
    notes: str
    is_chosen: bool


def shorten(agent: Agent, texts: tuple[str, ...]) -> str:
    """Join the sentences about an agent, without its name, because the name is shown above them."""
    return " ".join(text[:1].upper() + text[1:] for text in (text.removeprefix(f"{agent.name} was ") for text in texts))


def field_of(setting: Setting) -> forms.Field:
    """Return the form field for a format's setting, with its bounds and its default."""
    title, explanation = in_language(setting.title), in_language(setting.explanation)
    if setting.kind == "option":
        options = [(option, in_language(option.capitalize())) for option in setting.options]
        return forms.ChoiceField(label=title, choices=options, initial=setting.default, help_text=explanation)
    low, high = (write(bound or 0) for bound in (setting.lowest, setting.highest))
    bounds = gettext("From %(low)s to %(high)s %(unit)s") % {
        "low": low,
        "high": high,
        "unit": in_language(setting.unit),
    }
    text = gettext("%(explanation)s %(bounds)s.") % {"explanation": explanation, "bounds": bounds.rstrip()}
    kind: Any = forms.IntegerField if setting.kind == "integer" else forms.FloatField
    step = 1 if setting.kind == "integer" else "any"
    field: forms.Field = kind(
        label=title,
        min_value=setting.lowest,
        max_value=setting.highest,
        initial=f"{setting.default:g}",
        help_text=text,
        widget=forms.NumberInput(attrs={"step": step}),
    )
    return field


def read_wishes(query: MultiValueDict) -> dict[str, Any]:
    """Return the initial values of a form from a query string or a half-filled form."""
    return {key: values if key in LISTS else values[-1] for key, values in query.lists() if values}


class LineupForm(RefusableForm):
    """Format, agents and settings. The scenario decides which agents can play; the format decides which settings exist.

    In a head-to-head test, the fields are two agents of one team and their opponents.
    """

    format = forms.ChoiceField(label=_("Format"), widget=forms.RadioSelect)
    cameras = RowsField(Agent.objects.none(), label=_("Cameras"), required=False)
    targets = RowsField(Agent.objects.none(), label=_("Targets"), required=False)

    def __init__(
        self,
        scenario: Scenario,
        data: Any = None,
        initial: Mapping[str, Any] | None = None,
        formats: Iterable[str] = tuple(FORMATS),
        user_key: int | None = None,
        viewer: Any = None,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        self.scenario = scenario
        self.user_key, self.viewer = user_key, viewer
        self.offered = [FORMATS[name] for name in formats]
        names = [info.name for info in self.offered]
        wanted = (self.data if self.is_bound else self.initial).get("format")
        self.info: FormatInfo = FORMATS[wanted if wanted in names else names[0]]
        self.fields["format"].choices = [(info.name, info.title) for info in self.offered]  # type: ignore[attr-defined]
        self.fields["format"].initial = self.initial["format"] = self.info.name
        for team, field in FIELDS.items():
            self.fields[field].queryset = queries.find_agents(team=team, viewer=viewer)  # type: ignore[attr-defined]
        self._forget_others(self.initial.get("settings_of", ""))
        for setting in self.info.settings:
            self.fields[setting.name] = field_of(setting)
        if self.is_head_to_head:
            self._offer_pair()

    def _forget_others(self, before: str) -> None:
        """Drop values of the previous format, except for settings that mean the same in this one."""
        others = {setting.name: setting.title for setting in FORMATS[before].settings} if before in FORMATS else {}
        for setting in self.info.settings:
            if others.get(setting.name, setting.title) != setting.title:
                self.initial.pop(setting.name, None)

    @classmethod
    def names(cls) -> set[str]:
        """Return the names of all fields in any format, and of the other inputs of the form."""
        settings = {setting.name for info in FORMATS.values() for setting in info.settings}
        found = {find_name(field) for field in (*FIELDS.values(), "first", "second")}
        return {
            *cls.base_fields,
            *settings,
            *LISTS,
            *found,
            "scenario",
            "settings_of",
            "team",
            "first",
            "second",
            "preset",
        }

    @property
    def is_head_to_head(self) -> bool:
        return self.info.compares_two

    def _offer_pair(self) -> None:
        """Add the fields for the two agents to compare, of the chosen team."""
        self.fields[FIELDS[Team(self.team).opponent]].label = _("Opponents")
        fitting = queries.find_agents(team=self.team, scenario=self.scenario, viewer=self.viewer)
        for name, label in (("first", _("First agent")), ("second", _("Second agent"))):
            self.fields[name] = forms.ModelChoiceField(
                fitting, label=label, empty_label=_("Choose one"), error_messages={"required": MISSING[name]}
            )
            offer_agents(self, name, fitting, self.team, only="")

    @property
    def team(self) -> str:
        """The team whose agents are compared."""
        wanted = (self.data if self.is_bound else self.initial).get("team")
        return wanted if wanted in FIELDS else Team.CAMERA

    @property
    def setting_fields(self) -> list[forms.BoundField]:
        return [self[setting.name] for setting in self.info.settings]

    @cached_property
    def lineups(self) -> list[tuple[str, str, Any, list[OfferedAgent]]]:
        """For each field with checkboxes: team, field name, legend and agents."""
        teams = [Team(self.team).opponent] if self.is_head_to_head else list(FIELDS)
        legends = [_("Opponents")] if self.is_head_to_head else [_("Cameras"), _("Targets")]
        return [
            (team, FIELDS[team], legend, self.choices_of(FIELDS[team]))
            for team, legend in zip(teams, legends, strict=True)
        ]

    def choices_of(self, field: str) -> list[OfferedAgent]:
        """Return the agents of a team that are shown; those that can play come first.

        In a new form, built-in agents and agents named in the address are chosen. A team of more than SHOWN agents
        shows only chosen agents and those that the field's search finds.
        """
        agents = self.fields[field].queryset  # type: ignore[attr-defined]
        chosen = self.chosen_of(field, agents)
        if agents.count() > SHOWN:
            found = find_matches(agents, str(self.initial.get(find_name(field), "")))
            agents = agents.filter(pk__in={*chosen, *found})
        return self._describe(agents, chosen)

    def chosen_of(self, field: str, agents: QuerySet[Agent]) -> set[int]:
        """Return the keys of the chosen agents of a team, with those of the preset whose button was pressed."""
        if self.is_bound:
            keys = self.data.getlist(field)  # type: ignore[attr-defined]
        elif field in self.initial:
            keys = self.initial[field]
        else:
            asked = self.initial.get("agents", ())
            keys = agents.filter(Q(kind=AgentKind.BUILTIN) | Q(slug__in=asked)).values_list("pk", flat=True)
        chosen = {int(key) for key in keys if is_key(str(key))}
        place, _colon, preset = str(self.initial.get("preset", "")).partition(":")
        if place != field or preset not in PRESETS:
            return chosen
        return set() if preset == "none" else chosen | self._keys_of(preset, agents)

    def _keys_of(self, preset: str, agents: QuerySet[Agent]) -> set[int]:
        """Return the keys of those agents of a preset that can play in the scenario."""
        team = agents.values_list("team", flat=True).first()
        if preset == "top":
            board = boards.latest_board(self.scenario)
            found = [line.agent for line in board.of(team)[:PRESET_SIZE]] if board and team else []
        else:
            fitting = queries.find_agents(team=team or "", scenario=self.scenario, viewer=self.viewer)
            if preset == "builtin":
                fitting = fitting.filter(kind=AgentKind.BUILTIN)
            elif preset == "mine":
                fitting = fitting.filter(visibility.is_own(self.viewer) if self.viewer else Q(owner=self.user_key))
            elif preset == "new":
                fitting = fitting.order_by("-created")[:PRESET_SIZE]
            found = list(fitting)
        return {agent.pk for agent in found}

    def _describe(self, agents: Iterable[Agent], chosen: set[int]) -> list[OfferedAgent]:
        found = []
        for agent in agents:
            fitness = entries.check_fitness(agent, self.scenario)
            problems, notes = (in_language(shorten(agent, texts)) for texts in (fitness.problems, fitness.notes))
            found.append(OfferedAgent(agent, problems, notes, agent.pk in chosen and not problems))
        return sorted(found, key=lambda choice: (bool(choice.problems), not choice.is_chosen))

    @property
    def presets(self) -> list[tuple[str, Any]]:
        return [(name, title) for name, title in PRESETS.items() if name != "mine" or self.user_key is not None]

    @property
    def needs_fields(self) -> bool:
        """Return whether agents have to be chosen."""
        return True

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if self.is_head_to_head:
            self._clean_pair(data)
        elif self.needs_fields:
            for field in FIELDS.values():
                if not data.get(field) and field not in self.errors:
                    self.add_error(field, MISSING[field])
        for field in FIELDS.values():
            for agent in data.get(field) or []:
                for problem in entries.check_fitness(agent, self.scenario).problems:
                    self.add_error(field, in_language(problem))
        return data

    def _clean_pair(self, data: dict[str, Any]) -> None:
        pair = [data.get("first"), data.get("second")]
        if pair[0] is not None and pair[0] == pair[1]:
            self.add_error("second", _("Choose two different agents."))
        data[FIELDS[self.team]] = [agent for agent in pair if agent is not None]
        opponents = FIELDS[Team(self.team).opponent]
        if not data.get(opponents) and opponents not in self.errors:
            self.add_error(opponents, _("Choose at least one opponent."))

    def place_of(self, field: str) -> str:
        name = field.removeprefix("settings.")
        return name if name in [one.name for one in self.setting_fields] else ""

    def chosen_settings(self) -> dict[str, Any]:
        """Return the format's settings from a valid form."""
        return {one.name: self.cleaned_data[one.name] for one in self.info.settings if one.name in self.cleaned_data}
