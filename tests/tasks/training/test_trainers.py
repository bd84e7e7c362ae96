"""Trainings under a trainer: followed, paused, lost and found, failed with a reason; the process is a quick
stand-in.
"""

import json
import os
import signal
import sys
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from tasks import processes, sweeping, training, workers
from tests.tasks.stand_in import COMMAND
from tests.tasks.training.conftest import folder_of, train
from tests.waiting import wait_for
from tournament import milestones, trainings
from tournament.models import Agent, TrainingRun, TrainingState, Worker

pytestmark = pytest.mark.django_db(transaction=True)


def test_trainers_serve_all_users_in_turn(ask, django_user_model):
    ada, bob = (django_user_model.objects.create_user(name) for name in ("ada", "bob"))
    for owner in (ada, ada, ada, bob):
        ask(owner=owner)
    owners = [training.claim_run().owner for _ in range(4)]
    assert owners == [ada, bob, ada, ada]


def pids(run):
    return [int(line) for line in (folder_of(run) / "pids.txt").read_text().split()]


def is_alive(pid):
    return bool(processes.identify(pid)) and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]


def test_a_training_waits_for_a_storage_that_is_away_at_no_cost(ask, monkeypatch):
    def fail(carrier):
        raise EndpointConnectionError(endpoint_url="https://storage")

    monkeypatch.setattr(workers.State, "trouble", "")
    monkeypatch.setattr(training.carrying.Carrier, "fetch", fail)
    run = train(ask())
    assert (run.state, run.attempts) == (TrainingState.WAITING, 0)
    assert run.error == workers.State.trouble == "The storage of files does not answer: EndpointConnectionError."
    monkeypatch.undo()
    TrainingRun.objects.update(leased_until=None)
    assert train(run).state == TrainingState.EVALUATING


def test_a_training_does_not_continue_what_another_with_its_number_has_left(ask):
    earlier, run = train(ask(iterations=9)), ask()
    folder_of(earlier).rename(folder_of(run))  # As if both had the same number, one before and one after a restore.
    run = train(run)
    assert (run.state, run.steps_done) == (TrainingState.EVALUATING, 500)
    assert len(pids(run)) == 1


def test_nothing_waits_and_nothing_is_done():
    assert not training.train_next()


def test_a_training_is_followed_to_its_end_and_its_milestones_become_unlisted_agents(ask):
    run = train(ask())
    assert (run.state, run.steps_done, run.error) == (TrainingState.EVALUATING, 500, "")
    assert [point.return_mean for point in run.points.all()] == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert [(row.iteration, row.steps) for row in run.milestones.all()] == [(2, 200), (4, 400), (5, 500)]
    assert not Agent.objects.filter(kind="checkpoint", is_listed=True).exists()
    assert "Training mappo as a stand-in" in run.log
    assert run.progress["remaining_seconds"] == 0.0


def test_what_is_not_a_number_is_left_out_of_the_curve(ask):
    run = train(ask(iterations=1))
    assert run.points.get().kl is None


def test_lines_that_cannot_be_read_are_passed_over(ask):
    run = train(ask("garbled", iterations=3))
    assert run.points.count() == 3


def test_the_process_is_told_the_opponent_and_the_cores_and_no_secrets(ask, settings, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "sqlite:////nowhere")
    settings.ARENA_TRAINING_CORES = 1
    run = train(ask(iterations=1))
    orders = json.loads((folder_of(run) / "configuration.json").read_text())
    assert orders["opponents"] == [{"name": "greedy", "weight": 1.0}]
    assert (orders["cores"], orders["steps"], orders["start_from"]) == (1, 100, None)
    assert "DATABASE_URL" not in processes.environment(os.environ)


def test_mixtures_and_weights_to_start_from_lie_in_the_folder(ask, scenario, builtins):
    first = train(ask(iterations=1, evaluation_episodes=0))
    assert first.agent.is_listed
    alike = {"hidden_sizes": [9, 7], "memory_size": 5}
    again = train(ask(iterations=1, start_from=first.agent, hyperparameters=alike))
    orders = json.loads((folder_of(again) / "configuration.json").read_text())
    assert (folder_of(again) / orders["start_from"]).exists()


def test_weights_of_another_network_are_refused_with_what_differs(ask):
    first = train(ask(iterations=1, evaluation_episodes=0))
    with pytest.raises(
        trainings.TrainingRefused, match="hidden sizes 9, 7 instead of 64, 64; memory size 5 instead of 64"
    ):
        ask(start_from=first.agent)


def test_a_failure_is_told_in_words_and_the_next_training_begins(ask):
    failing, next_one = ask("failing"), ask(iterations=1)
    run = train(failing)
    assert run.state == TrainingState.FAILED
    assert run.error == "The loss is not a number after iteration 2. Lower `learning_rate`."
    assert run.points.count() == 2
    assert train(next_one).state == TrainingState.EVALUATING


def test_a_process_that_is_killed_goes_on_from_its_state(ask, trainer):
    run = ask("slow", iterations=6)
    thread = trainer()
    wait_for(lambda: run.points.count() >= 2, "two points")
    os.kill(pids(run)[0], signal.SIGKILL)
    thread.join(30)
    run.refresh_from_db()
    assert run.state == TrainingState.WAITING
    assert "killed" in run.error and "goes on from its last state" in run.error
    done = run.steps_done
    TrainingRun.objects.update(leased_until=None)
    train(run)
    assert (run.state, run.steps_done, run.error) == (TrainingState.EVALUATING, 600, "")
    assert [point.iteration for point in run.points.all()] == [1, 2, 3, 4, 5, 6]
    assert 200 <= done < 600 and len(pids(run)) == 2


def test_a_training_is_followed_on_where_the_databases_server_is_started_again(ask, trainer, lose_connections):
    run = ask("slow", iterations=5000)
    trainer()
    wait_for(lambda: run.points.exists(), "a point")
    lose_connections()
    known = run.points.count()
    wait_for(lambda: run.points.count() > known, "another point")


def test_a_process_that_always_dies_at_the_same_place_is_given_up(ask):
    run = ask("dying")
    for _ in range(training.MAX_ATTEMPTS + 1):
        assert run.state == TrainingState.WAITING
        TrainingRun.objects.update(leased_until=None)
        train(run)
    assert run.state == TrainingState.FAILED
    assert "without any progress" in run.error
    assert run.points.count() == 2


def test_a_paused_training_stands_still_and_goes_on(ask, trainer):
    run = ask("slow", iterations=8)
    thread = trainer()
    wait_for(lambda: run.points.exists(), "a point")
    assert trainings.pause_training(run)
    thread.join(30)
    run.refresh_from_db()
    assert (run.state, run.wanted) == (TrainingState.PAUSED, "")
    assert not training.train_next()
    assert trainings.resume_training(run)
    assert train(run).state == TrainingState.EVALUATING
    assert run.points.count() == 8


def test_a_cancelled_training_ends_at_once_with_its_process(ask, trainer):
    run = ask("slow", iterations=5000)
    thread = trainer()
    wait_for(lambda: run.points.exists(), "a point")
    assert trainings.cancel_training(run)
    thread.join(10)
    assert not thread.is_alive() and not is_alive(pids(run)[0])
    run.refresh_from_db()
    assert run.state == TrainingState.CANCELLED


def test_a_trainer_that_is_asked_to_end_gives_the_training_back(ask, trainer):
    run = ask("slow", iterations=5000)
    thread = trainer()
    wait_for(lambda: run.points.exists(), "a point")
    workers.State.is_stopping = True
    thread.join(30)
    workers.State.is_stopping = False
    run.refresh_from_db()
    assert (run.state, run.attempts) == (TrainingState.WAITING, 0)


def test_a_training_that_was_extended_meanwhile_goes_on(ask, trainer):
    run = ask("slow", iterations=2)
    thread = trainer()
    wait_for(lambda: run.points.exists(), "a point")
    trainings.extend_training(run, 200)
    thread.join(30)
    run.refresh_from_db()
    assert run.state == TrainingState.WAITING
    assert train(run).steps_done == 400


def test_one_that_wants_more_cores_than_there_are_lets_others_pass(ask, settings):
    large = ask(cores=64)
    small = ask(iterations=1)
    settings.ARENA_TRAINING_CORES = 2
    assert train(small).state == TrainingState.EVALUATING
    assert not training.train_next()
    Worker.objects.create(name="trainer@here", seen=small.created, trains=True, cores=2)
    assert "asks for 64 cores, and the largest machine that trains has 2" in trainings.explain_waiting(large)


def test_a_full_disk_fails_it_before_it_begins_and_nothing_is_lost(ask, settings):
    settings.ARENA_TRAINING_FREE_BYTES = 10**18
    run = train(ask(iterations=2))
    assert run.state == TrainingState.FAILED
    assert "The disk of the portal's files is full" in run.error
    settings.ARENA_TRAINING_FREE_BYTES = 0
    assert trainings.resume_training(run)
    assert train(run).state == TrainingState.EVALUATING


def test_a_disk_that_becomes_full_stops_it_with_its_state_written(ask, trainer, settings):
    run = ask("slow", iterations=5000)
    thread = trainer()
    wait_for(lambda: run.points.exists(), "a point")
    settings.ARENA_TRAINING_FREE_BYTES = 10**18
    thread.join(30)
    run.refresh_from_db()
    assert run.state == TrainingState.FAILED and "full" in run.error
    assert json.loads((folder_of(run) / "outcome.json").read_text())["state"] == "paused"


def test_a_process_left_by_a_dead_trainer_is_ended_before_another_begins(ask, monkeypatch):
    """The new trainer finds the lock held, asks the holder to end, and only then starts its own."""
    run = ask("slow", iterations=3)
    folder = folder_of(run)
    folder.mkdir(parents=True)
    training.write_orders(run, folder)
    with processes.locked(folder) as lock:
        orphan = processes.TrainingProcess(folder, lock)
    wait_for(lambda: (folder / "progress.jsonl").exists(), "the orphan to train")
    assert train(run).state == TrainingState.EVALUATING
    assert len(pids(run)) == 2 and not is_alive(orphan.process.pid)
    iterations = [json.loads(line)["iteration"] for line in (folder / "progress.jsonl").read_text().splitlines()]
    assert iterations == [1, 2, 3]
    orphan.process.wait()


def test_a_process_that_does_not_end_when_asked_is_killed(ask):
    run = ask("stubborn", iterations=5000)
    folder = folder_of(run)
    folder.mkdir(parents=True)
    training.write_orders(run, folder)
    with processes.locked(folder) as lock:
        orphan = processes.TrainingProcess(folder, lock)
    wait_for(lambda: (folder / "progress.jsonl").exists(), "the orphan to train")
    with processes.locked(folder, patience=0.5):
        orphan.process.wait(5)


def test_a_stranger_with_the_number_of_a_dead_process_is_left_alone(tmp_path):
    """The lock names a process by its start too."""
    with processes.locked(tmp_path) as lock:
        os.pwrite(lock, f"{os.getpid()} 1 {processes.identify(os.getpid())[2]}".encode(), 0)
        with pytest.raises(processes.FolderBusy), processes.locked(tmp_path, patience=0.2):
            pytest.fail("the folder was had twice")


# With real processes


def environment(settings):
    return {
        "ARENA_TRAINING_COMMAND": " ".join(COMMAND),
        "ARENA_TRAINING_FREE_BYTES": "0",
        "ARENA_DATA": str(settings.DATA_DIR),
    }


def test_a_training_survives_a_killed_trainer_and_a_killed_process(ask, workers, settings):
    settings.MEDIA_ROOT = settings.DATA_DIR / "files"  # where other processes look
    run = ask("slow", iterations=12, evaluation_episodes=0)

    def start(name):
        return workers.run([sys.executable, "manage.py", "train", "--name", name], name, environment(settings))

    workers.start_sweep()
    trainer = start("one")
    for _ in range(2):
        before = run.points.count()
        wait_for(lambda before=before: run.points.count() > before, "a point")
        started = len(pids(run))
        os.kill(trainer.pid, signal.SIGKILL)
        trainer.wait()
        trainer = start("two")
        wait_for(lambda started=started: len(pids(run)) > started, "a process of the new trainer's")
        os.kill(pids(run)[-1], signal.SIGKILL)
    wait_for(lambda: TrainingRun.objects.get().state == TrainingState.FINISHED, "the end of the training")
    assert [point.iteration for point in run.points.all()] == list(range(1, 13))
    lines = (folder_of(run) / "progress.jsonl").read_text().splitlines()
    iterations = [json.loads(line)["iteration"] for line in lines]
    assert iterations == sorted(iterations)  # never two that write at once
    assert not any(is_alive(pid) for pid in pids(run))


def test_the_sweep_frees_a_training_whose_trainer_is_gone_and_gives_it_up_in_the_end(ask):
    from datetime import timedelta

    from django.utils import timezone

    run = ask()
    past = timezone.now() - timedelta(seconds=1)
    TrainingRun.objects.update(state=TrainingState.TRAINING, leased_until=past, attempts=1)
    assert sweeping.sweep().reissued == 1
    TrainingRun.objects.update(state=TrainingState.TRAINING, leased_until=past, attempts=10)
    assert sweeping.sweep().given_up == 1
    run.refresh_from_db()
    assert run.state == TrainingState.FAILED and "Resume tries it again" in run.error


@pytest.mark.one_database
def test_the_real_process_trains_and_its_agent_can_play(ask, settings):
    """RLlib on one core, a network of eight units, 200 steps."""
    from tasks import playing
    from tests.training.runs import TINY

    settings.ARENA_TRAINING_COMMAND = []
    run = train(ask(iterations=2, hyperparameters={**TINY, "memory": "none"}, evaluation_episodes=1, cores=1))
    assert (run.state, run.error) == (TrainingState.EVALUATING, ""), run.log
    assert run.points.count() == run.progress["iteration"] > 1
    assert run.points.latest("iteration").entropy > 0
    milestones.advance(run)
    run.refresh_from_db()
    game = run.milestone_tournament
    agents = list(game.cameras.all())
    assert agents and all(agent.architecture for agent in agents)
    assert playing.play_next()


@pytest.mark.one_database
def test_what_the_real_process_refuses_is_told_on_the_run(ask, settings):
    """A whole machine more cores than there are, on a machine that does not know it yet."""
    settings.ARENA_TRAINING_COMMAND = []
    settings.ARENA_TRAINING_CORES = 1000
    run = train(ask(cores=1000))
    assert run.state == TrainingState.FAILED
    assert "1000 cores" in run.error
