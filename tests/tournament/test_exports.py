"""What leaves the portal as tables."""

import csv
import io
import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from tests.tournament.conftest import invent_episode
from tournament import exports, leaderboards, tables
from tournament.models import Basis, Episode
from tournament.ratings import AgentRating, Ratings, rate

pytestmark = pytest.mark.django_db


@pytest.fixture
def played(make_tournament, pretend_to_play):
    """A tournament of which all is played, in a scenario in which more was played."""
    tournament = make_tournament("greedy random", "greedy naive", episodes=6)
    pretend_to_play(tournament)
    pretend_to_play(make_tournament("greedy random", "greedy", episodes=9, base_seed=3))
    return tournament


def read_csv(table):
    return list(csv.DictReader(io.StringIO(b"".join(tables.write(table, "csv")).decode())))


def read_parquet(table):
    return parquet.read_table(io.BytesIO(b"".join(tables.write(table, "parquet"))))


def read_json(table):
    return json.loads(b"".join(tables.write(table, "json")))


def test_a_tournaments_table_has_its_episodes_in_a_fixed_order(played):
    rows = read_csv(exports.episodes_of_tournament(played))
    assert len(rows) == 24
    keys = [(row["camera"], row["target"], int(row["seed"])) for row in rows]
    assert keys == sorted(keys)
    assert "id" not in rows[0]


def test_a_snapshots_episodes_are_those_that_it_was_fitted_to(played):
    for snapshot, count in (leaderboards.refit_tournament(played), 24), (leaderboards.refit(played.scenario), 42):
        Episode.objects.bulk_create([invent_episode(played.pairings.first(), 1000 + snapshot.pk)])
        assert len(read_csv(exports.episodes_of_snapshot(snapshot))) == count


def test_a_snapshot_that_does_not_know_its_episodes_says_so(played):
    snapshot = leaderboards.refit(played.scenario)
    Basis.objects.all().delete()
    with pytest.raises(exports.ExportRefused, match="export a newer snapshot"):
        exports.episodes_of_snapshot(snapshot)


@pytest.mark.parametrize("read", [read_csv, lambda table: read_parquet(table).to_pylist()])
def test_numbers_keep_all_their_digits(played, read):
    for row in read(exports.episodes_of_pairing(played.pairings.first())):
        episode = Episode.objects.get(seed=row["seed"], pairing=played.pairings.first())
        for name in ("normalised_reward", "target_reward", "coverage"):
            assert float(row[name]) == getattr(episode, name)
        assert int(row["completed"]) == episode.completed


def test_episodes_from_before_messages_were_counted_say_nothing_about_them(played):
    pairing = played.pairings.first()
    Episode.objects.filter(pk=pairing.episodes.first().pk).update(camera_edges_sent="3 0", target_edges_received="1 2")
    for rows, nothing in (
        (read_csv(exports.episodes_of_pairing(pairing)), ""),
        (read_parquet(exports.episodes_of_pairing(pairing)).to_pylist(), None),
        (read_json(exports.episodes_of_pairing(pairing))["rows"], None),
    ):
        assert sorted({row["camera_edges_sent"] for row in rows}, key=str) == sorted(["3 0", nothing], key=str)
        assert {row["camera_edges_received"] for row in rows} == {nothing}


def test_every_form_has_the_same_rows(played):
    snapshot = leaderboards.refit(played.scenario)
    for name, make in exports.TABLES.items():
        from_parquet = read_parquet(make(snapshot)).to_pylist()
        document = read_json(make(snapshot))
        assert document["table"] == name and len(document["rows"]) > 0
        seeds = [column["name"] for column in document["columns"] if column["kind"] == "seed"]
        assert document["rows"] == [row | {key: str(row[key]) for key in seeds} for row in from_parquet]
        as_text = [{key: plain(value) for key, value in row.items()} for row in from_parquet]
        assert [{key: plain(value) for key, value in row.items()} for row in read_csv(make(snapshot))] == as_text


def plain(value):
    """A value as text, numbers by what they are worth."""
    try:
        return str(float(value))
    except (TypeError, ValueError):
        return value or ""


def test_the_payoffs_are_exported_cell_by_cell(make_tournament, pretend_to_play):
    tournament = make_tournament("greedy random", "greedy", episodes=3)
    pretend_to_play(tournament, 1)
    game = leaderboards.meta_game_of_tournament(tournament)
    rows = read_csv(exports.payoffs_of_snapshot(leaderboards.refit_tournament(tournament)))
    assert [row["episodes"] for row in rows] == ["3"]
    assert float(rows[0]["payoff"]) in game.payoff
    assert float(rows[0]["error"]) in game.error


def test_the_ratings_have_every_figure_of_a_line(played):
    snapshot = leaderboards.refit(played.scenario)
    names = {column.name for column in exports.RATINGS}
    assert {field.name for field in fields(AgentRating)} <= names
    stored = Ratings.from_json(snapshot.table)
    for row in read_parquet(exports.ratings_of_snapshot(snapshot)).to_pylist():
        line = stored.of(row["digest"])
        assert all(row[field.name] == getattr(line, field.name) for field in fields(AgentRating))


def test_files_name_the_versions_and_the_scenario_that_they_are_of(played):
    snapshot = leaderboards.refit(played.scenario)
    for make in exports.TABLES.values():
        facts = tables.read_facts(io.BytesIO(b"".join(tables.write(make(snapshot), "parquet"))))
        assert facts["scenario_digest"] == played.scenario.digest
        assert (facts["engine"], facts["code"], facts["snapshot"]) == (snapshot.engine, snapshot.code, 1)
        assert read_json(make(snapshot))["facts"]["reason"] == snapshot.reason
    name = exports.filename(snapshot, "ratings", "csv")
    assert name == f"mate-2v4-0-snapshot-1-engine-{snapshot.engine}-code-{snapshot.code}-ratings.csv"


def test_columns_say_their_unit_and_meaning_in_the_file(played):
    schema = read_parquet(exports.episodes_of_tournament(played)).schema
    assert schema.field("steps").metadata == {b"unit": b"environment steps", b"meaning": b"length of the episode"}
    for column in (*exports.EPISODES, *exports.PAYOFFS, *exports.RATINGS):
        assert column.meaning


def test_the_document_describes_every_column_as_the_files_do():
    text = (Path(__file__).resolve().parents[2] / "docs" / "exports.md").read_text()
    for heading, columns in ("Episodes", exports.EPISODES), ("Payoffs", exports.PAYOFFS), ("Ratings", exports.RATINGS):
        section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
        assert rows == [
            [f"`{column.name}`", column.kind, column.unit or "–", column.meaning.strip()] for column in columns
        ]


@pytest.mark.parametrize("of", ["scenario", "tournament"])
def test_the_board_comes_back_from_the_parquet_file_to_the_last_digit(played, tmp_path, of):
    snapshot = leaderboards.refit(played.scenario) if of == "scenario" else leaderboards.refit_tournament(played)
    path = tmp_path / "episodes.parquet"
    path.write_bytes(b"".join(tables.write(exports.episodes_of_snapshot(snapshot), "parquet")))
    game = tables.read_meta_game(path)
    assert game.to_json() == snapshot.table["meta_game"]
    assert rate(game).to_json() | {"meta_game": 0} == Ratings.from_json(snapshot.table).to_json() | {"meta_game": 0}


def test_agents_that_have_not_played_are_in_the_board_that_comes_back(make_tournament, pretend_to_play):
    tournament = make_tournament("greedy random", "greedy naive", episodes=3)
    pretend_to_play(tournament, 2)
    snapshot = leaderboards.refit_tournament(tournament)
    game = tables.read_meta_game(io.BytesIO(b"".join(tables.write(exports.episodes_of_snapshot(snapshot), "parquet"))))
    assert game.to_json() == snapshot.table["meta_game"]
    assert game.count.shape == (2, 2)


def test_tables_of_many_chunks_are_whole(played, monkeypatch):
    at_once = read_parquet(exports.episodes_of_tournament(played))
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 7)
    table = exports.episodes_of_tournament(played)
    pieces = list(tables.write(table, "parquet"))
    assert len(pieces) > 4
    assert parquet.read_table(io.BytesIO(b"".join(pieces))).equals(at_once)
    assert len(read_csv(exports.episodes_of_tournament(played))) == 24
    assert len(read_json(exports.episodes_of_tournament(played))["rows"]) == 24


def test_a_table_without_rows_is_a_file_all_the_same(make_tournament):
    tournament = make_tournament()
    assert read_csv(exports.episodes_of_tournament(tournament)) == []
    assert read_parquet(exports.episodes_of_tournament(tournament)).num_rows == 0
    assert read_json(exports.episodes_of_tournament(tournament))["rows"] == []


def test_seeds_of_63_bits_survive(make_tournament):
    tournament = make_tournament()
    pairing = tournament.pairings.get()
    Episode.objects.bulk_create([invent_episode(pairing, 2**63 - 1)])
    assert read_parquet(exports.episodes_of_pairing(pairing))["seed"].to_pylist() == [2**63 - 1]
    assert read_json(exports.episodes_of_pairing(pairing))["rows"][0]["seed"] == str(2**63 - 1)
    assert np.int64(read_csv(exports.episodes_of_pairing(pairing))[0]["seed"]) == 2**63 - 1
