"""The forms on the page of a training or PSRO run: Extend and Fork."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.forms.refusable import RefusableForm
from portal.texts import in_language_lazy
from tournament.meta_solvers import META_SOLVERS
from tournament.models import PsroKind, PsroRun
from tournament.psro_runs import MAX_ITERATIONS, ForkRequest
from training.configuration import MAX_STEPS


class SteeringForm(RefusableForm):
    """A form whose request may be refused when it is performed."""

    prefix_of_ids = ""

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, auto_id=f"{self.prefix_of_ids}_%s", **kwargs)


class ExtendTrainingForm(SteeringForm):
    """The number of steps by which a training is extended."""

    prefix_of_ids = "extend"
    steps = forms.IntegerField(label=_("Additional steps"), min_value=1, max_value=MAX_STEPS)


class ExtendRunForm(SteeringForm):
    """The number of iterations by which a PSRO run is extended."""

    prefix_of_ids = "extend"
    iterations = forms.IntegerField(label=_("Additional iterations"), min_value=1, max_value=MAX_ITERATIONS)


class ForkForm(SteeringForm):
    """A fork of a run from one of its solved iterations."""

    prefix_of_ids = "fork"
    number = forms.TypedChoiceField(label=_("From iteration"), coerce=int)
    meta_solver = forms.ChoiceField(
        label=_("Meta-solver"), choices=[(one.name, in_language_lazy(one.title)) for one in META_SOLVERS.values()]
    )
    iterations = forms.IntegerField(label=_("Total iterations"), min_value=1, max_value=MAX_ITERATIONS)
    name = forms.CharField(label=_("Name"), max_length=60)

    def __init__(self, run: PsroRun, solved: list[int], data: Any = None) -> None:
        name = f"{run.name[:52]} (fork)"
        initial = {"meta_solver": run.meta_solver, "iterations": run.iterations_wanted, "name": name}
        super().__init__(data, initial=initial)
        if run.kind == PsroKind.ANYTIME:
            del self.fields["meta_solver"]
        self.fields["number"].choices = [(one, one) for one in reversed(solved)]  # type: ignore[attr-defined]

    def request(self, owner: Any) -> ForkRequest:
        """Return a valid form's request."""
        return ForkRequest(**self.cleaned_data, owner=owner)
