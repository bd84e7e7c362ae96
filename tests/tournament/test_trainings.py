"""Trainings as they are asked for and changed; how they run is told in tests/tasks/training/."""

import pytest

from tests.policies.checkpoints import make_checkpoint
from tournament import agents, entries, trainings
from tournament.models import Agent, TrainingRun, TrainingState


@pytest.fixture
def ask(scenario, builtins):
    def ask(**more):
        opponent = more.pop("opponent", builtins["target", "greedy"])
        return trainings.create_training(
            trainings.TrainingRequest("Learner", scenario, "camera", "hrl-mappo", opponent, **more)
        )

    return ask


@pytest.fixture
def mixture(db):
    """A mixture of greedy targets, a checkpoint, and a mixture of both."""
    row = entries.register_checkpoint(make_checkpoint(team="target"), "Runner", None)
    greedy, learned = agents.Builtin("target", "greedy"), entries.load_spec(row)
    inner = agents.Mixture("target", ((0.5, greedy), (0.5, learned)))
    spec = agents.Mixture("target", ((0.25, greedy), (0.25, learned), (0.5, inner)))
    return Agent.objects.create(
        digest=spec.digest, team="target", kind="mixture", name="Both", slug="both", spec=spec.to_json()
    )


def test_a_training_is_kept_with_every_hyperparameter(ask):
    run = ask(hyperparameters={"gamma": 0.5}, steps=1000, purpose="psro")
    assert (run.state, run.steps_wanted, run.purpose) == (TrainingState.WAITING, 1000, "psro")
    values = run.configuration["hyperparameters"]
    assert values["gamma"] == 0.5 and len(values) > 20


def test_members_of_mixtures_of_mixtures_are_met_by_their_weights(mixture):
    opponents = trainings.list_opponents(mixture)
    assert sorted(one["weight"] for one in opponents) == [0.5, 0.5]
    assert {"name", "checkpoint"} == {key for one in opponents for key in one} - {"weight"}


def test_a_checkpoint_that_plays_its_best_action_is_met_doing_so():
    sampling, best = (trainings.place_of(agents.LearnedAgent("target", "a" * 64, mode)) for mode in (False, True))
    assert sampling != best and best.endswith("-deterministic.zip")


def test_all_that_is_wrong_is_told_at_once_with_its_fields(ask, builtins):
    with pytest.raises(trainings.TrainingRefused) as refused:
        ask(opponent=builtins["camera", "greedy"], steps=0, evaluation_episodes=-1, hyperparameters={"gamma": 2})
    assert {field for field, _ in refused.value.problems} == {"opponent", "steps", "evaluation_episodes", "gamma"}
    assert not TrainingRun.objects.exists()


def test_a_name_is_needed(scenario, builtins):
    with pytest.raises(trainings.TrainingRefused, match="needs a name"):
        trainings.create_training(
            trainings.TrainingRequest(" ", scenario, "camera", "mappo", builtins["target", "greedy"])
        )


@pytest.mark.parametrize(
    ("state", "may"),
    [
        ("waiting", {"pause", "extend", "cancel"}),
        ("training", {"pause", "extend", "cancel"}),
        ("paused", {"resume", "extend", "cancel"}),
        ("evaluating", {"cancel"}),
        ("finished", {"extend"}),
        ("cancelled", {"resume"}),
        ("failed", {"resume", "extend", "cancel"}),
    ],
)
def test_what_can_be_done_depends_on_the_state(ask, state, may):
    def extend(run):
        try:
            trainings.extend_training(run, 10)
        except trainings.TrainingRefused:
            return False
        return True

    changes = {
        "pause": trainings.pause_training, "resume": trainings.resume_training,
        "extend": extend, "cancel": trainings.cancel_training,
    }  # fmt: skip
    run = ask()
    done = set()
    for name, change in changes.items():
        TrainingRun.objects.update(state=state, wanted="")
        if change(run):
            done.add(name)
    assert done == may


@pytest.mark.parametrize("steps", [0, -1, 10**13, True])
def test_an_impossible_extension_changes_nothing(ask, steps):
    run = ask(steps=100)
    with pytest.raises(trainings.TrainingRefused):
        trainings.extend_training(run, steps)
    run.refresh_from_db()
    assert run.steps_wanted == 100
