"""Boards by API: as JSON and as files of every format, the newest one and numbered earlier ones."""

import csv
import io
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.http import StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone
from pyarrow import parquet

from tests.portal.conftest import make_up
from tests.portal.test_api import V1, check_error
from tournament import leaderboards, ratings
from tournament.models import Basis, Episode, Pairing, RatingSnapshot, Tournament

BOARDS = ("scenarios/mate-2v4-0", "tournaments/{}")
KINDS = {"ratings": "leaderboard", "payoffs": "meta-game", "episodes": "episodes"}


def read(answer: Any, format: str) -> list[dict[str, Any]]:
    """The rows of a file."""
    assert answer.status_code == 200, answer.content
    content = b"".join(answer.streaming_content)
    if format == "csv":
        return list(csv.DictReader(io.StringIO(content.decode())))
    if format == "parquet":
        return parquet.read_table(io.BytesIO(content)).to_pylist()
    return json.loads(content)["rows"]


@pytest.mark.parametrize("board", BOARDS)
def test_a_leaderboard_comes_as_json_csv_and_parquet(client: Client, played: Tournament, board: str) -> None:
    address = f"{V1}/{board.format(played.pk)}/leaderboard"
    document = client.get(address).json()
    assert [line["agent"]["slug"] for line in document["cameras"]] == ["greedy-camera", "random-camera"]
    for format in ("csv", "parquet"):
        rows = read(client.get(address, {"format": format}), format)
        assert [float(row["rating"]) for row in rows if row["team"] == "camera"] == [
            line["rating"] for line in document["cameras"]
        ]


@pytest.mark.parametrize("board", BOARDS)
def test_a_meta_game_comes_as_json_csv_and_parquet(
    client: Client, played: Tournament, pairing: Pairing, board: str
) -> None:
    address = f"{V1}/{board.format(played.pk)}/meta-game"
    game = json.loads(b"".join(client.get(address)))
    assert game["cells"][0][0]["pairing"] == pairing.pk
    for format in ("csv", "parquet"):
        rows = read(client.get(address, {"format": format}), format)
        assert len(rows) == 4
        assert float(rows[0]["payoff"]) == game["cells"][0][0]["payoff"]
        assert int(rows[0]["episodes"]) == game["cells"][0][0]["count"]


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("format", ["json", "csv", "parquet"])
def test_a_boards_episodes_come_as_a_file(client: Client, played: Tournament, board: str, format: str) -> None:
    answer = client.get(f"{V1}/{board.format(played.pk)}/episodes", {"format": format})
    rows = read(answer, format)
    assert len(rows) == 12
    assert {str(row["seed"]) for row in rows} == set(map(str, Episode.objects.values_list("seed", flat=True)))


def test_a_file_is_called_after_what_is_in_it(client: Client, played: Tournament) -> None:
    engine, code = leaderboards.engine_version(), ratings.VERSION
    for kind, address in KINDS.items():
        answer = client.get(f"{V1}/scenarios/mate-2v4-0/{address}", {"format": "csv"})
        name = f"mate-2v4-0-snapshot-1-engine-{engine}-code-{code}-{kind}.csv"
        assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
        assert answer["Content-Type"] == "text/csv; charset=utf-8"


def test_every_figure_of_a_line_is_told(client: Client, played: Tournament) -> None:
    stored = leaderboards.latest(played.scenario).table
    line = client.get(f"{V1}/scenarios/mate-2v4-0/leaderboard").json()["cameras"][0]
    for name, value in stored["cameras"][0].items():
        assert (line["agent"] | line)[name] == value
    document = client.get(f"{V1}/scenarios/mate-2v4-0/leaderboard").json()
    for name in ("nash", "cyclicity", "influences", "alpha_rank"):
        assert document[name] == stored[name]


def test_numbered_snapshots_stay_as_they_were(client: Client, played: Tournament, pairing: Pairing) -> None:
    board = f"{V1}/scenarios/mate-2v4-0"
    before = client.get(f"{board}/leaderboard").json()
    for seed in range(5):
        make_up(pairing, 2**62 + seed).save()
    leaderboards.refit(played.scenario)
    assert client.get(f"{board}/leaderboard").json()["number"] == 2
    assert client.get(f"{board}/leaderboard", {"snapshot": 1}).json() == before
    for format in ("json", "csv", "parquet"):
        assert len(read(client.get(f"{board}/episodes", {"format": format, "snapshot": 1}), format)) == 12
        assert len(read(client.get(f"{board}/episodes", {"format": format}), format)) == 17
    [second, first] = client.get(f"{board}/snapshots").json()["items"]
    assert (second["number"], second["reason"], second["num_episodes"]) == (2, "5 new episodes", 17)
    assert (first["number"], first["reason"]) == (1, "The first fit, to 12 episodes")
    assert client.get(f"{V1}/tournaments/{played.pk}/snapshots").json()["count"] == 1


def test_an_agents_history_is_its_line_on_every_snapshot(client: Client, played: Tournament, pairing: Pairing) -> None:
    for seed in range(5):
        make_up(pairing, 2**62 + seed).save()
    leaderboards.refit(played.scenario)
    points = client.get(f"{V1}/scenarios/mate-2v4-0/history/random-camera").json()
    assert [(point["number"], point["num_episodes"]) for point in points] == [(1, 12), (2, 17)]
    [newest] = [
        line
        for line in client.get(f"{V1}/scenarios/mate-2v4-0/leaderboard").json()["cameras"]
        if line["agent"]["slug"] == "random-camera"
    ]
    assert points[1]["rating"] == newest["rating"] and points[1]["reason"] == "5 new episodes"
    check_error(client.get(f"{V1}/scenarios/mate-2v4-0/history/nobody"), 404, "not_found")


def test_episodes_that_are_deleted_meanwhile_are_missed_not_replaced(
    client: Client, played: Tournament, pairing: Pairing
) -> None:
    Episode.objects.filter(pairing=pairing).delete()
    make_up(pairing, 5).save()
    assert len(read(client.get(f"{V1}/scenarios/mate-2v4-0/episodes"), "json")) == 9


def test_what_is_not_rated_yet_is_told(client: Client, tournament: Tournament) -> None:
    for address in KINDS.values():
        check_error(client.get(f"{V1}/scenarios/mate-2v4-0/{address}"), 404, "not_rated_yet")
        check_error(client.get(f"{V1}/tournaments/{tournament.pk}/{address}?format=csv"), 404, "not_rated_yet")


def test_a_number_that_was_never_published_is_told(client: Client, played: Tournament) -> None:
    error = check_error(client.get(f"{V1}/scenarios/mate-2v4-0/leaderboard", {"snapshot": 7}), 404, "not_found")
    assert error["where"] == "snapshot" and "its newest is 1" in error["message"]


def test_a_snapshot_from_before_episodes_were_noted_says_so(client: Client, played: Tournament) -> None:
    Basis.objects.all().delete()
    error = check_error(client.get(f"{V1}/scenarios/mate-2v4-0/episodes", {"format": "parquet"}), 409, "refused")
    assert "newer snapshot" in error["message"]


def test_a_snapshot_of_an_earlier_version_is_still_read(client: Client, played: Tournament) -> None:
    """Version 1 had fewer figures."""
    snapshot = RatingSnapshot.objects.get(tournament=None)
    known = ("digest", "team", "num_episodes", "num_opponents", "is_provisional", "rating", "lower", "upper", "rank")
    for team in ("cameras", "targets"):
        snapshot.table[team] = [{name: line[name] for name in known} for line in snapshot.table[team]]
    for name in ("cyclicity", "influences"):
        snapshot.table.pop(name, None)
    snapshot.code, snapshot.reason = "1", ""
    snapshot.save()
    document = client.get(f"{V1}/scenarios/mate-2v4-0/leaderboard").json()
    assert document["cameras"][0]["margin"] is None and document["influences"] == []
    assert read(client.get(f"{V1}/scenarios/mate-2v4-0/leaderboard", {"format": "csv"}), "csv")[0]["margin"] == ""


def test_a_token_opens_them_as_well(call: Callable[..., Client], bob: User, played: Tournament) -> None:
    assert len(read(call(bob).get(f"{V1}/scenarios/mate-2v4-0/episodes", {"format": "csv"}), "csv")) == 12


@pytest.mark.django_db(transaction=True)
def test_a_server_of_many_at_once_streams_piece_by_piece(played: Tournament) -> None:
    async def fetch() -> list[bytes]:
        answer = await AsyncClient().get(f"{V1}/scenarios/mate-2v4-0/episodes?format=csv")
        assert isinstance(answer, StreamingHttpResponse) and answer.is_async
        return [piece async for piece in answer]

    with ThreadPoolExecutor(1) as thread:  # Playwright has an event loop in this thread.
        pieces = thread.submit(async_to_sync(fetch)).result()
    assert len(b"".join(pieces).splitlines()) == 13


# The pages that lead to them


def test_a_boards_page_leads_to_files_of_the_very_snapshot_that_it_shows(client: Client, played: Tournament) -> None:
    pages = {
        reverse("leaderboard", args=["mate-2v4-0"]): "/scenarios/mate-2v4-0",
        reverse("snapshot", args=["mate-2v4-0", 1]): "/scenarios/mate-2v4-0",
        reverse("tournament", args=[played.pk]): f"/tournaments/{played.pk}",
    }
    for page, board in pages.items():
        addresses = re.findall(r'href="(/api/v1/[^"]*snapshot=1[^"]*)"', client.get(page).content.decode())
        assert len(addresses) == 9 and all(board in address for address in addresses)
        for address in addresses:
            assert client.get(address.replace("&amp;", "&")).status_code == 200


def test_a_pairings_page_leads_to_its_episodes(client: Client, pairing: Pairing) -> None:
    text = client.get(reverse("pairing", args=[pairing.pk])).content.decode()
    for format in ("csv", "parquet"):
        address = f"{reverse('api:episodes', args=[pairing.pk])}?format={format}"
        assert f'href="{address}"' in text
        assert len(read(client.get(address), format)) == 3


def test_a_small_board_says_where_better_answers_lead(client: Client, played: Tournament) -> None:
    answer = client.get(reverse("leaderboard", args=["mate-2v4-0"]))
    [camera, target] = answer.context["evolution"]["sides"]
    assert sum(mass for _, mass in camera["rows"]) > 0.9 and sum(mass for _, mass in target["rows"]) > 0.9
    assert "α-Rank (evolutionary ranking)" in answer.content.decode()
    snapshot = RatingSnapshot.objects.get(tournament=None)
    snapshot.table.pop("alpha_rank")
    snapshot.created = timezone.now()  # Published tables never change, so the moment is another.
    snapshot.save()
    assert client.get(reverse("leaderboard", args=["mate-2v4-0"])).context["evolution"] is None
