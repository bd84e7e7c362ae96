"""Forecasts of the time and the steps of trainings."""

import pytest

from tournament import entries, paces
from tournament.models import TrainingRun, TrainingState

pytestmark = pytest.mark.django_db


@pytest.fixture
def train(scenario, builtins):
    """A training that has made some steps in some iterations, in so many seconds."""

    def make(wanted=20_500, steps=0, iterations=0, seconds=0.0, where=None, state=TrainingState.TRAINING):
        progress = {"iteration": iterations, "seconds": seconds} if iterations else {}
        return TrainingRun.objects.create(
            name="Trial", scenario=where or scenario, team="camera", algorithm="mappo", preset="quick", state=state,
            opponent=builtins["target", "greedy"], steps_wanted=wanted, steps_done=steps, progress=progress,
        )  # fmt: skip

    return make


def test_never_more_steps_are_made_than_there_are(train):
    assert paces.steps_expected(train(wanted=20_500, steps=41_000, iterations=1, seconds=30.0)) == 41_000


def test_steps_are_made_in_whole_iterations(train):
    assert paces.steps_expected(train(wanted=100_000, steps=41_000, iterations=1, seconds=30.0)) == 123_000
    assert paces.steps_expected(train(wanted=82_000, steps=41_000, iterations=1, seconds=30.0)) == 82_000
    assert paces.steps_expected(train(wanted=20_500)) == 20_500


def test_what_is_left_of_a_training_is_a_range(train):
    rest = paces.forecast_rest(train(wanted=82_000, steps=41_000, iterations=1, seconds=30.0))
    assert rest.low < 30.0 < rest.high and rest.expected == pytest.approx(30.0)
    assert paces.forecast_rest(train(wanted=20_500, steps=41_000, iterations=1, seconds=30.0)).high == 0.0
    assert paces.forecast_rest(train()) is None


def test_a_new_training_takes_whole_iterations_at_the_pace_of_the_last_one_here(train, scenario):
    elsewhere = entries.register_scenario("MATE-8v8-9")
    train(steps=41_000, iterations=1, seconds=100.0, where=elsewhere, state=TrainingState.FINISHED)
    other = paces.pace_of(scenario, "camera", "mappo", "quick")
    assert other.factor == paces.OTHER
    train(steps=41_000, iterations=1, seconds=10.0, state=TrainingState.FINISHED)
    pace = paces.pace_of(scenario, "camera", "mappo", "quick")
    assert pace.factor == paces.SAME and pace.rate == pytest.approx(4100)
    span = pace.forecast(20_500)
    assert span.expected == pytest.approx(10.0) and span.low < 10.0 < span.high
    assert paces.pace_of(scenario, "target", "mappo", "quick") is None
