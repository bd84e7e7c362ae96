"""Milestones: which are played, what their figures are, and who sees them.

Their whole way is told in tests/tasks/training/.
"""

import numpy as np
import pytest

from tests.policies.checkpoints import make_checkpoint
from tournament import entries, leaderboards, measuring, milestones, organising, queries, trainings
from tournament.models import Milestone, TrainingState
from tournament.payoffs import Episodes, MetaGame


@pytest.mark.parametrize(
    ("count", "most", "chosen"),
    [(3, 10, [1, 2, 3]), (20, 4, [1, 7, 14, 20]), (5, 1, [5]), (0, 10, [])],
)
def test_of_many_milestones_some_at_even_distances_are_played_with_the_last(count, most, chosen):
    assert milestones.choose_evenly(range(1, count + 1), most) == chosen


def test_an_interval_is_students():
    found = measuring.estimate(np.array([1.0, 2.0, 3.0]))
    assert (found.mean, found.episodes) == (2.0, 3)
    assert found.error == pytest.approx(1 / np.sqrt(3))
    assert found.high - found.mean == pytest.approx(4.3027 * found.error, rel=1e-4)


def test_one_number_has_no_interval():
    assert measuring.estimate(np.array([0.5])) == measuring.MeanEstimate(0.5, None, None, None, 1)


def test_about_95_percent_of_intervals_hold_the_truth():
    random = np.random.default_rng(0)
    found = [measuring.estimate(random.normal(1.0, 2.0, 8)) for _ in range(4000)]
    share = np.mean([one.low <= 1.0 <= one.high for one in found])
    assert 0.94 < share < 0.96


@pytest.fixture
def run(scenario, builtins):
    return trainings.create_training(
        trainings.TrainingRequest("Learner", scenario, "camera", "mappo", builtins["target", "greedy"])
    )


@pytest.fixture
def learner(run):
    """An unlisted agent of the run."""
    agent = entries.register_checkpoint(make_checkpoint(), "Learner, iteration 2", None, is_listed=False)
    Milestone.objects.create(run=run, iteration=2, steps=200, agent=agent)
    return agent


def test_payoffs_are_those_of_the_agents_own_team(learner, builtins):
    greedy = builtins["target", "greedy"]
    episodes = Episodes(np.array([0, 0]), np.array([0, 0]), np.array([5, 6]), np.array([0.3, 0.5]))
    game = MetaGame.from_episodes([learner.digest], [greedy.digest], episodes)
    assert milestones.payoffs_of(game, learner, greedy) == {5: -0.3, 6: -0.5}
    assert milestones.payoffs_of(game, greedy, learner) == {5: 0.3, 6: 0.5}


def test_milestones_are_in_no_list_and_on_no_leaderboard_until_one_is_chosen(
    run, learner, scenario, builtins, pretend_to_play
):
    type(learner).objects.filter(pk=learner.pk).update(num_obstacles=0)
    field = [type(learner).objects.get(pk=learner.pk), builtins["camera", "greedy"]]
    tournament = organising.create_tournament(
        organising.TournamentRequest(
            "Milestones", scenario, field, [builtins["target", "greedy"]], 4, purpose="milestone"
        )
    )
    pretend_to_play(tournament)
    organising.finish_if_complete(tournament)
    assert learner not in queries.find_agents("camera")
    assert learner.digest not in leaderboards.played_in(scenario).meta_game().cameras
    assert learner.digest in leaderboards.meta_game_of_tournament(tournament).cameras
    assert leaderboards.count_episodes(scenario) == 4
    type(learner).objects.filter(pk=learner.pk).update(is_listed=True)
    assert learner.digest in leaderboards.played_in(scenario).meta_game().cameras
    assert leaderboards.refit(scenario).num_episodes == 8


def test_the_address_of_a_milestone_is_named_as_the_agent_that_it_may_become(run, tmp_path):
    (tmp_path / "milestones").mkdir()
    make_checkpoint().save(tmp_path / "milestones" / "000052.zip")
    (agent,) = milestones.enter_milestones(run, tmp_path)
    assert agent.name == "Learner, iteration 52"
    assert agent.slug == f"learner-{agent.digest[:12]}"


def test_seeds_of_milestones_their_re_evaluation_and_other_runs_differ(run, scenario, builtins):
    other = trainings.create_training(
        trainings.TrainingRequest("Learner", scenario, "camera", "mappo", builtins["target", "greedy"])
    )
    found = {
        milestones.evaluation_seed(one, purpose) for one in (run, other) for purpose in ("milestone", "reevaluation")
    }
    assert len(found) == 4 and all(0 <= seed < 2**63 for seed in found)
    assert milestones.evaluation_seed(run, "milestone") == milestones.evaluation_seed(run, "milestone")


def test_a_training_without_milestones_fails_with_what_to_do(run):
    type(run).objects.update(state=TrainingState.EVALUATING)
    run.refresh_from_db()
    assert milestones.advance(run)
    run.refresh_from_db()
    assert run.state == TrainingState.FAILED and "Extend it" in run.error
    assert not milestones.advance(run)
