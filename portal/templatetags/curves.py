"""How the figures of curves are written."""

from django import template

from portal.drawing.charts import COLOURS
from portal.drawing.plots import write_number
from portal.templatetags.arena import is_missing
from tournament import paces
from tournament.forecasts import Span
from tournament.models import TrainingRun

register = template.Library()


@register.filter
def brief(value: float | None) -> str:
    """A number in few letters, such as 1.2 M; a dash when there is none."""
    return "–" if is_missing(value) else write_number(float(value))  # type: ignore[arg-type]


@register.filter
def curve_colour(number: int) -> int:
    """The number of a curve's colour in the style sheet."""
    return number % COLOURS


@register.filter
def steps_expected(run: TrainingRun) -> int:
    """The steps that a training makes in the end."""
    return paces.steps_expected(run)


@register.filter
def rest(run: TrainingRun) -> Span | None:
    """How long a training that is under way still takes, as a range."""
    return paces.forecast_rest(run)
