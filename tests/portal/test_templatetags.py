"""How numbers and messages are written on pages."""

import math
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.utils import translation

from portal.templatetags.arena import coded, error_of, fixed, plus_minus, signed, span
from portal.templatetags.parts import moment
from tournament.forecasts import Span


@pytest.mark.parametrize(
    ("value", "text"), [(1234.5, "1,234.50"), (-0.126, "−0.13"), (-0.001, "0.00"), (0, "0.00"), (None, "–")]
)
def test_a_number_has_a_true_minus_sign_and_zero_has_none(value: float | None, text: str) -> None:
    assert fixed(value) == text
    assert signed(value, 2).replace("+", "") == text.replace(",", "")


@pytest.mark.parametrize(
    ("error", "text"),
    [(0.0123, "± 0.012"), (0.0005, "± 0.001"), (1e-4, "± < 0.001"), (0.0, "all alike"), (1e-17, "all alike")],
)
def test_an_error_is_never_written_as_zero(error: float, text: str) -> None:
    assert plus_minus(error) == text
    for unit in ("payoff", "share", "number"):
        measure = SimpleNamespace(unit=unit, digits=3)
        assert (error_of(error, measure) == "all alike") is (text == "all alike")


@pytest.mark.parametrize("error", [None, math.nan])
def test_an_unknown_error_is_not_written(error: float | None) -> None:
    assert plus_minus(error) == ""


def test_what_stands_in_backticks_is_code_and_nothing_else_of_a_message_is_markup() -> None:
    assert coded("Set `cores` to <2> or `less") == "Set <code>cores</code> to &lt;2&gt; or `less"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Span(10.0, 120.0, 20.0), "about 20 s left (10 s to 2 min)"),
        (Span(10.0, None, 20.0), "at least 10 s left"),
        (Span(600.0, 610.0, 605.0), "about 10 min left"),
        (Span(0.0, 0.0, 0.0), "under a second left"),
        (None, "not known yet"),
    ],
)
def test_a_range_of_time_is_written_with_what_is_expected(value: Span | None, text: str) -> None:
    assert span(value, "left") == text


def test_a_day_is_written_in_the_readers_language() -> None:
    then = datetime(2026, 12, 1, 23, 59, tzinfo=UTC)
    for language, day in (("en", "1 Dec 2026"), ("zh-hans", "2026年12月1日"), ("en", "1 Dec 2026")):
        with translation.override(language):
            assert f">{day}</time>" in moment(then, "day")
