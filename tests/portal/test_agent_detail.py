"""An agent's page for one scenario: the history of its rating, and its evaluation on fresh seeds."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from portal.drawing import timelines
from tests.portal.conftest import make_up
from tests.portal.markup import flatten
from tournament import boards, history, leaderboards, organising, reevaluation
from tournament.models import (
    Agent,
    Block,
    BlockState,
    Episode,
    Pairing,
    RatingSnapshot,
    Scenario,
    Tournament,
)

PAGE = reverse("agent", args=["random-camera"])
START = reverse("agent_reevaluate", args=["random-camera"])


def add_snapshots(pairing: Pairing, count: int) -> None:
    for seed in range(count):
        make_up(pairing, seed).save()
        leaderboards.refit(pairing.scenario)


def play(tournament: Tournament, better: float = 0.0) -> None:
    """Insert the missing episodes of a tournament; the targets' reward is lower by `better`."""
    for block in tournament.blocks.select_related("pairing__camera", "pairing__target"):
        episodes = [make_up(block.pairing, seed) for seed in block.seeds]
        for episode in episodes:
            episode.normalised_reward -= better
        Episode.objects.bulk_create(episodes)
        Block.objects.filter(pk=block.pk).update(state=BlockState.DONE, num_played=block.num_episodes, seconds=1.0)
    organising.finish_if_complete(tournament)


# History


def test_every_snapshot_is_a_point_that_leads_to_it(client: Client, played: Tournament, pairing: Pairing) -> None:
    add_snapshots(pairing, 3)
    text = flatten(client.get(PAGE).content.decode())
    for number in range(1, 5):
        assert f'<a href="{reverse("snapshot", args=["mate-2v4-0", number])}"><circle' in text
        assert f'<a href="{reverse("snapshot", args=["mate-2v4-0", number])}">{number}</a>' in text  # and in the table


def test_a_change_of_the_code_is_marked(client: Client, played: Tournament, pairing: Pairing) -> None:
    add_snapshots(pairing, 1)
    RatingSnapshot.objects.filter(scenario=played.scenario, tournament=None, number=1).update(code="1", engine="0")
    points = history.history_of(Agent.objects.get(slug="random-camera"), played.scenario)
    engine, code = (getattr(points[1].snapshot, name) for name in ("engine", "code"))
    assert [point.changes for point in points] == ["", f"rating code 1 → {code}, engine 0 → {engine}"]
    assert f"rating code 1 → {code}" in client.get(PAGE).content.decode()


def test_a_long_history_keeps_its_ends_and_every_change_of_code(played: Tournament, pairing: Pairing) -> None:
    add_snapshots(pairing, 9)
    RatingSnapshot.objects.filter(scenario=played.scenario, tournament=None, number__lt=4).update(code="1")
    points = history.history_of(pairing.camera, played.scenario, longest=3)
    numbers = [point.snapshot.number for point in points]
    assert numbers[0] == 1 and numbers[-1] == 10 and 4 in numbers
    assert len(numbers) == 4


def test_the_line_of_a_snapshot_is_that_of_the_board(played: Tournament, pairing: Pairing) -> None:
    add_snapshots(pairing, 1)
    for point in history.history_of(pairing.camera, played.scenario):
        board = boards.board_of(RatingSnapshot.objects.get(pk=point.snapshot.pk))
        assert point.rating == next(line.rating for line in board.cameras if line.agent == pairing.camera)


def test_the_picture_keeps_all_intervals_inside(played: Tournament, pairing: Pairing) -> None:
    add_snapshots(pairing, 3)
    timeline = timelines.draw(history.history_of(Agent.objects.get(slug="random-camera"), played.scenario))
    assert timeline is not None
    for dot in timeline.dots:
        assert 0 <= dot.upper <= dot.y <= dot.lower <= 100
        assert timeline.least < dot.point.rating.rating < timeline.most
    assert [dot.x for dot in timeline.dots] == [2, 34, 66, 98]


def test_one_snapshot_makes_no_picture_yet(client: Client, played: Tournament) -> None:
    text = client.get(PAGE).content.decode()
    assert "The chart appears with the second one" in text and "timeline" not in text


def test_the_anchor_says_why_it_has_no_picture(client: Client, played: Tournament, pairing: Pairing) -> None:
    add_snapshots(pairing, 1)
    assert "its Elo is 1000 on every snapshot" in client.get(reverse("agent", args=["greedy-camera"])).content.decode()


# Fresh seeds


def test_a_visitor_is_told_to_sign_in(client: Client, played: Tournament) -> None:
    assert "to re-evaluate the agent on fresh seeds" in client.get(PAGE).content.decode()
    answer = client.post(START, {"scenario": "mate-2v4-0"})
    assert answer.status_code == 302 and reverse("sign_in") in answer["Location"]
    assert Tournament.objects.count() == 1


def test_a_reevaluation_plays_the_agent_and_the_greedy_one_on_seeds_that_nobody_has_used(
    visit: Callable[..., Client], bob: User, played: Tournament
) -> None:
    answer = visit(bob).post(START, {"scenario": "mate-2v4-0"})
    tournament = Tournament.objects.get(purpose="reevaluation")
    assert answer["Location"] == reverse("tournament", args=[tournament.pk])
    assert tournament.owner == bob
    assert {agent.slug for agent in tournament.cameras.all()} == {"random-camera", "greedy-camera"}
    assert set(tournament.targets.all()) == set(played.targets.all())
    fresh = {seed for block in tournament.blocks.all() for seed in block.seeds}
    assert len(fresh) and not fresh & set(Episode.objects.values_list("seed", flat=True))
    assert tournament.num_reused == 0


def test_two_reevaluations_take_different_seeds(played: Tournament, alice: User, agents: dict[str, Agent]) -> None:
    first, second = (reevaluation.reevaluate(agents["random-camera"], played.scenario, alice) for _ in range(2))
    assert first.base_seed != second.base_seed


def test_afterwards_both_figures_stand_side_by_side(
    client: Client, played: Tournament, alice: User, agents: dict[str, Agent]
) -> None:
    agent = agents["random-camera"]
    before = reevaluation.find_offer(agent, played.scenario)
    assert before is not None and before.episodes_per_pairing == reevaluation.FEWEST_EPISODES
    play(reevaluation.reevaluate(agent, played.scenario, alice))
    (one,) = reevaluation.reevaluations_of(agent, played.scenario)
    assert one.before is not None and one.fresh is not None
    assert one.before.num_episodes == 2 * 3 and one.fresh.num_episodes == 2 * 20
    rewards = Episode.objects.filter(pairing__camera=agent).order_by("id").values_list("normalised_reward", flat=True)
    assert one.before.payoff == pytest.approx(-sum(rewards[:6]) / 6)
    assert one.fresh.payoff == pytest.approx(-sum(rewards[6:]) / 40)
    text = client.get(PAGE).content.decode()
    assert "Fresh seeds" in text and "no sign that the earlier figure was flattered" in text
    assert reverse("tournament_snapshot", args=[one.tournament.pk, one.fresh.snapshot.number]) in text


def test_a_figure_that_fresh_seeds_do_not_bear_out_is_called_flattered(
    client: Client, played: Tournament, alice: User, agents: dict[str, Agent]
) -> None:
    play(reevaluation.reevaluate(agents["random-camera"], played.scenario, alice), better=-0.5)
    (one,) = reevaluation.reevaluations_of(agents["random-camera"], played.scenario)
    assert one.is_flattered is True
    assert "The earlier figure was flattered" in client.get(PAGE).content.decode()


def test_the_greedy_agent_beside_it_was_not_reevaluated_itself(
    played: Tournament, alice: User, agents: dict[str, Agent]
) -> None:
    reevaluation.reevaluate(agents["random-camera"], played.scenario, alice)
    assert reevaluation.reevaluations_of(agents["greedy-camera"], played.scenario) == []
    assert len(reevaluation.reevaluations_of(agents["random-camera"], played.scenario)) == 1


def test_the_targets_are_reevaluated_alike(played: Tournament, alice: User, agents: dict[str, Agent]) -> None:
    play(reevaluation.reevaluate(agents["random-target"], played.scenario, alice))
    (one,) = reevaluation.reevaluations_of(agents["random-target"], played.scenario)
    assert one.before is not None and one.fresh is not None
    rewards = Episode.objects.filter(pairing__target=agents["random-target"]).order_by("id")
    assert one.before.payoff == pytest.approx(sum(rewards.values_list("normalised_reward", flat=True)[:6]) / 6)


def test_an_agent_without_a_figure_has_nothing_to_check(
    visit: Callable[..., Client], bob: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    answer = visit(bob).post(START, {"scenario": "mate-2v4-0"})
    assert answer.status_code == 400
    assert "has not been rated in MATE-2v4-0" in answer.content.decode()
    assert not Tournament.objects.exists()
