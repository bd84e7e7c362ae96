"""Formats on tournaments' pages: their choice, their findings, and the log of their decisions."""

import csv
import io
import json
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from mate.agents.batched import BUILTIN_NAMES
from portal.drawing import findings
from tests.portal.conftest import make_up
from tests.portal.markup import flatten
from tournament import formats, organising
from tournament.models import Agent, Block, BlockState, Choice, Episode, Scenario, Tournament

Visit = Callable[..., Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def start(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> Callable[..., tuple[Any, Tournament | None]]:
    """Send alice's form of a new tournament; returns the answer and the tournament, if one was made."""

    def start(**changes: Any) -> tuple[Any, Tournament | None]:
        cameras, targets = (
            [agents[f"{name}-{team}"].pk for name in ("greedy", "random")] for team in ("camera", "target")
        )
        values = {"scenario": "mate-2v4-0", "name": "", "base_seed": 0, "cameras": cameras, "targets": targets}
        answer = visit(alice).post(reverse("tournament_create"), values | changes)
        return answer, Tournament.objects.order_by("-pk").first()

    return start


def head_to_head(agents: dict[str, Agent], **changes: Any) -> dict[str, Any]:
    return {
        "format": "sequential", "team": "camera", "first": agents["greedy-camera"].pk,
        "second": agents["random-camera"].pk, "lower": 0, "upper": 50, "error": 5, "most": 200, "round_size": 16,
        **changes,
    }  # fmt: skip


def play_round(tournament: Tournament) -> None:
    for block in tournament.blocks.filter(state=BlockState.WAITING).select_related(
        "pairing__camera", "pairing__target"
    ):
        Episode.objects.bulk_create((make_up(block.pairing, seed) for seed in block.seeds), ignore_conflicts=True)
        Block.objects.filter(pk=block.pk).update(state=BlockState.DONE, num_played=block.num_episodes, seconds=1.0)


def play_out(tournament: Tournament) -> None:
    while not organising.finish_if_complete(tournament):
        play_round(tournament)


def test_every_format_is_offered_with_a_sentence_and_its_settings(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    for name, info in formats.FORMATS.items():
        part = flatten(visit(alice).get(reverse("tournament_create"), {"format": name}, headers=HTMX).content.decode())
        part = unescape(part)
        assert all(other.purpose in part and other.explanation in part for other in formats.FORMATS.values())
        assert f'value="{name}" checked' in part
        for setting in info.settings:
            assert f'name="{setting.name}"' in part and setting.title in part
        assert "errorlist" not in part


def test_what_was_filled_in_stays_when_another_format_is_chosen(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    wishes = {"format": "ranking", "name": "Cup", "cameras": [agents["naive-camera"].pk], "resolution": "0.07"}
    part = flatten(visit(alice).get(reverse("tournament_create"), wishes, headers=HTMX).content.decode())
    assert 'value="Cup"' in part and 'value="0.07"' in part
    assert f'value="{agents["naive-camera"].pk}" checked' in part
    assert f'value="{agents["greedy-camera"].pk}" checked' not in part


def test_an_open_format_tells_what_it_can_cost_at_most(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    part = flatten(
        visit(alice).get(reverse("tournament_create"), {"format": "nash", "most": 7}, headers=HTMX).content.decode()
    )
    pairings = len(BUILTIN_NAMES) ** 2
    assert f"<dt>Pairings</dt><dd>{pairings}</dd>" in part and f"<strong>{7 * pairings} episodes</strong>" in part


def test_a_head_to_head_test_picks_two_agents_and_their_opponents(
    start: Callable[..., Any], agents: dict[str, Agent]
) -> None:
    _, tournament = start(**head_to_head(agents, cameras=[]))
    assert tournament.name == "Is Greedy better than Random?"
    assert list(tournament.cameras.through.objects.order_by("pk").values_list("agent__slug", flat=True)) == [
        "greedy-camera",
        "random-camera",
    ]
    assert tournament.targets.count() == 2
    assert tournament.settings["upper"] == 50


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"second": ""}, "Choose the second agent"),
        ({"targets": []}, "Choose at least one opponent"),
        ({"targets": []}, '<a href="#id_targets">Opponents</a>'),
        ({"upper": -10}, "The lower bound (0) must be below the upper bound (−10)"),
        ({"error": 90}, "less than or equal to 20"),
        ({"format": "knockout"}, "knockout is not one of the available choices"),
    ],
)
def test_what_makes_no_test_is_refused(
    start: Callable[..., Any], agents: dict[str, Agent], change: dict[str, Any], reason: str
) -> None:
    answer, tournament = start(**head_to_head(agents, **change))
    assert (answer.status_code, tournament) == (400, None)
    assert reason in answer.content.decode()


def test_nobody_is_tested_against_itself(start: Callable[..., Any], agents: dict[str, Agent]) -> None:
    answer, tournament = start(**head_to_head(agents, second=agents["greedy-camera"].pk))
    assert tournament is None and b"Choose two different agents" in answer.content


def test_a_head_to_head_test_is_followed_to_its_verdict(
    client: Client, start: Callable[..., Any], agents: dict[str, Agent]
) -> None:
    _, tournament = start(**head_to_head(agents))
    address = reverse("tournament", args=[tournament.pk])
    play_round(tournament)
    organising.finish_if_complete(tournament)
    play_out(tournament)
    text = client.get(address).content.decode()
    assert "The first agent is better than the second" in text and '<span class="badge good">better</span>' in text
    assert 'class="trace"' in text and "above: the first is better" in text
    assert "Normalised Elo of the first over the second" in text
    assert '<a href="/agents/greedy-camera/">Greedy</a> is <strong>better</strong> than' in text


def test_the_finding_is_among_what_changes_while_it_is_played(
    client: Client, start: Callable[..., Any], agents: dict[str, Agent]
) -> None:
    _, tournament = start(**head_to_head(agents, lower=-1, upper=1))
    play_round(tournament)
    organising.finish_if_complete(tournament)
    part = client.get(reverse("tournament", args=[tournament.pk]), headers=HTMX).content.decode()
    assert 'id="finding"' in part and 'hx-select-oob="#grid,#failures,#finding"' in part
    assert "<html" not in part
    assert "of about" in part and "episodes, round 2" in part


def test_nothing_is_drawn_before_the_first_episode(start: Callable[..., Any], agents: dict[str, Agent]) -> None:
    _, tournament = start(format="ranking", team="both", resolution=0.01, confidence=99, most=100, round_size=16)
    assert tournament.finding["trace"][-1]["episodes"] == 0
    assert findings.show_finding(tournament).picture is None
    play_round(tournament)
    organising.finish_if_complete(tournament)
    tournament.refresh_from_db()
    assert findings.show_finding(tournament).picture is not None


def test_a_trace_lies_within_its_picture(start: Callable[..., Any], agents: dict[str, Agent]) -> None:
    _, tournament = start(**head_to_head(agents))
    play_out(tournament)
    picture = findings.show_finding(tournament).picture
    places = [float(value) for curve in picture.curves for place in curve.points.split() for value in place.split(",")]
    assert min(places) >= 0 and max(places) <= 100
    assert [level.title for level in picture.levels] == ["above: the first is better", "below: it is not better"]
    assert picture.levels[0].height < picture.levels[1].height
    assert len(picture.rows) == len(tournament.finding["trace"])


def test_a_ranking_names_the_neighbours_whose_order_is_open(
    client: Client, start: Callable[..., Any], agents: dict[str, Agent]
) -> None:
    settings = {
        "format": "ranking",
        "team": "both",
        "resolution": 0.001,
        "confidence": 99,
        "most": 10,
        "round_size": 16,
    }
    cameras = [agents[f"{name}-camera"].pk for name in ("greedy", "random")]
    _, tournament = start(**settings, cameras=cameras)
    play_out(tournament)
    shown = findings.show_finding(tournament)
    assert [team for team, _ in shown.rankings] == ["camera", "target"]
    text = client.get(reverse("tournament", args=[tournament.pk])).content.decode()
    expected = "Neighbours whose order is open" if shown.unresolved else "The order of all neighbours is known"
    assert expected in text and "Order of the cameras" in text


def test_a_nash_tournament_shows_the_bound_and_both_strategies(
    client: Client, start: Callable[..., Any], agents: dict[str, Agent]
) -> None:
    _, tournament = start(format="nash", epsilon=0.2, confidence=95, most=60, round_size=32)
    play_out(tournament)
    text = client.get(reverse("tournament", args=[tournament.pk])).content.decode()
    assert "NashConv within these fields, at most" in text
    assert "Equilibrium strategy of the cameras" in text and "Equilibrium strategy of the targets" in text


@pytest.mark.parametrize(
    "chosen",
    [
        {"format": "placement", "team": "camera", "width": 0.2, "most": 30, "round_size": 16},
        {"format": "budget", "episodes": 60, "round_size": 20},
    ],
)
def test_other_formats_show_their_figures_too(
    client: Client, start: Callable[..., Any], chosen: dict[str, Any]
) -> None:
    _, tournament = start(**chosen)
    play_out(tournament)
    text = client.get(reverse("tournament", args=[tournament.pk])).content.decode()
    assert tournament.finding["headline"] in unescape(text) and 'class="trace"' in text


def test_a_round_robin_shows_its_boards_and_no_finding(client: Client, played: Tournament) -> None:
    assert findings.show_finding(played) is None
    assert 'class="trace"' not in client.get(reverse("tournament", args=[played.pk])).content.decode()


# The log


def test_every_choice_is_told_with_its_reason_and_its_probability(
    client: Client, start: Callable[..., Any], agents: dict[str, Agent]
) -> None:
    _, tournament = start(**head_to_head(agents))
    play_out(tournament)
    text = client.get(reverse("choices", args=[tournament.pk])).content.decode()
    assert "Both agents play the same opponents from the same seeds" in text
    assert "every second number, keyed by the target" in text
    assert "Greedy vs Random" in " ".join(text.split())


def test_the_log_comes_by_pages(client: Client, tournament: Tournament) -> None:
    pairing = tournament.pairings.first()
    Choice.objects.bulk_create(
        Choice(tournament=tournament, round=number + 2, pairing=pairing, first=number, count=1) for number in range(150)
    )
    page = client.get(reverse("choices", args=[tournament.pk]), {"page": 2}).context["page"]
    assert (len(page.object_list), page.paginator.count) == (54, 154)


def test_the_log_is_exported(client: Client, start: Callable[..., Any], agents: dict[str, Agent]) -> None:
    _, tournament = start(**head_to_head(agents))
    answer = client.get(reverse("api:choices", args=[tournament.pk]), {"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode())))
    assert len(rows) == tournament.choices.count()
    first = tournament.choices.select_related("pairing__camera").first()
    assert (rows[0]["camera"], rows[0]["count"], rows[0]["reason"]) == (
        first.pairing.camera.digest,
        str(first.count),
        first.reason,
    )


# By the API


def test_a_program_reads_the_formats(client: Client) -> None:
    found = {entry["name"]: entry for entry in client.get("/api/v1/formats").json()}
    assert list(found) == list(formats.FORMATS)
    settings = {setting["name"]: setting for setting in found["nash"]["settings"]}
    assert settings["epsilon"]["default"] == 0.02 and settings["epsilon"]["lowest"] == 0.001


def test_a_program_starts_and_follows_a_test(
    call: Callable[..., Client], alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    body = {
        "scenario": "mate-2v4-0", "format": "sequential", "settings": {"round_size": 16, "most": 200},
        "cameras": ["greedy-camera", "random-camera"], "targets": ["greedy-target"],
    }  # fmt: skip
    program = call(alice)
    made = program.post("/api/v1/tournaments", json.dumps(body), content_type="application/json")
    assert made.status_code == 201
    tournament = Tournament.objects.get()
    play_out(tournament)
    told = program.get(f"/api/v1/tournaments/{tournament.pk}").json()
    assert told["finding"]["details"]["verdict"] == "better"
    assert (told["format"], told["round"], told["episodes_per_pairing"]) == ("sequential", tournament.round, 0)
    assert told["progress"]["chosen"] == told["progress"]["total"] == tournament.num_episodes
    log = program.get(f"/api/v1/tournaments/{tournament.pk}/choices", {"limit": 1}).json()
    assert log["count"] == tournament.choices.count()
    assert log["items"][0]["camera"] == "greedy-camera" and log["items"][0]["probability"] == 1.0
