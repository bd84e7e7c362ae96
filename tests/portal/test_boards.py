"""Leaderboards, agents' pages, pairings and the status page."""

import re
from datetime import timedelta

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from tests.portal.conftest import make_up
from tournament import entries, leaderboards
from tournament.agents import Builtin, Mixture
from tournament.models import Agent, Pairing, Scenario, Tournament, Worker


def test_each_team_has_its_own_board_with_the_better_agent_first(client: Client, played: Tournament) -> None:
    board = client.get(reverse("leaderboard", args=["mate-2v4-0"])).context["board"]
    assert [line.agent.slug for line in board.cameras] == ["greedy-camera", "random-camera"]
    assert [line.agent.slug for line in board.targets] == ["greedy-target", "random-target"]


def test_every_cell_of_the_heat_map_leads_to_its_pairing(client: Client, played: Tournament, pairing: Pairing) -> None:
    answer = client.get(reverse("leaderboard", args=["mate-2v4-0"]))
    payoffs = answer.context["payoffs"]
    assert payoffs["pairing"][0][0] == pairing.pk
    assert payoffs["count"][0][0] == 3
    for row in payoffs["pairing"]:
        for key in row:  # the table has the same numbers as the picture
            assert f'<a href="{reverse("pairing", args=[key])}">' in answer.content.decode()


def test_a_scenario_without_episodes_offers_to_start_a_tournament(client: Client, scenario: Scenario) -> None:
    text = client.get(reverse("leaderboard", args=[scenario.slug])).content.decode()
    assert "No episode of MATE-2v4-0 has been finished yet" in text


def test_the_leaderboards_link_leads_where_most_was_played(client: Client, played: Tournament) -> None:
    entries.register_scenario("MATE-4v8-9")
    assert client.get(reverse("leaderboards"))["Location"] == reverse("leaderboard", args=["mate-2v4-0"])


def test_an_agents_page_tells_its_ratings_and_pairings(client: Client, played: Tournament, pairing: Pairing) -> None:
    text = client.get(reverse("agent", args=["greedy-camera"])).content.decode()
    assert "MATE-2v4-0" in text and re.search(r">\s*anchor\s*<", text)
    assert reverse("pairing", args=[pairing.pk]) in text
    assert played.cameras.get(slug="greedy-camera").digest in text


def test_an_agent_says_what_it_was_trained_under_where_a_scenario_differs(client: Client, scenario: Scenario) -> None:
    Agent.objects.create(
        digest="b" * 64, team="camera", kind="checkpoint", name="Duo", slug="duo", spec={"deterministic": True},
        num_cameras=2, num_targets=4, num_obstacles=0, trained_enhanced_observation="camera",
    )  # fmt: skip
    text = client.get(reverse("agent", args=["duo"])).content.decode()
    assert (
        "trained with enhanced observation for the cameras; MATE-2v4-0 is played without enhanced observation" in text
    )
    assert "deterministic: the most likely action" in text


def test_a_mixtures_page_lists_its_members(client: Client, agents: dict[str, Agent]) -> None:
    spec = Mixture("camera", ((0.25, Builtin("camera", "greedy")), (0.75, Builtin("camera", "random"))))
    Agent.objects.create(
        digest=spec.digest, team="camera", kind="mixture", name="Both", slug="both", spec=spec.to_json()
    )
    text = client.get(reverse("agent", args=["both"])).content.decode()
    assert "75.0 %" in text and reverse("agent", args=["random-camera"]) in text


def test_agents_are_filtered_by_what_they_can_play(
    client: Client, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    Agent.objects.create(
        digest="c" * 64, team="camera", kind="checkpoint", name="Octet", slug="octet", spec={}, num_cameras=8,
        num_targets=8, num_obstacles=9,
    )  # fmt: skip
    assert b"Octet" in client.get(reverse("agents"), {"team": "camera"}).content
    assert b"Octet" not in client.get(reverse("agents"), {"scenario": "mate-2v4-0"}).content
    assert b"Octet" not in client.get(reverse("agents"), {"team": "target"}).content


def test_provenance_and_names_are_escaped(client: Client, db: None) -> None:
    Agent.objects.create(
        digest="d" * 64, team="camera", kind="checkpoint", name="<b>x</b>", slug="x", spec={},
        provenance={"<i>key</i>": "<img src=x onerror=alert(1)>"},
    )  # fmt: skip
    text = client.get(reverse("agent", args=["x"])).content.decode()
    assert "<b>x" not in text and "<i>key" not in text and "<img src=x" not in text


def test_provenance_is_labelled_in_the_readers_language(client: Client, db: None) -> None:
    Agent.objects.create(
        digest="d" * 64, team="camera", kind="checkpoint", name="x", slug="x", spec={},
        provenance={"start_from": "nothing", "scenario_digest": "12ab"},
    )  # fmt: skip
    shown = {
        language: client.get(reverse("agent", args=["x"]), headers={"accept-language": language}).content.decode()
        for language in ("en", "zh-hans")
    }
    assert "<dt>Started from</dt>" in shown["en"] and "<dt>Digest of the scenario</dt>" in shown["en"]
    assert "<dt>初始权重</dt>" in shown["zh-hans"] and "nothing" not in shown["zh-hans"]


NOTE = "其 params.json 要求不探索：上游以确定方式对局"
"""What the importer remarks on a checkpoint, in Chinese."""


def test_values_of_the_provenance_are_told_in_the_readers_language(client: Client, db: None) -> None:
    opponent = f"Owl (fork) ({'e' * 64})"
    Agent.objects.create(
        digest="d" * 64, team="camera", kind="checkpoint", name="x", slug="x", spec={},
        provenance={
            "algorithm": "hrl-mappo", "preset": "quick", "scenario": "MATE-4v8-9 (enhanced: both)",
            "meta_solver": "nash", "opponent": opponent, "fine": True,
            "configuration": {"enhanced_observation": "both", "my_key": "mine"},
            "notes": ["its params.json says not to explore: upstream plays it deterministically"],
        },
    )  # fmt: skip
    text = client.get(reverse("agent", args=["x"]), headers={"accept-language": "zh-hans"}).content.decode()
    for told in (
        "分层 MAPPO",
        "轻量",
        "MATE-4v8-9（增强观测：两队）",
        "纳什均衡",
        f"Owl（分叉） ({'e' * 64})",
        "是",
        NOTE,
    ):
        assert told in text, told
    assert "增强观测: 两队; my_key: mine" in text
    assert "Enhanced observation: both" in client.get(reverse("agent", args=["x"])).content.decode()


def test_a_pairing_is_summarised_with_standard_errors(client: Client, pairing: Pairing) -> None:
    payoff = client.get(reverse("pairing", args=[pairing.pk])).context["measures"][0]["found"]
    rewards = list(pairing.episodes.values_list("normalised_reward", flat=True))
    mean = sum(rewards) / 3
    spread = (sum((reward - mean) ** 2 for reward in rewards) / 2) ** 0.5
    assert abs(payoff.mean + mean) < 1e-12
    assert abs(payoff.error - spread / 3**0.5) < 1e-12


def test_episodes_are_paged_and_sorted(client: Client, pairing: Pairing) -> None:
    for seed in range(40):
        make_up(pairing, seed).save()
    first = client.get(reverse("pairing", args=[pairing.pk]), {"order": "best"})
    rewards = [episode.normalised_reward for episode in first.context["page"]]
    assert rewards == sorted(rewards) and len(rewards) == 25
    last = client.get(reverse("pairing", args=[pairing.pk]), {"order": "best", "after": first.context["page"].next})
    assert len(last.context["page"]) == 18
    assert "order=best" in first.content.decode()


def test_the_best_median_and_worst_episode_are_offered(client: Client, pairing: Pairing) -> None:
    notable = client.get(reverse("pairing", args=[pairing.pk])).context["notable"]
    rewards = [episode.normalised_reward for _, episode in notable]
    assert rewards == sorted(pairing.episodes.values_list("normalised_reward", flat=True))


def test_a_pairings_episodes_are_drawn_measure_by_measure_with_a_table_beside(client: Client, pairing: Pairing) -> None:
    for seed in range(40):
        make_up(pairing, seed).save()
    answer = client.get(reverse("pairing", args=[pairing.pk]))
    text = answer.content.decode()
    assert text.count('class="histogram"') == 5
    for row in answer.context["measures"]:
        assert escape(str(row["measure"].title)) in text
        values = pairing.episodes.values_list(row["measure"].column, flat=True)
        assert sum(bin.count for bin in row["found"].bins) == len(values) == 43
        assert row["found"].most == max(row["measure"].sign * value for value in values)


def test_a_pairing_names_others_in_the_place_of_its_agents(
    client: Client, pairing: Pairing, played: Tournament
) -> None:
    answer = client.get(reverse("pairing", args=[pairing.pk]))
    text = answer.content.decode()
    camera, target = answer.context["rivals"]
    assert [rival.agent.slug for rival in camera["first"]] == ["random-camera"]
    assert [rival.agent.slug for rival in target["first"]] == ["random-target"]
    other = played.pairings.get(camera__slug="random-camera", target__slug="greedy-target")
    assert reverse("pairing", args=[other.pk]) in text
    assert "?first=greedy-camera&amp;second=random-camera" in text


def test_a_pairing_without_episodes_says_so(client: Client, tournament: Tournament) -> None:
    text = client.get(reverse("pairing", args=[tournament.pairings.first().pk])).content.decode()
    assert "No episode of this pairing has been finished yet" in text


def test_the_status_page_tells_live_workers_from_gone_ones(client: Client, tournament: Tournament) -> None:
    Worker.objects.create(name="here", seen=timezone.now(), doing="playing block 1")
    Worker.objects.create(name="away", seen=timezone.now() - timedelta(minutes=5))
    answer = client.get(reverse("status"))
    assert answer.context["num_live"] == 1
    assert answer.context["queue"].episodes_left == 12


def test_the_status_page_says_of_workers_whose_clock_is_wrong_or_who_have_another_engine(
    client: Client, tournament: Tournament
) -> None:
    facts = {"seen": timezone.now(), "engine": leaderboards.engine_version()}
    Worker.objects.create(name="right", clock_error=0.4, **facts)
    page = client.get(reverse("status")).content.decode()
    assert "Its clock" not in page and "waiting for work" in page
    Worker.objects.create(name="slow", clock_error=-45.0, **facts)
    Worker.objects.create(name="fast", clock_error=600.0, **facts)
    Worker.objects.create(name="newer", **facts | {"engine": "next"})
    page = client.get(reverse("status")).content.decode()
    assert "Its clock is 45 s slow." in page and "Its clock is 10 min fast." in page
    assert "waiting for tournaments of engine version next" in page


def test_without_workers_the_status_page_says_what_to_do(client: Client, alice: User) -> None:
    assert b"make run" in client.get(reverse("status")).content
