"""Two agents on one axis: which dot is where."""

from xml.etree import ElementTree

from portal.drawing import dumbbells
from portal.drawing.dumbbells import OpponentPair


def test_both_agents_share_an_axis_and_more_is_to_the_right() -> None:
    svg = dumbbells.draw([OpponentPair("greedy", 0.5, -0.5), OpponentPair("random", 0.9, 0.8)], "Hawk", "Dove")
    tree = ElementTree.fromstring(svg)
    places = {
        kind: [float(dot.get("cx", "")) for dot in tree.iter("circle") if dot.get("class") == kind]
        for kind in ("first", "second")
    }
    assert places["second"][0] < places["first"][0] < places["second"][1] < places["first"][1]
    assert tree.get("aria-label") == "Hawk, Dove"


def test_names_stand_above_their_rows_where_the_screen_is_narrow() -> None:
    pairs = [OpponentPair("A long name of an opponent", 0.5, -0.5), OpponentPair("random", 0.9, 0.8)]
    tree = ElementTree.fromstring(dumbbells.draw(pairs, "Hawk", "Dove", layout=dumbbells.NARROW))
    names = [float(text.get("y", "")) for text in tree.iter("text") if text.get("text-anchor") == "start"]
    heights = [float(dot.get("cy", "")) for dot in tree.iter("circle") if dot.get("class") == "first"]
    assert names[0] < heights[0] < names[1] < heights[1]
    assert all(0 < float(dot.get("cx", "")) < dumbbells.NARROW.width for dot in tree.iter("circle"))


def test_equal_payoffs_and_no_opponents_are_no_error() -> None:
    assert dumbbells.draw([OpponentPair("greedy", 0.5, 0.5)], "a", "b").count("<circle") == 2
    assert dumbbells.draw([], "a", "b") == ""


def test_names_with_markup_are_shown_as_they_are() -> None:
    assert "<b>" not in dumbbells.draw([OpponentPair("<b>", 0.1, 0.2)], "<b>", "c")


def test_a_line_shows_where_opponents_are_left_out() -> None:
    pairs = [OpponentPair(str(number), 0.1 * number, 0.5) for number in range(4)]
    tree = ElementTree.fromstring(dumbbells.draw(pairs, "a", "b", gap=2))
    (line,) = (line for line in tree.iter("line") if line.get("class") == "gap")
    heights = [float(dot.get("cy", "")) for dot in tree.iter("circle") if dot.get("class") == "first"]
    assert heights[1] < float(line.get("y1", "")) < heights[2]
