"""Which names are seen, which deceive, and which read like a built-in agent's."""

import pytest

from tournament import entries, names
from tournament.models import Upload


@pytest.mark.parametrize(
    "name",
    ["\u200b", "\u2060", "\u00ad", "\u3164", "\u180e", "\u2800", "\u0301\u0302", "\ufe0f", "\u00a0", "\u115f\u1160",
    "\uffa0 \u200d", ""],
)  # fmt: skip
def test_a_name_without_a_visible_character_is_none(name):
    assert "no visible character" in names.find_problem(name)


@pytest.mark.parametrize("name", ["a\u202eb", "\u2066agent", "agent\u2069"])
def test_a_name_that_is_read_in_another_order_than_it_is_written_is_refused(name):
    assert "direction of writing" in names.find_problem(name)


@pytest.mark.parametrize("name", ["a\nb", "a\x00", "\x1b[31m"])
def test_a_name_with_control_characters_is_refused(name):
    assert "control character" in names.find_problem(name)


@pytest.mark.parametrize(
    "name",
    ["Greedy", "greedy", " GREEDY ", "Ｇｒｅｅｄｙ", "Gr\u0435\u0435dy", "Gre\u200bedy", "Gr\u00e9edy", "Greedy.",
    "g-r-e-e-d-y", "𝐆𝐫𝐞𝐞𝐝𝐲",
     "\u039daive", "Na\u00efve", "Randorn", "Rand0m", "Heur1stic", "Heur\u0131stic", "HEURISTIC"],
)  # fmt: skip
def test_a_name_that_reads_like_a_built_in_agents_is_refused(name):
    assert "a built-in agent" in names.find_agent_problem(name)


@pytest.mark.parametrize(
    "name", ["王", "🎲", "می\u200cخواهم", "Greedy 2", "More greedy", "Random forest", "é", "#", "שלום"]
)
def test_other_names_are_fine(name):
    assert names.find_agent_problem(name) == ""


@pytest.mark.django_db
@pytest.mark.parametrize(("suggested", "given"), [("Greedy", "Greedy (trial)"), ("\u3164", "Agent"), ("Mine", "Mine")])
def test_what_a_file_suggests_becomes_such_a_name(suggested, given):
    assert entries.free_name(suggested, "camera", Upload(filename="trial.zip")) == given
