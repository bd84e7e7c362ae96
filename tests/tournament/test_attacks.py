"""Attacks on an agent: trained, chosen on some seeds, judged on others, cancelled and resumed."""

import pytest

from tests.policies.checkpoints import make_checkpoint
from tournament import attacks, entries, organising
from tournament.models import Agent, Attack, AttackState, TrainingRun, TrainingState
from tournament.trainings import TrainingSettings

TRAINING = TrainingSettings("mappo", steps=1000)


@pytest.fixture
def ask(scenario, builtins):
    def ask(**more):
        more = {"num_attackers": 3, "training": TRAINING, "episodes": 6} | more
        return attacks.create_attack(attacks.AttackRequest(builtins["camera", "greedy"], scenario, **more))

    return ask


@pytest.fixture
def train():
    """End the trainings of an attack with these payoffs on selection seeds; None is a failure."""

    def train(attack, *payoffs):
        for number, (run, payoff) in enumerate(zip(attack.trainings.order_by("seed"), payoffs, strict=True)):
            if payoff is None:
                run.state, run.error = TrainingState.FAILED, "It diverged."
            else:
                checkpoint = make_checkpoint(seed=10 * attack.pk + number, team="target")
                run.agent = entries.register_checkpoint(checkpoint, f"Attacker {number}", None, is_listed=False)
                Agent.objects.filter(pk=run.agent.pk).update(num_obstacles=0)
                run.state, run.result, run.steps_done = TrainingState.FINISHED, {"payoff": payoff}, 1000
            run.save()

    return train


@pytest.fixture
def finish(train, pretend_to_play):
    def finish(attack, *payoffs):
        train(attack, *payoffs)
        assert attacks.advance(attack)
        attack.refresh_from_db()
        pretend_to_play(attack.tournament)
        organising.finish_if_complete(attack.tournament)
        assert attacks.advance(attack)
        attack.refresh_from_db()
        return attack

    return finish


def test_attackers_of_the_other_team_are_trained_from_several_seeds(ask, builtins):
    attack = ask(first_seed=5)
    runs = TrainingRun.objects.order_by("seed")
    assert [(run.seed, run.team, run.opponent, run.purpose) for run in runs] == [
        (seed, "target", builtins["camera", "greedy"], "attack") for seed in (5, 6, 7)
    ]
    assert not attacks.advance(attack)


def test_the_best_on_selection_seeds_is_judged_on_fresh_ones_against_the_agent_alone(ask, train):
    attack = ask()
    train(attack, 0.4, 0.6, 0.5)
    assert attacks.advance(attack) and not attacks.advance(attack)
    attack.refresh_from_db()
    assert attack.attacker.name == "Attacker 1" and attack.state == AttackState.JUDGING
    assert (attack.tournament.num_episodes, attack.tournament.num_reused) == (6, 0)
    assert attack.tournament.purpose == "attack"


def test_what_is_found_has_an_interval_and_its_budget(ask, finish):
    attack = finish(ask(), 0.4, 0.6, None)
    found = attack.result["payoff"]
    assert found["episodes"] == 6 and found["low"] < found["mean"] < found["high"]
    assert attack.result["steps"] == 2000
    assert [one["payoff"] for one in attack.result["attackers"]] == [0.4, 0.6, None]


def test_exploitability_is_what_the_attacker_gets_beyond_the_value_of_the_board(ask, finish, monkeypatch):
    value = attacks.GameValue(0.25, 0.2, 0.3, 7)
    monkeypatch.setattr(attacks, "value_of", lambda scenario, team: value)
    result = finish(ask(), 0.4, 0.6, 0.1).result
    assert result["exploitability"]["mean"] == pytest.approx(result["payoff"]["mean"] - 0.25)
    assert result["exploitability"]["low"] == pytest.approx(result["payoff"]["low"] - 0.3)


def test_an_attack_whose_trainings_all_failed_has_failed_and_found_nothing(ask, train):
    attack = ask()
    train(attack, None, None, None)
    assert attacks.advance(attack)
    attack.refresh_from_db()
    assert attack.state == AttackState.FAILED and "Resume" in attack.reason and attack.result == {}
    assert attacks.resume_attack(attack) and attack.state == AttackState.TRAINING
    assert set(TrainingRun.objects.values_list("state", flat=True)) == {TrainingState.WAITING}


def test_cancelling_stops_the_trainings(ask):
    attack = ask()
    assert attacks.cancel_attack(attack) and not attacks.cancel_attack(attack)
    assert set(TrainingRun.objects.values_list("state", flat=True)) == {TrainingState.CANCELLED}


def test_what_is_wrong_is_told_at_once(ask):
    with pytest.raises(attacks.AttackRefused) as refused:
        ask(num_attackers=0, episodes=1)
    assert {field for field, _ in refused.value.problems} == {"num_attackers", "episodes"}
    with pytest.raises(attacks.AttackRefused):
        ask(training=TrainingSettings("hrl-mappo"))
    assert not Attack.objects.exists() and not TrainingRun.objects.exists()


def test_the_strongest_attack_counts(ask, finish, scenario, builtins):
    finished = [finish(ask(), 0.4, 0.5, 0.6), finish(ask(first_seed=9), 0.2, 0.3, 0.1)]
    expected = max(finished, key=lambda attack: attack.result["payoff"]["mean"])
    agent = builtins["camera", "greedy"]
    assert attacks.strongest_of([agent, builtins["camera", "naive"]], scenario) == {agent.pk: expected}
