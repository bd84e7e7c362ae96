"""Parts of pictures as SVG."""

import pytest

from portal.drawing import plots


def test_a_long_curve_is_thinned_to_means_and_keeps_its_end() -> None:
    thinned = plots.thin([(float(i), float(i)) for i in range(10_000)])
    assert len(thinned) <= plots.MOST_POINTS
    assert thinned[-1] == (9999.0, 9999.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (1234567, "1.23 M"), (35_000, "35 k"), (1234, "1234"), (-0.5, "−0.5"), (0.00002, "2.0e−05")],
)
def test_numbers_are_written_in_few_letters(value: float, text: str) -> None:
    assert plots.write_number(value) == text
