"""How numbers and messages are written on pages."""

import pytest

from portal.templatetags.arena import coded, fixed, signed


@pytest.mark.parametrize(
    ("value", "text"), [(1234.5, "1,234.50"), (-0.126, "−0.13"), (-0.001, "0.00"), (0, "0.00"), (None, "–")]
)
def test_a_number_has_a_true_minus_sign_and_zero_has_none(value: float | None, text: str) -> None:
    assert fixed(value) == text
    assert signed(value, 2).replace("+", "") == text.replace(",", "")


def test_what_stands_in_backticks_is_code_and_nothing_else_of_a_message_is_markup() -> None:
    assert coded("Set `cores` to <2> or `less") == "Set <code>cores</code> to &lt;2&gt; or `less"
