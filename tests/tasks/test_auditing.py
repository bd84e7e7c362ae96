"""A worker whose results are wrong is found, takes no more work, and what it played is played again."""

import errno
import math

import pytest
from django.utils import timezone

from tasks import admission, answers, auditing, playing, sweeping, turns, workers
from tests.trials import write_episodes
from tournament import leaderboards
from tournament.models import Audit, AuditState, Block, BlockState, Episode, Tally, TournamentState, Worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def fresh(monkeypatch, settings):
    settings.ARENA_BLOCK_SIZE = 2
    for name, value in {"problem": "", "looked": -math.inf}.items():
        monkeypatch.setattr(admission.LastAdmission, name, value)
    monkeypatch.setattr(workers.State, "answered", math.inf)
    for name in "abc":
        Worker.objects.create(name=name, seen=timezone.now())


@pytest.fixture
def act_as(monkeypatch):
    """Let this process be another worker, whose results may be wrong."""
    right = playing.as_row

    def act(name, is_wrong=False):
        def falsify(block, result):
            row = right(block, result)
            row.digest, row.normalised_reward = "bad" + row.digest[3:], row.normalised_reward + 1.0
            return row

        monkeypatch.setattr(workers.State, "name", name)
        monkeypatch.setattr(workers.State, "has_played", False)
        monkeypatch.setattr(playing, "as_row", falsify if is_wrong else right)

    return act


def play_all():
    while turns.do_next():
        pass


@pytest.fixture
def expected(make_tournament, act_as):
    """The table of the tournament as right workers play it."""
    tournament = make_tournament(episodes=6)
    play_all()
    table = write_episodes(tournament)
    Block.objects.all().delete()
    Episode.objects.all().delete()
    Audit.objects.all().delete()
    return table


def test_an_episode_of_a_workers_first_block_is_played_again_by_another(make_tournament, act_as):
    make_tournament(episodes=2)
    act_as("a")
    play_all()
    assert Audit.objects.get().state == AuditState.WAITING  # The worker that played the block cannot claim it.
    act_as("b")
    assert turns.do_next()
    assert not Audit.objects.exists()
    assert Tally.objects.get(name="audits_agreed").count == 1


def test_a_wrong_worker_is_found_and_the_table_becomes_right(make_tournament, act_as, expected):
    tournament = make_tournament(episodes=6, name="Wrong at first")
    act_as("a", is_wrong=True)
    play_all()
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.FINISHED and write_episodes(tournament) != expected
    act_as("b")
    play_all()
    assert not Worker.objects.exclude(quarantine="").exists()  # Two workers disagree, and no third has decided.
    act_as("c")
    play_all()
    assert [worker.name for worker in Worker.objects.exclude(quarantine="")] == ["a"]
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.FINISHED
    assert write_episodes(tournament) == expected
    assert set(tournament.blocks.values_list("worker", "state")) == {("c", BlockState.DONE)}
    newest = leaderboards.latest(tournament)
    assert newest.num_episodes == 6 and newest.table["cameras"]


def test_a_quarantined_worker_plays_no_more_and_its_late_results_are_refused(make_tournament, act_as):
    make_tournament(episodes=4)
    act_as("a")
    held = playing.claim_block()
    auditing.quarantine("a", "It was wrong.")
    playing.play(held)
    assert not Episode.objects.exists()
    assert not turns.do_next()
    act_as("b")
    admission.LastAdmission.looked = -math.inf
    assert turns.do_next()


def test_a_quarantine_holds_at_once(make_tournament, act_as):
    make_tournament(episodes=4)
    act_as("a")
    assert turns.do_next()  # It has just checked its storage.
    auditing.quarantine("a", "It was wrong.")
    assert not turns.do_next()


def test_what_a_worker_claimed_at_the_moment_of_its_quarantine_is_played_again(make_tournament, act_as, expected):
    tournament = make_tournament(episodes=6, name="Claimed at that moment")
    auditing.quarantine("a", "It was wrong.")
    act_as("a", is_wrong=True)
    while block := playing.claim_block():
        playing.play(block)
        playing.publishing.publish(tournament)
    assert write_episodes(tournament) != expected
    sweeping.sweep()
    act_as("b")
    play_all()
    assert write_episodes(tournament) == expected
    assert sweeping.auditing.void_late() == 0


def test_what_a_wrong_worker_began_and_another_finished_is_played_again(make_tournament, act_as):
    make_tournament(episodes=2)
    block = Block.objects.get()
    Block.objects.update(worker="a")
    act_as("b")
    claimed = playing.claim_block()
    right = playing.matches.play(
        playing.entries.load_scenario(block.pairing.scenario),
        playing.entries.load_spec(block.pairing.camera),
        playing.entries.load_spec(block.pairing.target),
        block.seeds[:1],
    )
    playing.as_row(claimed, right[0]).save()
    playing.play(claimed)
    assert auditing.quarantine("a", "It was wrong.") == 1
    assert Block.objects.get().state == BlockState.WAITING and not Episode.objects.exists()


def test_a_worker_of_another_engine_version_judges_nobody(make_tournament, act_as, monkeypatch):
    make_tournament(episodes=2)
    act_as("a")
    play_all()
    act_as("b")
    monkeypatch.setattr(leaderboards, "engine_version", lambda: "next")
    assert not turns.do_next()
    assert Audit.objects.get().state == AuditState.WAITING


def test_a_full_disk_costs_an_audit_no_attempt(make_tournament, act_as, monkeypatch):
    make_tournament(episodes=2)
    act_as("a")
    play_all()

    def fail(audit):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(auditing, "play", fail)
    monkeypatch.setattr(workers.State, "trouble", "")
    act_as("b")
    assert turns.do_next()
    audit = Audit.objects.get()
    assert (audit.state, audit.attempts) == (AuditState.WAITING, 0)
    assert workers.State.trouble == "The disk of this machine is full."


def test_with_nobody_to_compare_with_nothing_is_audited(make_tournament, act_as):
    Worker.objects.exclude(name="a").delete()
    make_tournament(episodes=2)
    act_as("a")
    play_all()
    assert not Audit.objects.exists()


def test_the_known_episodes_come_out_as_known():
    assert answers.find_wrong() == ""


def test_a_worker_that_finds_other_answers_quarantines_itself(make_tournament, act_as, monkeypatch):
    make_tournament(episodes=2)
    act_as("a")
    known = answers.Known("MATE-2v4-0", "greedy", "greedy", 1, "0" * 16)
    monkeypatch.setattr(answers, "KNOWN", {leaderboards.engine_version(): (known,)})
    monkeypatch.setattr(workers.State, "answered", -math.inf)
    assert not turns.do_next()
    assert "plays wrongly" in Worker.objects.get(name="a").quarantine
    assert Block.objects.get().attempts == 0
