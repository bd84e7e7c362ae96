"""Attacks on the website and by API: started from an agent's page, followed, shown there and on boards."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.portal.test_api import check_error
from tournament import attacks
from tournament.models import Agent, Attack, AttackState, Scenario, Tournament
from tournament.trainings import TrainingSettings

Visit = Callable[..., Client]
V1 = "/api/v1"


@pytest.fixture
def attack(alice: User, scenario: Scenario, agents: dict[str, Agent]) -> Attack:
    return attacks.create_attack(
        attacks.AttackRequest(
            agents["greedy-camera"],
            scenario,
            num_attackers=2,
            training=TrainingSettings("mappo", steps=1000),
            owner=alice,
        )
    )


@pytest.fixture
def found(attack: Attack, agents: dict[str, Agent]) -> Attack:
    """Return the attack when it is over."""
    attack.state, attack.attacker = AttackState.FINISHED, agents["heuristic-target"]
    attack.result = {
        "payoff": {"mean": 0.61, "error": 0.01, "low": 0.59, "high": 0.63, "episodes": 200},
        "value": {"mean": 0.4, "low": 0.38, "high": 0.42, "snapshot": 1},
        "exploitability": {"mean": 0.21, "low": 0.17, "high": 0.25},
        "attackers": [], "steps": 2000,
    }  # fmt: skip
    attack.save()
    return attack


def test_a_user_attacks_an_agent_from_its_page(
    visit: Visit, alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    page = visit(alice).get(reverse("agent", args=["greedy-camera"])).content.decode()
    address = reverse("agent_attack", args=["greedy-camera"])
    assert address in page and "Nobody has attacked" in page
    wanted = {
        "scenario": "mate-2v4-0", "num_attackers": 2, "algorithm": "mappo", "preset": "quick", "steps": 1000,
        "evaluation_episodes": 4, "episodes": 10, "first_seed": 3,
    }  # fmt: skip
    answer = visit(alice).post(address, wanted)
    made = Attack.objects.get()
    assert answer["Location"] == reverse("attack", args=[made.pk])
    assert [run.seed for run in made.trainings.order_by("seed")] == [3, 4]
    assert b"Training attackers" in visit(None).get(answer["Location"]).content


def test_what_was_found_is_on_the_agent_s_page_and_on_boards(visit: Visit, found: Attack, played: Tournament) -> None:
    for address in (reverse("attack", args=[found.pk]), reverse("agent", args=["greedy-camera"])):
        page = visit(None).get(address).content.decode()
        assert "Exploitability found: at least +0.210" in page and "2 attackers, 2,000 steps" in page
    board = visit(None).get(reverse("leaderboard", args=["mate-2v4-0"]), {"figures": "all"}).content.decode()
    assert "≥ +0.210" in board and reverse("attack", args=[found.pk]) in board


def test_an_attack_that_gains_nothing_is_said_to_have_found_nothing(visit: Visit, found: Attack) -> None:
    found.result["exploitability"] = {"mean": -0.2, "low": -0.24, "high": -0.16}
    found.save()
    assert "No exploitability found" in visit(None).get(reverse("attack", args=[found.pk])).content.decode()


def test_an_owner_cancels_an_attack_after_a_question(visit: Visit, alice: User, attack: Attack) -> None:
    address = reverse("attack_act", args=[attack.pk, "cancel"])
    assert b"Cancel the attack" in visit(alice).get(address).content
    visit(alice).post(address)
    attack.refresh_from_db()
    assert attack.state == AttackState.CANCELLED


def test_a_program_attacks_an_agent(
    call: Callable[..., Client], alice: User, scenario: Scenario, agents: dict[str, Agent]
) -> None:
    def ask(**wanted: Any) -> Any:
        address = f"{V1}/agents/greedy-camera/attacks"
        return call(alice).post(address, {"scenario": "mate-2v4-0", **wanted}, content_type="application/json")

    made = ask(num_attackers=1, training={"steps": 1000})
    assert made.status_code == 201 and made.json()["training"]["algorithm"] == "mappo"
    assert call().get(f"{V1}/attacks", {"agent": "greedy-camera"}).json()["count"] == 1
    check_error(ask(num_attackers=0), 409, "refused")
