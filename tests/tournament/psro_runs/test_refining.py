"""Anytime PSRO in a run's steps: the same strategies as the pure loop, continued after whatever happens."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from mate import Team
from policies import Dimensions
from tests.policies.checkpoints import make_checkpoint
from tests.tournament.conftest import invent_episode
from tests.tournament.psro_runs.driving import TRAINING, drive
from tournament import entries, organising, psro_runs, trainings
from tournament.models import (
    Agent,
    Block,
    BlockState,
    Episode,
    PsroPhase,
    PsroRun,
    PsroState,
    Tournament,
    TrainingRun,
    TrainingState,
)
from tournament.psro.anytime import grow_anytime
from tournament.psro.loop import MatrixGame
from tournament.psro_runs.requesting import strategy_of
from tournament.psro_runs.steering import working_on

pytestmark = pytest.mark.django_db
PAYOFF = np.random.default_rng(4).uniform(-0.5, 0.5, (6, 6))
PAYOFF[0, :], PAYOFF[:, 0] = -0.9, 0.9  # The random agents are no best responses.
ALIKE = replace(TRAINING, steps=900, hyperparameters={"hidden_sizes": [9, 7], "memory_size": 5})


class Laboratory:
    """A matrix game whose rows and columns are agents, and who trains and plays as its payoffs say."""

    def __init__(self, builtins: dict[tuple[str, str], Agent]) -> None:
        self.game = MatrixGame(PAYOFF)
        self.agents = {
            team: [
                builtins[team, "random"],
                *(
                    entries.register_checkpoint(
                        make_checkpoint(seed=seed, team=team, scenario=Dimensions(2, 4, 0)), f"{team} {seed}", None
                    )
                    for seed in range(1, 6)
                ),
            ]
            for team in ("camera", "target")
        }

    def work(self, run: PsroRun) -> None:
        waiting = working_on(run)
        assert waiting is not None
        made = [one for one in psro_runs.trainings_of(run) if one.state in trainings.OPEN]
        for training in made:
            self.train(run, training)
        if not made and waiting.tournament is not None:
            self.play(waiting.tournament)

    def train(self, run: PsroRun, training: TrainingRun) -> None:
        newest, waiting, rival = run.iterations.last(), working_on(run), Team(training.team).opponent
        if newest.phase == PsroPhase.TRAINING:
            newest = waiting = run.iterations.get(number=newest.number - 1)
        pool = [self.agents[rival].index(one) for one in psro_runs.population(run, rival, newest.number)]
        best = self.game.respond(Team(training.team), pool, np.array(strategy_of(waiting, rival)))
        training.state, training.agent = TrainingState.FINISHED, self.agents[training.team][best]
        training.save()

    def play(self, tournament: Tournament) -> None:
        for block in Block.objects.filter(tournament=tournament, state=BlockState.WAITING):
            camera, target = block.pairing.camera, block.pairing.target
            payoff = PAYOFF[self.agents["camera"].index(camera), self.agents["target"].index(target)]
            rows = [invent_episode(block.pairing, seed, -payoff) for seed in block.seeds]
            Episode.objects.bulk_create(rows, ignore_conflicts=True)
            Block.objects.filter(pk=block.pk).update(state=BlockState.DONE, num_played=len(rows), seconds=1.0)
        organising.finish_if_complete(tournament)


@pytest.fixture
def laboratory(builtins) -> Laboratory:
    return Laboratory(builtins)


@pytest.fixture
def make_anytime(make_run) -> Callable[..., PsroRun]:
    def make(**changes: object) -> PsroRun:
        usual = {"kind": "anytime", "rounds": 3, "iterations": 3, "camera_training": ALIKE, "target_training": ALIKE}
        return make_run(**usual | changes)

    return make


def wanted(rounds: int, iterations: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Strategies of the pure loop over the same game."""
    game = MatrixGame(PAYOFF)
    grown = grow_anytime(
        [0], [0], lambda team, pool, weights, before: game.respond(team, pool, weights), game.play, rounds
    )
    return [(one.camera, one.target) for one in islice(grown, iterations + 1)]


def found(run: PsroRun) -> list[tuple[list[float], list[float]]]:
    return [(row.camera_strategy, row.target_strategy) for row in run.iterations.all()]


def same(run: PsroRun) -> bool:
    pairs = zip(found(run), wanted(run.rounds, run.iterations_wanted), strict=True)
    return all(
        np.allclose(one, other, atol=1e-9) for have, want in pairs for one, other in zip(have, want, strict=True)
    )


def test_its_strategies_are_those_of_the_pure_loop(make_anytime, laboratory):
    run = drive(make_anytime(), laboratory.work, most=400)
    assert (run.state, run.reason) == (PsroState.FINISHED, "It has all requested iterations: 3.")
    assert same(run)
    assert [row.rounds.count() for row in run.iterations.all()] == [0, 3, 3, 3]
    assert run.iterations.last().figures["nash_conv"] >= 0


def test_the_trainings_of_a_response_share_its_steps_and_continue_each_other(make_anytime, laboratory):
    run = drive(make_anytime(rounds=2, iterations=2), laboratory.work, most=400)
    first, second = run.iterations.filter(number__in=(1, 2))
    assert first.camera_training.steps_wanted == 900, "a single opponent leaves nothing to adjust"
    parts = [*(one.camera_training for one in first.rounds.all()), second.camera_training]
    assert [one.steps_wanted for one in parts] == [300, 300, 300]
    assert [one.start_from for one in parts] == [None, parts[0].agent, parts[1].agent]


@pytest.mark.parametrize("what", ["pause", "cancel", "training fails", "tournament is cancelled"])
def test_it_continues_where_it_was(make_anytime, laboratory, what):
    def is_there(run: PsroRun) -> bool:
        """Whether the second round of iteration 2 trains or plays, as `what` wants it."""
        one = working_on(run)
        is_round = run.iterations.last().number == 2 and hasattr(one, "is_over") and one.number == 2
        ready = one.tournament if what.startswith("tournament") else one.camera_training
        return bool(is_round and ready and not one.is_over)

    run = drive(make_anytime(), laboratory.work, is_there, most=400)
    if what == "training fails":
        TrainingRun.objects.filter(pk=working_on(run).camera_training_id).update(
            state=TrainingState.FAILED, error="Full."
        )
    elif what == "tournament is cancelled":
        organising.cancel_tournament(working_on(run).tournament)
    elif what == "pause":
        assert psro_runs.pause_run(run)
        assert {one.state for one in psro_runs.trainings_of(run)} == {TrainingState.PAUSED}
    else:
        assert psro_runs.cancel_run(run)
    while psro_runs.advance(run):
        run.refresh_from_db()
    run.refresh_from_db()
    assert run.state != PsroState.RUNNING
    assert psro_runs.resume_run(run)
    run = drive(run, laboratory.work, most=400)
    assert run.state == PsroState.FINISHED and same(run)


def test_a_waiting_run_is_not_opened(make_anytime, laboratory):
    def waits(run: PsroRun) -> bool:
        return bool(getattr(working_on(run), "is_over", None) is False and psro_runs.trainings_of(run))

    run = drive(make_anytime(), laboratory.work, waits, most=400)
    assert not psro_runs.due().exists() and not psro_runs.advance(run)
    trainings.cancel_training(psro_runs.trainings_of(run)[0])
    assert list(psro_runs.due()) == [run]


def test_a_fork_continues_the_responses_of_the_rounds(make_anytime, laboratory):
    run = drive(make_anytime(iterations=2), laboratory.work, most=400)
    fork = drive(psro_runs.fork_run(run, psro_runs.ForkRequest("Fork", 2, iterations=3)), laboratory.work, most=400)
    assert (fork.kind, fork.rounds) == ("anytime", 3) and same(fork)
    assert fork.iterations.get(number=3).camera_training.steps_wanted == 225


def test_what_cannot_be_is_refused(make_run):
    with pytest.raises(psro_runs.PsroRefused) as refusal:
        make_run(kind="sideways", rounds=0)
    assert {field for field, _ in refusal.value.problems} == {"kind", "rounds"}
