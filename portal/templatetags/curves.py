"""Template filters for curves."""

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
    """Return a number as a short text, such as 1.2 M; a dash if it is missing."""
    return "–" if is_missing(value) else write_number(float(value))  # type: ignore[arg-type]


@register.filter
def curve_colour(number: int) -> int:
    """Return the number of a curve's colour in the style sheet."""
    return number % COLOURS


@register.filter
def steps_expected(run: TrainingRun) -> int:
    """Return the total number of steps of a training."""
    return paces.steps_expected(run)


@register.filter
def rest(run: TrainingRun) -> Span | None:
    """Return the remaining time of a running training, as a range."""
    return paces.forecast_rest(run)
