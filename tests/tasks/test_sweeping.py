"""The sweep re-issues the work of dead workers to live ones."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from tasks import playing, sweeping
from tournament import leaderboards, organising
from tournament.models import Block, BlockState, Cause, Tournament, TournamentState, Upload, UploadState, Worker

pytestmark = pytest.mark.django_db(transaction=True)


def expire(model, **changes):
    model.objects.update(leased_until=timezone.now() - timedelta(seconds=1), **changes)


def test_a_lease_that_has_run_out_is_reissued(make_tournament):
    make_tournament(episodes=2)
    late = playing.claim_block()
    expire(Block)
    assert sweeping.sweep().reissued == 1
    block = Block.objects.get()
    assert (block.state, block.token, block.attempts) == (BlockState.WAITING, late.token + 1, 1)


def test_a_lease_that_lasts_is_left_alone(make_tournament):
    make_tournament(episodes=2)
    playing.claim_block()
    assert sweeping.sweep().reissued == 0
    assert Block.objects.get().state == BlockState.LEASED


def test_a_block_that_workers_die_of_is_given_up_as_our_fault(make_tournament):
    make_tournament(episodes=2)
    playing.claim_block()
    expire(Block, attempts=sweeping.MAX_ATTEMPTS[Block])
    assert sweeping.sweep().given_up == 1
    block = Block.objects.get()
    assert (block.state, block.cause) == (BlockState.FAILED, Cause.PORTAL)
    assert "The worker was lost" in block.error


def test_an_upload_whose_worker_died_is_checked_again_and_never_blamed(django_user_model):
    owner = django_user_model.objects.create_user("ada")
    upload = Upload.objects.create(
        owner=owner, filename="a.zip", size=1, sha256="0", state=UploadState.CHECKING, attempts=1
    )
    expire(Upload)
    assert sweeping.sweep().reissued == 1
    expire(Upload, attempts=sweeping.MAX_ATTEMPTS[Upload], state=UploadState.CHECKING)
    sweeping.sweep()
    upload.refresh_from_db()
    assert upload.state == UploadState.FAILED
    assert "worker was lost" in upload.reason


def test_a_tournament_whose_last_worker_died_before_it_could_finish_it_is_finished(make_tournament):
    tournament = make_tournament(episodes=2)
    playing.play(playing.claim_block())
    assert sweeping.sweep().finished == 0  # the worker may be about to finish it
    Block.objects.update(finished=timezone.now() - timedelta(minutes=1))
    assert sweeping.sweep().finished == 1
    assert Tournament.objects.get(pk=tournament.pk).state == TournamentState.FINISHED


def test_what_a_cancelled_tournament_has_played_counts(make_tournament, settings):
    settings.ARENA_BLOCK_SIZE = 2
    tournament = make_tournament(episodes=4)
    playing.play(playing.claim_block())
    organising.cancel_tournament(tournament)
    sweeping.sweep()
    assert leaderboards.latest(tournament) is None  # its workers may still write episodes
    ago = timezone.now() - timedelta(seconds=10)
    Tournament.objects.update(created=ago, finished=ago)
    sweeping.sweep()
    boards = (tournament, tournament.scenario)
    assert [leaderboards.latest(board).num_episodes for board in boards] == [2, 2]


def test_workers_that_were_not_heard_of_for_a_day_are_forgotten():
    Worker.objects.create(name="old", seen=timezone.now() - timedelta(days=2))
    Worker.objects.create(name="new", seen=timezone.now())
    sweeping.sweep()
    assert [worker.name for worker in Worker.objects.all()] == ["new"]


def test_the_command_sweeps_once(make_tournament, capsys):
    make_tournament(episodes=2)
    playing.claim_block()
    expire(Block)
    call_command("sweep", "--once")
    assert "reissued=1" in capsys.readouterr().out


def test_a_part_of_the_sweep_that_fails_keeps_no_other_from_its_work(make_tournament, monkeypatch):
    def fail():
        raise RuntimeError("broken row")

    tournament = make_tournament(episodes=2)
    tournament.blocks.update(state=BlockState.DONE, finished=timezone.now() - timedelta(minutes=1))
    monkeypatch.setattr(sweeping, "advance_evaluations", fail)
    monkeypatch.setattr(sweeping, "advance_psro_runs", fail)
    assert sweeping.sweep().finished == 1


def test_a_tournament_that_cannot_be_finished_keeps_no_other_from_it(make_tournament, monkeypatch):
    broken, sound = make_tournament(episodes=2), make_tournament("random", episodes=2)
    Block.objects.update(state=BlockState.DONE, finished=timezone.now() - timedelta(minutes=1))
    refit = leaderboards.refit_tournament

    def fail_for_one(tournament):
        if tournament == broken:
            raise RuntimeError("broken row")
        return refit(tournament)

    monkeypatch.setattr(leaderboards, "refit_tournament", fail_for_one)
    assert sweeping.sweep().finished == 1
    sound.refresh_from_db()
    assert sound.state == TournamentState.FINISHED
