"""Finished runs head to head: final mixtures against each other, from the payoffs of the agents that they mix."""

from typing import Any

import numpy as np
import pytest

from tests.tournament.conftest import invent_episode
from tests.tournament.psro_runs.driving import drive
from tournament import organising, psro_runs
from tournament.models import Block, BlockState, Episode, PsroRun, Tournament, TournamentState

pytestmark = pytest.mark.django_db
PAYOFFS = {"random": -0.6, "naive": -0.4, "greedy": -0.1}
"""Mean payoff of each camera, by its name, against every target."""


@pytest.fixture
def runs(make_run, work) -> tuple[PsroRun, PsroRun]:
    """Two finished runs: one that has all agents with equal weights, and one that has the newest alone."""
    return drive(make_run(name="Uniform", meta_solver="uniform"), work), drive(
        make_run(name="Newest", meta_solver="self-play", base_seed=7), work
    )


def play(tournament: Tournament, noise: float = 0.05, count: int = 10**6) -> None:
    """Fill the tournament with episodes in which the camera alone decides, but for noise."""
    random = np.random.default_rng(1)
    for block in Block.objects.filter(tournament=tournament, state=BlockState.WAITING)[:count]:
        mean = -PAYOFFS[block.pairing.camera.spec["name"]]
        rows = [invent_episode(block.pairing, seed, float(random.normal(mean, noise))) for seed in block.seeds]
        Episode.objects.bulk_create(rows, ignore_conflicts=True)
        Block.objects.filter(pk=block.pk).update(state=BlockState.DONE, num_played=len(rows), seconds=1.0)
    organising.finish_if_complete(tournament)


def forget_episodes() -> None:
    """Remove the invented episodes of the runs, which would be used."""
    Episode.objects.all().delete()


def test_mixtures_are_judged_by_the_episodes_of_what_they_mix(runs):
    first, second = runs
    forget_episodes()
    assert psro_runs.judge_comparison(first, second) is None, "nothing is said before there are episodes"
    row = psro_runs.start_comparison(first, second, None)
    assert row.tournament.num_reused == 0 and psro_runs.judge_comparison(first, second) is None
    play(row.tournament)
    found = psro_runs.judge_comparison(first, second)
    (own, against), (_, other) = found.payoffs
    assert own.mean == pytest.approx(np.mean(list(PAYOFFS.values())), abs=0.05)
    assert other.mean == pytest.approx(PAYOFFS["greedy"], abs=0.08)
    assert against.low < against.mean < against.high
    assert found.advantage.mean == pytest.approx(against.mean - found.payoffs[1][0].mean)
    assert found.leader == 1 and found.advantage.high < 0
    assert psro_runs.judge_comparison(second, first).leader == 0, "either order, from the same tournament"


def test_only_what_is_missing_is_played_and_nothing_is_planned_twice(runs):
    first, second = runs
    row = psro_runs.start_comparison(first, second, None)
    assert row.tournament.num_reused == 9 * 4, "both mix agents that the first has played already"
    assert psro_runs.start_comparison(second, first, None) == row
    assert psro_runs.judge_comparison(first, second) is not None, "all of them exist, so it is over at once"


def test_a_cancelled_tournament_is_planned_anew(runs):
    first, second = runs
    forget_episodes()
    row = psro_runs.start_comparison(first, second, None)
    organising.cancel_tournament(row.tournament)
    assert psro_runs.judge_comparison(first, second) is None
    again = psro_runs.start_comparison(first, second, None)
    assert again.pk == row.pk and again.tournament.state == TournamentState.PLAYING


def test_episodes_that_are_all_alike_show_nothing(runs):
    first, second = runs
    forget_episodes()
    row = psro_runs.start_comparison(first, second, None)
    play(row.tournament, noise=0.0)
    assert psro_runs.judge_comparison(first, second) is None


@pytest.mark.parametrize("case", ["the same", "not finished", "another scenario"])
def test_pairs_that_cannot_be_compared_are_refused_with_the_reason(runs, make_run, case):
    from tournament import entries

    first, second = runs
    words: Any = {"the same": "itself", "not finished": "not finished", "another scenario": "plays in"}[case]
    if case == "the same":
        second = first
    elif case == "not finished":
        second = make_run(name="Open")
    else:
        second.scenario = entries.register_scenario("MATE-4v8-9")
        second.save()
    with pytest.raises(psro_runs.PsroRefused, match=words):
        psro_runs.start_comparison(first, second, None)
