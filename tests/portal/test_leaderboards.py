"""Leaderboards: columns, sorting, remarks and numbered snapshots."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.listing import columns
from tests.portal.conftest import make_up
from tournament import boards, leaderboards
from tournament.boards import BoardLine
from tournament.models import Agent, Pairing, RatingSnapshot, Scenario, Tournament
from tournament.ratings import AgentRating, Cyclicity, Influence, NashSummary, Ratings

BOARD = reverse("leaderboard", args=["mate-2v4-0"])


@pytest.fixture
def snapshot(played: Tournament) -> RatingSnapshot:
    return RatingSnapshot.objects.get(scenario=played.scenario, tournament=None)


def publish(snapshot: RatingSnapshot, **changes: object) -> None:
    """Publish other ratings in place of a snapshot's. Published ratings never change, so the moment is another."""
    snapshot.table, snapshot.created = snapshot.table | changes, timezone.now()
    snapshot.save()


def rating(digest: str, **figures: object) -> AgentRating:
    return AgentRating(digest, "camera", 100, 2, False, **figures)  # type: ignore[arg-type]


def sorted_by(sort: str, *ratings: AgentRating) -> list[str]:
    lines = tuple(BoardLine(Agent(name=one.digest, slug=one.digest), one) for one in ratings)
    return [line.agent.slug for line in columns.sort_lines(lines, sort)]


def test_few_columns_are_shown_and_all_on_demand(client: Client, played: Tournament) -> None:
    text = client.get(BOARD).content.decode()
    assert "Deviation" not in text and "More figures" in text
    text = client.get(BOARD, {"figures": "all"}).content.decode()
    assert "Deviation" in text and "Nash skill" in text and "Fewer figures" in text


def test_every_column_that_can_be_sorted_links_to_its_order_and_its_explanation(
    client: Client, played: Tournament
) -> None:
    text = client.get(BOARD, {"figures": "all"}).content.decode()
    help_page = client.get(reverse("about")).content.decode()
    for column in columns.COLUMNS:
        if column.is_sortable:
            assert f"?figures=all&amp;sort={column.name}#boards" in text
        assert f'id="{column.help}"' in help_page, column.help


def test_an_order_asked_for_is_kept_for_both_teams(client: Client, played: Tournament) -> None:
    for team in ("camera", "target"):
        answer = client.get(BOARD, {"sort": "agent", "team": team})
        agents = [row["line"].agent for row in answer.context["side"]["rows"]]
        assert {agent.team for agent in agents} == {team}
        assert [agent.name for agent in agents] == sorted(agent.name for agent in agents)
        assert 'aria-sort="ascending"' in answer.content.decode()


def test_a_long_board_is_shown_by_pages(client: Client, played: Tournament, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.views.leaderboards.LINES", 1)
    first, second = (client.get(BOARD, {"page": page}) for page in (1, 2))
    names = [[row["line"].agent.name for row in answer.context["side"]["rows"]] for answer in (first, second)]
    assert names == [["Greedy"], ["Random"]]
    assert "1–1 of 2" in first.content.decode() and 'href="?page=2#boards"' in first.content.decode()


def test_an_agent_is_found_on_a_board_by_a_part_of_its_name(client: Client, played: Tournament) -> None:
    answer = client.get(BOARD, {"search": "RAND"})
    assert [row["line"].agent.name for row in answer.context["side"]["rows"]] == ["Random"]
    assert [row["rating"].rank for row in answer.context["side"]["rows"]] == [2]
    assert "No agent on this board is called “nobody”." in client.get(BOARD, {"search": "nobody"}).content.decode()


def test_a_row_opens_the_hardest_opponents_with_their_replays(client: Client, played: Tournament) -> None:
    pairing = played.pairings.get(camera__slug="greedy-camera", target__slug="greedy-target")
    text = client.get(reverse("board_row", args=["mate-2v4-0", "greedy-camera"])).content.decode()
    assert text.index("Greedy") < text.index("Random")
    assert reverse("pairing", args=[pairing.pk]) in text
    best, worst = pairing.episodes.order_by("normalised_reward")[0], pairing.episodes.order_by("-normalised_reward")[0]
    assert reverse("replay", args=[best.pk]) in text and reverse("replay", args=[worst.pk]) in text
    assert client.get(reverse("board_row", args=["mate-2v4-0", "naive-camera"])).status_code == 404


@pytest.mark.parametrize("figures", ["", "all"])
def test_names_on_a_board_are_escaped(client: Client, played: Tournament, figures: str) -> None:
    played.cameras.update(name='<i>Owl</i> "1"')
    played.targets.update(name="<i>A very long name of a target that is cut in its middle</i>")
    for team in ("camera", "target"):
        text = client.get(BOARD, {"team": team, "figures": figures}).content.decode()
        assert "<i>" not in text and 'Owl</i> "1"' not in text
        assert "&lt;i&gt;" in text


def test_the_table_of_a_snapshot_is_read_once(
    client: Client, played: Tournament, django_assert_num_queries: Callable[..., Any]
) -> None:
    latest = boards.latest_board(played.scenario)
    with django_assert_num_queries(2) as asked:  # The snapshot and its agents.
        again = boards.latest_board(played.scenario)
    assert not any('"table"' in query["sql"] for query in asked.captured_queries)
    assert latest is not None and again is not None
    assert latest.cameras == again.cameras and latest.meta_game == again.meta_game


def test_a_board_is_cited_by_its_number(client: Client, played: Tournament) -> None:
    text = client.get(BOARD).content.decode()
    assert "title = {{MATE Arena}: ratings of MATE-2v4-0, snapshot 1}" in text
    assert f"url = {{http://testserver{reverse('snapshot', args=['mate-2v4-0', 1])}}}" in text


def test_agents_that_moved_in_a_day_say_so(client: Client, played: Tournament, pairing: Pairing) -> None:
    board = boards.latest_board(played.scenario)
    assert board is not None
    table = board.snapshot.table
    for line in table["cameras"]:
        line["rank"] = {1: 2, 2: 1}[line["rank"]]
    day = timedelta(days=2)
    RatingSnapshot.objects.filter(pk=board.snapshot.pk).update(table=table, created=board.snapshot.created - day)
    make_up(pairing, 99).save()
    leaderboards.refit(played.scenario)
    text = client.get(BOARD).content.decode()
    assert "1 place up since yesterday" in text and "1 place down since yesterday" in text


def test_an_unknown_order_is_that_of_the_rank(client: Client, played: Tournament) -> None:
    answer = client.get(BOARD, {"sort": "<luck>", "order": "<luck>"})
    assert answer.context["sort"] == "rank" and answer.context["order"] == "rating"
    assert "<luck>" not in answer.content.decode()


def test_lines_without_a_figure_come_last() -> None:
    ratings = (rating("none"), rating("low", margin=900.0), rating("high", margin=1100.0))
    assert sorted_by("margin", *ratings) == ["high", "low", "none"]


def test_agents_of_the_equilibrium_come_first_by_their_share_and_others_by_their_skill() -> None:
    ratings = (
        rating("far", nash_mass=0.0, nash_skill=-0.2),
        rating("some", nash_mass=0.3, nash_skill=1e-12),
        rating("near", nash_mass=0.0, nash_skill=-0.01),
        rating("most", nash_mass=0.7, nash_skill=-1e-12),
    )
    assert sorted_by("nash", *ratings) == ["most", "some", "near", "far"]


def test_a_rank_leads_to_why_it_is_so(client: Client, played: Tournament) -> None:
    text = client.get(BOARD).content.decode()
    compare = reverse("compare", args=["mate-2v4-0"])
    assert f"{compare}?first=greedy-camera&amp;second=random-camera" in text  # the first with the second
    assert f"{compare}?first=random-camera&amp;second=greedy-camera" in text  # others with the one above


def test_it_says_when_elo_misleads_and_which_order_to_trust(client: Client, snapshot: RatingSnapshot) -> None:
    publish(snapshot, cyclicity=asdict(Cyclicity(0.31, (0.25, 0.38), True, "nash")))
    text = " ".join(client.get(BOARD).content.decode().split())
    assert "Elo misleads here" in text and "31.0 % (25.0 % to 38.0 %)" in text
    assert 'href="?sort=nash#boards">Nash</a> instead' in text


def test_it_says_when_elo_can_be_trusted(client: Client, snapshot: RatingSnapshot) -> None:
    publish(snapshot, cyclicity=asdict(Cyclicity(0.02, None, False, "elo")))
    text = client.get(BOARD).content.decode()
    assert "Elo misleads" not in text and "cyclicity 2.0 %" in text


def test_it_names_agents_on_whom_the_first_rank_rests(
    client: Client, snapshot: RatingSnapshot, agents: dict[str, Agent]
) -> None:
    digest = {slug: agent.digest for slug, agent in agents.items()}
    influence = Influence("camera", digest["random-target"], digest["greedy-camera"], digest["random-camera"])
    publish(snapshot, influences=[asdict(influence)])
    sentence = "Without Random (target), Random would be first instead of Greedy."
    text = client.get(BOARD).content.decode()
    assert "The first rank depends on one agent" in text and text.count(sentence) == 1
    other = Influence("camera", digest["greedy-target"], digest["greedy-camera"], digest["random-camera"])
    publish(snapshot, influences=[asdict(influence), asdict(other)])
    text = client.get(BOARD).content.decode()
    assert "without any of 2, another agent would be first" in text
    assert sentence in text and text.count('class="notice small"') == 1


def test_the_value_of_the_game_has_its_interval(client: Client, snapshot: RatingSnapshot) -> None:
    summary = NashSummary(-0.25, 2, 2, True, 0.1, 0.1, -0.3, -0.2, 0.2, 0.15, 0.25)
    publish(snapshot, nash=asdict(summary))
    text = client.get(BOARD).content.decode()
    assert "−0.250" in text and "(−0.300 to −0.200)" in text and "within this pool" in text


def test_a_snapshot_of_the_first_version_is_still_shown(client: Client, snapshot: RatingSnapshot) -> None:
    old = ("digest", "team", "num_episodes", "num_opponents", "is_provisional", "rating", "lower", "upper", "rank")
    table = {
        team: [{name: line[name] for name in old} | {"best_rank": 1, "worst_rank": 2} for line in snapshot.table[team]]
        for team in ("cameras", "targets")
    }
    snapshot.table = table | {
        "meta_game": snapshot.table["meta_game"],
        "nash": None,
        "num_episodes": 12,
        "version": "1",
    }
    snapshot.save()
    assert client.get(BOARD, {"figures": "all"}).status_code == 200
    assert client.get(reverse("agent", args=["greedy-camera"])).status_code == 200


def test_unrated_agents_are_said_to_be_so(client: Client, snapshot: RatingSnapshot, agents: dict[str, Agent]) -> None:
    lines = [asdict(rating(agents["naive-camera"].digest))]
    publish(snapshot, cameras=[*snapshot.table["cameras"], *lines], meta_game=widen(snapshot.table["meta_game"], lines))
    text = client.get(BOARD).content.decode()
    assert ">unrated</span>" in text
    assert "second=naive-camera" not in text  # there is no data for a comparison


def widen(game: dict, lines: list[dict]) -> dict:  # type: ignore[type-arg]
    """Return the meta-game with another camera that has not played."""
    columns = len(game["targets"])
    return {
        **game,
        "cameras": [*game["cameras"], *(line["digest"] for line in lines)],
        **{name: [*game[name], *([None] * columns for _ in lines)] for name in ("payoff", "error")},
        "count": [*game["count"], *([0] * columns for _ in lines)],
    }


@pytest.mark.parametrize("order", ["rating", "nash", "similarity"])
def test_the_payoffs_are_shown_in_the_order_asked_for(client: Client, played: Tournament, order: str) -> None:
    payoffs = client.get(BOARD, {"order": order}).context["payoffs"]
    for row, camera in enumerate(payoffs["cameras"]):
        for column, target in enumerate(payoffs["targets"]):
            pairing = Pairing.objects.get(pk=payoffs["pairing"][row][column])
            assert (pairing.camera.name, pairing.target.name) == (camera["name"], target["name"])


def test_a_large_table_of_payoffs_has_pages_of_its_own(
    client: Client, played: Tournament, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.views.leaderboards.LARGEST_TABLE", 3)
    text = client.get(BOARD).content.decode()
    assert 'class="matrix"' not in text
    pages = {
        reverse("payoffs", args=["mate-2v4-0", 1]): text,
        reverse("tournament_payoffs", args=[played.pk, 1]): client.get(
            reverse("tournament", args=[played.pk])
        ).content.decode(),
    }
    for address, linking in pages.items():
        assert address in linking
        table = client.get(address).content.decode()
        for pairing in played.pairings.all():
            assert reverse("pairing", args=[pairing.pk]) in table


def test_of_a_very_large_board_the_first_agents_are_drawn_with_a_way_to_all(
    client: Client, played: Tournament, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.views.leaderboards.LARGEST_PICTURE", 3)
    monkeypatch.setattr("portal.drawing.heatmaps.FIRST", 1)
    answer = client.get(BOARD, {"payoffs": "all"})
    assert [line["name"] for line in answer.context["payoffs"]["cameras"]] == ["Greedy"]
    text = answer.content.decode()
    assert f'<a href="{reverse("payoffs", args=["mate-2v4-0", 1])}?order=rating">Show all payoffs</a>' in text
    assert len(answer.context["side"]["rows"]) == 2


def test_every_snapshot_can_be_looked_at_for_ever(client: Client, played: Tournament, pairing: Pairing) -> None:
    make_up(pairing, 99).save()
    leaderboards.refit(played.scenario)
    text = client.get(reverse("snapshots", args=["mate-2v4-0"])).content.decode()
    for number in (1, 2):
        assert reverse("snapshot", args=["mate-2v4-0", number]) in text
    first = client.get(reverse("snapshot", args=["mate-2v4-0", 1]))
    assert first.context["board"].snapshot.num_episodes == 12
    assert "This is the board as it was published then" in first.content.decode()
    assert reverse("snapshot", args=["mate-2v4-0", 2]) in first.content.decode()
    second = client.get(reverse("snapshot", args=["mate-2v4-0", 2]))
    assert second.context["board"].snapshot.num_episodes == 13
    assert "This is the board as it was published then" not in second.content.decode()


def test_a_tournaments_snapshots_can_be_looked_at(client: Client, played: Tournament) -> None:
    answer = client.get(reverse("tournament_snapshot", args=[played.pk, 1]))
    assert "Snapshot 1 of Alice&#x27;s cup" in answer.content.decode()


def test_a_number_that_no_snapshot_has_leads_nowhere(client: Client, played: Tournament) -> None:
    assert client.get(reverse("snapshot", args=["mate-2v4-0", 7])).status_code == 404
    assert client.get(reverse("tournament_snapshot", args=[played.pk, 7])).status_code == 404


def test_a_scenario_without_snapshots_says_so(client: Client, scenario: Scenario) -> None:
    assert b"has been finished yet" in client.get(reverse("snapshots", args=[scenario.slug])).content
    assert client.get(reverse("payoffs", args=[scenario.slug, 1])).status_code == 404


def test_what_is_read_back_is_what_was_published(snapshot: RatingSnapshot) -> None:
    board = boards.board_of(snapshot)
    rated = Ratings.from_json(snapshot.table)
    assert tuple(line.rating for line in board.cameras) == rated.cameras
    assert board.cyclicity == rated.cyclicity and board.nash == rated.nash
