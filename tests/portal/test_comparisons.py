"""Comparison of two agents of a team, and two synchronised replays."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.portal.conftest import make_up
from tests.portal.markup import flatten
from tournament import entries
from tournament.matchups import find_matchup, rivals_of
from tournament.models import Agent, AgentKind, Episode, Pairing, Scenario, Tournament

ADDRESS = reverse("compare", args=["mate-2v4-0"])
TWO = {"first": "greedy-camera", "second": "random-camera"}


@pytest.fixture
def doubled(played: Tournament) -> Tournament:
    """Add five episodes with the same seeds to all four pairings."""
    for pairing in played.pairings.select_related("camera", "target"):
        Episode.objects.bulk_create(make_up(pairing, seed) for seed in range(5))
    return played


def two(agents: dict[str, Agent], team: str = "camera") -> tuple[Agent, Agent]:
    return agents[f"greedy-{team}"], agents[f"random-{team}"]


def test_only_episodes_of_the_same_seed_and_opponent_are_compared(
    doubled: Tournament, agents: dict[str, Agent]
) -> None:
    matchup = find_matchup(doubled.scenario, *two(agents))
    # Five shared seeds, and of the tournament's three the two that are keyed by the target.
    assert len(matchup.pairs) == 2 * (5 + 2)
    for first, second, opponent in zip(
        matchup.first_episode, matchup.second_episode, matchup.pairs.opponent, strict=True
    ):
        mine, theirs = Episode.objects.get(pk=first), Episode.objects.get(pk=second)
        assert mine.seed == theirs.seed
        assert mine.pairing.target_id == theirs.pairing.target_id == opponent
        assert (mine.pairing.camera_id, theirs.pairing.camera_id) == (matchup.first.pk, matchup.second.pk)


@pytest.mark.parametrize("team", ["camera", "target"])
def test_differences_are_positive_where_the_first_is_the_better_agent(
    doubled: Tournament, agents: dict[str, Agent], team: str
) -> None:
    comparison = find_matchup(doubled.scenario, *two(agents, team)).compare()
    # In the synthetic episodes greedy agents are better by 0.4, with the same luck on the same seed.
    assert comparison.difference.value == pytest.approx(0.4)
    assert comparison.better.value == 1
    assert [one.count for one in comparison.against] == [comparison.num_pairs / 2] * 2


def test_episodes_against_remote_agents_are_left_out(doubled: Tournament, agents: dict[str, Agent]) -> None:
    Agent.objects.filter(slug="random-target").update(kind=AgentKind.REMOTE)
    matchup = find_matchup(doubled.scenario, *two(agents))
    assert set(matchup.pairs.opponent.tolist()) == {agents["greedy-target"].pk}


def test_episodes_are_read_again_only_if_some_have_changed(
    doubled: Tournament, agents: dict[str, Agent], django_assert_max_num_queries: Callable[..., Any]
) -> None:
    before = find_matchup(doubled.scenario, *two(agents))
    with django_assert_max_num_queries(9) as asked:
        again = find_matchup(doubled.scenario, *reversed(two(agents)))
    assert not any("normalised_reward" in query["sql"] for query in asked.captured_queries)
    assert again.compare().difference.value == pytest.approx(-(before.compare().difference.value or 0.0))
    episode = Episode.objects.get(pk=before.first_episode[0])
    Episode.objects.filter(pk=episode.pk).update(normalised_reward=episode.normalised_reward - 1)
    changed = find_matchup(doubled.scenario, *two(agents)).pairs
    assert changed.gain.sum() == pytest.approx(before.pairs.gain.sum() + 1)
    Episode.objects.filter(pk=episode.pk).delete()
    assert len(find_matchup(doubled.scenario, *two(agents)).pairs) == len(changed) - 1


def test_episodes_of_another_engine_are_left_out(doubled: Tournament, agents: dict[str, Agent]) -> None:
    Episode.objects.filter(seed=0).update(engine="older")
    assert len(find_matchup(doubled.scenario, *two(agents)).pairs) == 2 * (4 + 2)


def test_the_page_tells_the_difference_with_its_interval_and_leads_to_both_pairings(
    client: Client, doubled: Tournament
) -> None:
    text = client.get(ADDRESS, TWO).content.decode()
    assert "Greedy is probably better than Random" in text
    assert "+0.400" in text
    for pairing in doubled.pairings.all():
        assert reverse("pairing", args=[pairing.pk]) in text


def add_opponents(doubled: Tournament, agents: dict[str, Agent], numbers: range) -> None:
    """Let both cameras play two seeds against more targets, with another difference against each."""
    for number in numbers:
        facts = {"digest": f"{number:064}", "name": f"<b>{number}", "slug": f"extra-{number}"}
        target = Agent.objects.create(team="target", kind="mixture", spec={"name": "random"}, **facts)
        for place, camera in enumerate(two(agents)):
            pairing = Pairing.objects.create(scenario=doubled.scenario, camera=camera, target=target)
            episodes = [make_up(pairing, seed) for seed in range(2)]
            for episode in episodes:
                episode.normalised_reward += 0.01 * place * (number % 7)
            Episode.objects.bulk_create(episodes)


def count_opponents(text: str) -> tuple[int, int]:
    """Return the number of opponents in the table and in both charts of a comparison, the wide and the narrow one."""
    wide, narrow = (text.count('class="join"', text.index(f'class="dumbbells {name}"')) for name in ("wide", "narrow"))
    assert wide == 2 * narrow
    return text.count("Watch a typical pair"), narrow


def test_of_many_opponents_the_first_and_last_are_shown_with_a_link_to_all(
    client: Client, doubled: Tournament, agents: dict[str, Agent]
) -> None:
    add_opponents(doubled, agents, range(38))
    text = client.get(ADDRESS, TWO).content.decode()
    assert count_opponents(text) == (40, 40)
    assert "opponents=all" not in text and "left out" not in text
    add_opponents(doubled, agents, range(38, 43))
    answer = client.get(ADDRESS, TWO)
    text = flatten(answer.content.decode())
    assert count_opponents(text) == (40, 40)
    assert "5 opponents between them are left out." in text and "first and last 20 of 45 opponents" in text
    gains = [row["result"].difference.value for row in (*answer.context["first_rows"], *answer.context["last_rows"])]
    assert gains == sorted(gains, reverse=True)
    assert 'second=random-camera&amp;opponents=all#opponents">' in text and "Show all 45 opponents" in text
    text = flatten(client.get(ADDRESS, TWO | {"opponents": "all"}).content.decode())
    assert count_opponents(text) == (45, 45)
    assert "left out" not in text and "Show the first and last 20 only" in text
    assert "<b>" not in text


def vary(doubled: Tournament, count: int, size: float = 0.05) -> None:
    """Give all pairings more episodes in which the agents' differences vary."""
    random = np.random.default_rng(2)
    for pairing in doubled.pairings.select_related("camera", "target"):
        episodes = [make_up(pairing, seed) for seed in range(200, 200 + count)]
        for episode in episodes:
            episode.normalised_reward += random.normal(0, size)
        Episode.objects.bulk_create(episodes)


@pytest.mark.parametrize(("count", "size"), [(2, 0.01), (8, 0.3), (100, 0.05), (100, 2.0)])
def test_the_verdict_and_the_sequential_test_never_contradict_each_other(
    client: Client, doubled: Tournament, count: int, size: float
) -> None:
    vary(doubled, count, size)
    answer = client.get(ADDRESS, TWO)
    verdict, test = answer.context["verdict"], answer.context["finding"].details["verdict"]
    assert "beyond doubt" not in answer.content.decode()
    if test in ("open", "undecided"):
        assert "probably" in verdict or verdict.startswith("It is open")
    if test == "better":
        assert "is better than" in verdict or "probably" in verdict


def test_two_pairs_that_differ_alike_prove_nothing(client: Client, doubled: Tournament) -> None:
    kept = [seed for pairing in doubled.pairings.all()[:1] for seed in (0,)]
    Episode.objects.exclude(seed__in=kept).delete()
    text = client.get(ADDRESS, TWO).content.decode()
    assert "is better than" not in text and "probably" not in text


def test_it_offers_pairs_of_one_seed_to_be_watched(client: Client, doubled: Tournament) -> None:
    answer = client.get(ADDRESS, TWO)
    notable = answer.context["notable"]
    assert [pair["label"] for pair in notable] == ["Best for Greedy", "The median", "Best for Random"]
    gains = [pair["gain"] for pair in notable]
    assert gains == sorted(gains, reverse=True)
    for pair in notable:
        assert pair["first"].seed == pair["second"].seed
        assert reverse("beside", args=[pair["first"].pk, pair["second"].pk]) in answer.content.decode()


@pytest.mark.parametrize("team", ["camera", "target"])
def test_a_test_of_the_episodes_at_hand_has_a_verdict(doubled: Tournament, agents: dict[str, Agent], team: str) -> None:
    first, second = two(agents, team)
    for pairing in doubled.pairings.select_related("camera", "target"):
        Episode.objects.bulk_create(make_up(pairing, seed) for seed in range(100, 180))
    finding = find_matchup(doubled.scenario, first, second).judge()
    assert finding is not None and finding.details["verdict"] == "better"
    finding = find_matchup(doubled.scenario, second, first).judge()
    assert finding is not None and finding.details["verdict"] == "not-better"


def test_a_test_of_few_episodes_is_open_and_can_be_settled(
    client: Client, alice: User, doubled: Tournament, agents: dict[str, Agent]
) -> None:
    answer = client.get(ADDRESS, TWO)
    assert "too few for a test to end" in flatten(answer.content.decode())
    client.force_login(alice)
    form = client.get(answer.context["test_address"]).context["form"]
    assert form.info.name == "sequential" and form.team == "camera"
    assert [form["first"].value(), form["second"].value()] == [str(agent.pk) for agent in two(agents)]
    opponents = {choice.agent.slug for choice in form.choices_of("targets") if choice.is_chosen}
    assert opponents == {"greedy-target", "random-target"}


def test_without_a_choice_two_can_be_chosen(client: Client, played: Tournament) -> None:
    text = client.get(ADDRESS).content.decode()
    assert "Choose two agents" in text and 'value="random-target"' in text


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"first": "greedy-camera", "second": "greedy-target"}, "agents of different teams meet"),
        ({"first": "greedy-camera", "second": "greedy-camera"}, "was chosen twice"),
        ({"first": "greedy-camera", "second": "nobody"}, "There is no agent &#x27;nobody&#x27;"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(
    client: Client, played: Tournament, asked: dict[str, str], says: str
) -> None:
    answer = client.get(ADDRESS, asked)
    assert answer.status_code == 400
    assert says in answer.content.decode()


def test_agents_that_never_met_the_same_seeds_are_not_compared(
    client: Client, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    for number, camera in enumerate(two(agents)):
        pairing = Pairing.objects.create(scenario=scenario, camera=camera, target=agents["greedy-target"])
        make_up(pairing, number).save()
    text = client.get(ADDRESS, TWO).content.decode()
    assert "have not played enough of the same episodes" in text
    assert "never from the same seeds" in text


def test_a_scenario_without_episodes_has_nothing_to_compare(client: Client, scenario: Scenario) -> None:
    assert b"No episode of MATE-2v4-0 has been finished yet" in client.get(ADDRESS).content


@pytest.mark.parametrize("team", ["camera", "target"])
def test_rivals_of_a_pairing_are_compared_on_its_seeds(doubled: Tournament, pairing: Pairing, team: str) -> None:
    (rival,) = rivals_of(pairing, team, pairing.episodes.all())
    assert rival.agent.slug == f"random-{team}"
    assert getattr(Pairing.objects.get(pk=rival.pairing), team) == rival.agent
    assert rival.result.difference.value == pytest.approx(0.4)
    shared = np.intersect1d(
        pairing.episodes.values_list("seed"), Episode.objects.filter(pairing=rival.pairing).values_list("seed")
    )
    assert rival.result.count == len(shared)


def test_two_replays_are_shown_in_step_with_what_they_differ_in(client: Client, doubled: Tournament) -> None:
    first, second = (
        Episode.objects.get(seed=0, pairing__camera__slug=camera, pairing__target__slug="greedy-target")
        for camera in ("greedy-camera", "random-camera")
    )
    text = client.get(reverse("beside", args=[first.pk, second.pk])).content.decode()
    assert "Against Greedy." in text and "Both from seed 0." in text
    assert "different seeds" not in text
    for episode in (first, second):
        assert f'data-replay="{reverse("replay_file", args=[episode.pk])}"' in text


def test_replays_of_different_seeds_are_marked(client: Client, doubled: Tournament, pairing: Pairing) -> None:
    first, second = pairing.episodes.filter(seed__in=[0, 1])
    text = client.get(reverse("beside", args=[first.pk, second.pk])).content.decode()
    assert "The two episodes have different seeds" in text


def test_replays_of_different_scenarios_are_not_shown_together(client: Client, doubled: Tournament) -> None:
    other = entries.register_scenario("MATE-4v8-9")
    pairing = doubled.pairings.first()
    assert pairing is not None
    elsewhere = Pairing.objects.create(scenario=other, camera=pairing.camera, target=pairing.target)
    episode = make_up(elsewhere, 1)
    episode.save()
    address = reverse("beside", args=[pairing.episodes.all()[0].pk, episode.pk])
    assert client.get(address).status_code == 404


# The same for programs


def test_the_api_says_what_the_page_says(client: Client, doubled: Tournament) -> None:
    told = client.get("/api/v1/scenarios/mate-2v4-0/comparison", TWO).json()
    shown = client.get(ADDRESS, TWO).context["comparison"]
    assert told["difference"] == pytest.approx(vars(shown.difference))
    assert told["better"] == pytest.approx(vars(shown.better))
    assert {one["opponent"]["slug"]: one["num_pairs"] for one in told["opponents"]} == {
        "greedy-target": 7,
        "random-target": 7,
    }
    assert told["test"]["verdict"] in ("open", "better")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"first": "greedy-camera", "second": "greedy-target"}, 409),
        ({"first": "greedy-camera", "second": "greedy-camera"}, 409),
        ({"first": "greedy-camera", "second": "nobody"}, 404),
        ({"first": "greedy-camera"}, 422),
    ],
)
def test_the_api_refuses_what_cannot_be_compared(
    client: Client, played: Tournament, asked: dict[str, str], status: int
) -> None:
    answer = client.get("/api/v1/scenarios/mate-2v4-0/comparison", asked)
    assert answer.status_code == status and answer.json()["error"]["message"]


def test_a_program_starts_a_reevaluation(call: Callable[..., Client], bob: User, played: Tournament) -> None:
    address, wanted = "/api/v1/agents/random-camera/reevaluations", {"scenario": "mate-2v4-0"}
    assert call(None).post(address, wanted, content_type="application/json").status_code == 401
    answer = call(bob).post(address, wanted, content_type="application/json")
    assert answer.status_code == 201
    tournament = Tournament.objects.get(pk=answer.json()["id"])
    assert (tournament.purpose, tournament.owner) == ("reevaluation", bob)
