"""The notebook that recomputes a board, run cell by cell on a real export."""

import json
from pathlib import Path

import pytest

from tournament import exports, leaderboards, tables

pytestmark = pytest.mark.django_db
NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebooks" / "leaderboard.ipynb"


def cells(kind):
    document = json.loads(NOTEBOOK.read_text())
    assert document["nbformat"] == 4
    return ["".join(cell["source"]) for cell in document["cells"] if cell["cell_type"] == kind]


def run():
    """Run the notebook in this process; returns what its cells have defined."""
    names = {"__name__": "__main__"}
    for number, source in enumerate(cells("code")):
        exec(compile(source, f"{NOTEBOOK.name}, code cell {number}", "exec"), names)
    return names


@pytest.fixture
def export(make_tournament, pretend_to_play, tmp_path, monkeypatch):
    """The files of a scenario's newest snapshot, where the notebook looks for them."""
    pretend_to_play(make_tournament("greedy random naive", "greedy heuristic", episodes=30))
    pretend_to_play(make_tournament("heuristic", "greedy random", episodes=1))
    tournament = make_tournament()
    snapshot = leaderboards.refit(tournament.scenario)
    for name, make in exports.TABLES.items():
        path = tmp_path / exports.filename(snapshot, name, "parquet")
        path.write_bytes(b"".join(tables.write(make(snapshot), "parquet")))
    monkeypatch.setenv("ARENA_EXPORT", str(tmp_path))
    return snapshot


def test_the_notebook_finds_every_published_figure_again(export, capsys):
    names = run()
    assert names["differences"] == []
    assert len(names["lines"]) == len(export.table["cameras"]) + len(export.table["targets"]) == 7
    assert "greedy-camera" in capsys.readouterr().out


def test_the_notebook_notices_a_figure_that_is_not_the_published_one(export, tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    [path] = tmp_path.glob("*-ratings.parquet")
    table = parquet.read_table(path)
    ratings = table["rating"].to_pylist()
    ratings[1] = ratings[1] * (1 + 1e-15) if ratings[1] else 1.0
    place = table.schema.get_field_index("rating")
    parquet.write_table(table.set_column(place, table.schema.field("rating"), pa.array(ratings)), path)
    with pytest.raises(AssertionError, match="rating"):
        run()


def test_the_notebook_says_how_to_get_its_files_and_keeps_no_output():
    assert "format=parquet" in cells("markdown")[0]
    document = json.loads(NOTEBOOK.read_text())
    assert all(not cell["outputs"] for cell in document["cells"] if cell["cell_type"] == "code")
