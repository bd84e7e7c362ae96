"""A run ends as solved only when attackers of several seeds fail against both strategies."""

import pytest
from django.utils import timezone

from tests.tournament.psro_runs.driving import drive
from tournament import attacks, psro_runs
from tournament.models import Attack, AttackState, PsroRun, PsroState


@pytest.fixture
def attacked(work):
    """Do a run's work; attackers of each strategy get as much beyond the strategies' payoff as `gain` says."""

    def attacked(gain):
        def act(run):
            found = Attack.objects.filter(state=AttackState.TRAINING)
            if not found:
                work(run)
            for attack in found:
                value = run.iterations.last().figures["value"]
                payoff = (gain - value) if attack.agent.team == "camera" else (gain + value)
                known = {"mean": payoff, "error": 0.0, "low": payoff, "high": payoff, "episodes": 200}
                attack.state, attack.result, attack.finished = AttackState.FINISHED, {"payoff": known}, timezone.now()
                attack.save()

        return act

    return attacked


def test_a_run_whose_attackers_fail_ends_as_solved(make_run, attacked):
    run = drive(make_run(epsilon=9.0, num_attackers=2), attacked(-0.1))
    assert run.state == PsroState.FINISHED and "2 attackers of each strategy gain at most 0 together" in run.reason
    assert run.iterations.count() == 2
    assert [attack.num_attackers for attack in Attack.objects.all()] == [2, 2]


def test_a_run_whose_attackers_gain_goes_on(make_run, attacked):
    run = drive(make_run(epsilon=9.0, num_attackers=1), attacked(5.0))
    assert run.reason == "It has all requested iterations: 2."
    assert Attack.objects.count() == 4  # both strategies of both iterations


def test_a_waiting_run_is_not_opened(make_run, work):
    run = drive(make_run(epsilon=9.0, num_attackers=1), work, lambda run: Attack.objects.exists())
    assert not psro_runs.due().exists() and not psro_runs.advance(run)


def test_a_failed_attack_stops_the_run_and_is_tried_again(make_run, work):
    run = drive(make_run(epsilon=9.0, num_attackers=1), work, lambda run: Attack.objects.exists())
    Attack.objects.update(state=AttackState.FAILED, reason="No attacker's training ended well.")
    psro_runs.advance(run)
    run.refresh_from_db()
    assert run.state == PsroState.FAILED and "the attack on the cameras failed" in run.reason
    assert psro_runs.resume_run(run)
    assert set(Attack.objects.values_list("state", flat=True)) == {AttackState.TRAINING}


def test_cancelling_a_run_cancels_its_attacks(make_run, work):
    run = drive(make_run(epsilon=9.0, num_attackers=1), work, lambda run: Attack.objects.exists())
    psro_runs.cancel_run(run)
    assert not Attack.objects.filter(state__in=attacks.OPEN).exists()
    assert PsroRun.objects.get().state == PsroState.CANCELLED
