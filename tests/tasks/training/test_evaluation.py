"""The milestones of a training are played, the best is played again and becomes an agent."""

import json

import pytest

import mate as game
from tasks import training
from tests.tasks.training.conftest import train
from tournament import entries, milestones, trainings
from tournament.models import TournamentState, TrainingState

pytestmark = pytest.mark.django_db(transaction=True)


def play_all():
    from tasks import playing

    while playing.play_next():
        pass


def test_milestones_are_played_the_best_is_played_again_and_becomes_an_agent(ask):
    run = train(ask(iterations=3))
    assert milestones.advance(run)
    run.refresh_from_db()
    tournament = run.milestone_tournament
    assert (tournament.purpose, tournament.cameras.count(), tournament.targets.count()) == ("milestone", 2, 4)
    assert not milestones.advance(run)  # it is being played
    pretend_to_play(tournament)
    assert milestones.advance(run)
    run.refresh_from_db()
    best = run.milestones.latest("payoff")
    assert best.error > 0 and best.num_episodes == 2
    assert run.reevaluation.purpose == "reevaluation"
    assert run.reevaluation.base_seed != tournament.base_seed
    assert set(run.reevaluation.cameras.values_list("name", flat=True)) == {best.agent.name, "Greedy"}
    pretend_to_play(run.reevaluation)
    assert milestones.advance(run)
    run.refresh_from_db()
    assert milestones.advance(run)
    run.refresh_from_db()
    assert (run.state, run.agent_id) == (TrainingState.FINISHED, best.agent_id)
    assert run.agent.is_listed and run.agent.name == "Learner"
    assert run.agent.provenance["training"] == run.pk
    assert run.agent.provenance["configuration"]["steps"] == 300
    assert {"engine", "opponent", "iteration", "steps"} & set(run.agent.provenance) >= {
        "opponent",
        "iteration",
        "steps",
    }
    first = run.result["against"][0]
    assert first["opponent"] == "greedy-target"
    assert first["low"] < first["mean"] < first["high"] and first["episodes"] == 8
    assert first["gain"]["episodes"] == 4  # half of the seeds are shared by all cameras


def test_milestones_are_judged_in_all_scenarios_of_the_training(ask):
    # The stand-in's agents have one size, so these differ from the first in their length alone.
    short, long = (
        entries.keep_scenario(game.Scenario.load("MATE-2v4-0", max_episode_steps=steps), f"{steps} steps")
        for steps in (100, 200)
    )
    run = train(ask(iterations=2, more_scenarios=[short], test_scenarios=[long]))
    seen, unseen = short, long
    orders = json.loads((training.folder_of(run) / "configuration.json").read_text())
    assert [one["name"] for one in orders["more_scenarios"]] == [seen.name] == ["100 steps"]
    assert milestones.advance(run)
    run.refresh_from_db()
    first = list(run.transfers.all())
    assert {one.scenario for one in first} == {seen, unseen}
    pretend_to_play(run.milestone_tournament)
    assert not milestones.advance(run)  # the others are being played
    for one in first:
        pretend_to_play(one)
    assert milestones.advance(run)
    run.refresh_from_db()
    for one in (run.reevaluation, *run.transfers.all()):
        pretend_to_play(one)
    assert milestones.advance(run)
    run.refresh_from_db()
    lines = run.result["scenarios"]
    assert [(one["scenario"], one["is_trained"]) for one in lines] == [(seen.slug, True), (unseen.slug, False)]
    assert all(one["low"] < one["mean"] < one["high"] and one["gain"]["episodes"] > 1 for one in lines)


def pretend_to_play(tournament):
    """Invented episodes for all blocks."""
    from django.utils import timezone

    from tests.tournament.conftest import invent_episode
    from tournament import organising
    from tournament.models import Block, BlockState, Episode

    for block in tournament.blocks.all():
        Episode.objects.bulk_create(
            [invent_episode(block.pairing, seed, (seed % 97) / 97) for seed in block.seeds], ignore_conflicts=True
        )
        Block.objects.filter(pk=block.pk).update(
            state=BlockState.DONE, num_played=len(block.seeds), seconds=1.0, finished=timezone.now()
        )
    organising.finish_if_complete(tournament)


def test_a_cancelled_evaluation_fails_the_training_and_can_be_had_again(ask):
    from tournament import organising

    run = train(ask(iterations=1))
    milestones.advance(run)
    run.refresh_from_db()
    organising.cancel_tournament(run.milestone_tournament)
    milestones.advance(run)
    run.refresh_from_db()
    assert run.state == TrainingState.FAILED and "was cancelled" in run.error
    trainings.resume_training(run)
    assert train(run).state == TrainingState.EVALUATING
    assert milestones.advance(run)


def test_without_episodes_the_last_milestone_is_the_agent(ask):
    run = train(ask(evaluation_episodes=0))
    assert (run.state, run.result["iteration"]) == (TrainingState.FINISHED, 5)
    assert run.agent.is_listed


def test_an_agent_made_for_a_purpose_is_not_listed(ask):
    run = train(ask(evaluation_episodes=0, purpose="psro"))
    assert run.state == TrainingState.FINISHED and not run.agent.is_listed


def test_cancelling_an_evaluation_cancels_its_tournament(ask):
    run = train(ask(iterations=1))
    milestones.advance(run)
    run.refresh_from_db()
    trainings.cancel_training(run)
    run.milestone_tournament.refresh_from_db()
    assert run.milestone_tournament.state == TournamentState.CANCELLED
