"""Blocks are claimed, played and written; errors name their cause."""

import os
import re
from datetime import timedelta
from threading import Thread

import numpy as np
import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from mate.scenario import Scenario
from tasks import leases, playing, sweeping, workers
from tournament import drafts, leaderboards, new_scenarios, organising, psro_runs, trainings
from tournament.models import Block, BlockState, Cause, Episode, Tournament, TournamentState

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def small_blocks(settings):
    settings.ARENA_BLOCK_SIZE = 2


def play_all():
    while playing.play_next():
        pass


def test_playing_all_blocks_finishes_the_tournament(make_tournament):
    tournament = make_tournament("greedy random", "greedy", episodes=4)
    play_all()
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.FINISHED
    assert Episode.objects.count() == 8
    assert {block.state for block in tournament.blocks.all()} == {BlockState.DONE}


def test_an_agent_that_never_answers_holds_up_its_own_block_alone(make_tournament, monkeypatch, client):
    """The tournament's other blocks are played, counted and shown meanwhile; a later lease plays the stuck one."""
    tournament = make_tournament("greedy random", "greedy", episodes=4)
    monkeypatch.setattr(workers.State, "name", "stuck")
    stuck = playing.claim_block()
    monkeypatch.setattr(workers.State, "name", "free")
    play_all()
    states = dict(tournament.blocks.values_list("pk", "state"))
    assert states.pop(stuck.pk) == BlockState.LEASED and set(states.values()) == {BlockState.DONE}
    assert organising.progress(tournament).done == tournament.num_episodes - stuck.num_episodes
    page = client.get(reverse("tournament", args=[tournament.pk])).content.decode()
    assert f"<strong>{tournament.num_episodes - stuck.num_episodes}</strong>" in page
    Block.objects.filter(pk=stuck.pk).update(leased_until=timezone.now() - timedelta(seconds=1))
    sweeping.sweep()
    play_all()
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.FINISHED


def test_episodes_say_who_sent_and_received_how_many_messages(make_tournament):
    make_tournament("greedy random", "greedy", episodes=2)
    play_all()
    for episode in Episode.objects.select_related("pairing__camera", "pairing__scenario"):
        sent, received = (
            [int(number) for number in text.split()]
            for text in (episode.camera_edges_sent, episode.camera_edges_received)
        )
        assert len(sent) == len(received) == episode.pairing.scenario.num_cameras
        assert sum(sent) == sum(received)
        assert (sum(sent) > 0) == (episode.pairing.camera.spec["name"] == "greedy")


def test_a_scenario_of_ones_own_is_played_to_a_board_and_trained_in_like_any_other(make_tournament, builtins):
    document = drafts.to_document(Scenario.load("MATE-2v4-0")) | {"message_dropout": 0.5, "max_episode_steps": 50}
    own, _ = new_scenarios.add(document | {"obstacle": {"location": [[0, 400]], "radius": 60}}, "Own", None)
    tournament = make_tournament("greedy heuristic", "greedy", episodes=2, scenario=own)
    play_all()
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.FINISHED
    assert leaderboards.latest(own).num_episodes == 4
    settings = trainings.TrainingSettings("mappo", steps=10_000)
    run = trainings.create_training(
        trainings.TrainingRequest("Learner", own, "camera", "mappo", builtins["target", "greedy"], steps=10_000)
    )
    psro = psro_runs.create_run(
        psro_runs.PsroRequest(
            "Growing", own, [builtins["camera", "random"]], [builtins["target", "random"]], settings, settings
        )
    )
    assert run.scenario == psro.scenario == own


def test_a_finished_tournament_has_its_ratings_published(make_tournament):
    tournament = make_tournament("greedy random", "greedy", episodes=4)
    play_all()
    for board in (tournament, tournament.scenario):
        snapshot = leaderboards.latest(board)
        assert snapshot.num_episodes == 8
        assert len(snapshot.table["cameras"]) == 2


def test_a_longer_tournament_plays_only_what_is_new(make_tournament):
    make_tournament(episodes=3)
    play_all()
    longer = make_tournament(episodes=5)
    assert longer.num_reused == 3
    assert sum(block.num_episodes for block in longer.blocks.all()) == 2
    play_all()
    longer.refresh_from_db()
    assert longer.state == TournamentState.FINISHED
    assert leaderboards.latest(longer).num_episodes == 5


def test_a_tournament_whose_episodes_all_exist_is_finished_when_made(make_tournament):
    make_tournament(episodes=4)
    play_all()
    again = make_tournament(episodes=3)
    assert again.state == TournamentState.FINISHED
    assert again.blocks.count() == 0
    assert leaderboards.latest(again).num_episodes == 3


def test_episodes_that_another_tournament_has_played_meanwhile_are_not_played_again(make_tournament, monkeypatch):
    first, second = make_tournament(episodes=2), make_tournament(episodes=2)
    assert playing.play_next()
    monkeypatch.setattr(
        playing.matches, "play", lambda *arguments, **options: pytest.fail("played") if arguments[3] else []
    )
    assert playing.play_next()
    for tournament in (first, second):
        tournament.refresh_from_db()
        assert tournament.state == TournamentState.FINISHED
    assert second.blocks.get().seconds == 0.0  # which is no measure of how long they take


def test_workers_share_themselves_among_tournaments(make_tournament):
    large = make_tournament("greedy naive", "greedy", episodes=8)
    small = make_tournament("random", "heuristic", episodes=2)
    assert playing.claim_block().tournament == large
    assert playing.claim_block().tournament == small


def test_a_small_tournament_beside_large_ones_gets_its_turns(make_tournament):
    """There are fewer workers than tournaments: each free worker finds two tournaments that nobody plays."""
    large = [make_tournament("greedy", name, episodes=100) for name in ("greedy", "naive")]
    held = [playing.claim_block() for _ in large]
    small = make_tournament("random", "greedy", episodes=6)
    claimed = []
    for _ in range(7):
        leases.write(held.pop(0), state=BlockState.DONE)
        held.append(playing.claim_block())
        claimed.append(held[-1].tournament)
    assert claimed.count(small) == 3  # All of its blocks; the others shared the rest.
    assert {claimed.count(one) for one in large} == {2}


def test_users_share_the_time_of_a_worker_and_not_its_blocks(make_tournament, django_user_model):
    owners = [django_user_model.objects.create_user(name) for name in ("ada", "bob")]
    large = make_tournament("greedy", "naive", episodes=100, owner=owners[0])
    small = make_tournament("random", "greedy", episodes=6, owner=owners[1])
    claimed = []
    for _ in range(5):
        block = playing.claim_block()
        claimed.append(block.tournament)
        leases.write(block, state=BlockState.DONE, seconds=60.0 if block.tournament == large else 0.1)
    assert claimed == [large, small, small, small, large]


def test_users_share_the_workers_equally(make_tournament, django_user_model):
    ada, bob = (django_user_model.objects.create_user(name) for name in ("ada", "bob"))
    for number in range(3):
        make_tournament("greedy", "greedy", episodes=100, base_seed=1000 * number, owner=ada)
    make_tournament("random", "greedy", episodes=100, owner=bob)
    owners = [playing.claim_block().tournament.owner for _ in range(8)]
    assert (owners.count(ada), owners.count(bob)) == (4, 4)


@pytest.mark.parametrize("column", ["engine", "device"])
def test_what_another_engine_or_device_plays_is_left_to_it_and_costs_no_attempt(make_tournament, column):
    tournament = make_tournament(episodes=2)
    Tournament.objects.update(**{column: "another"})
    assert not playing.play_next()
    block = tournament.blocks.get()
    assert (block.state, block.attempts, block.error) == (BlockState.WAITING, 0, "")


def test_a_claim_is_one_update_and_scans_no_waiting_blocks(make_tournament):
    tournament = make_tournament(episodes=2)
    if connection.vendor == "postgresql":
        block = {"tournament": tournament, "pairing": tournament.pairings.get(), "seeds": [], "num_episodes": 0}
        Block.objects.bulk_create([Block(**block) for _ in range(20_000)], batch_size=5000)
    with CaptureQueriesContext(connection) as asked, connection.cursor() as cursor:
        cursor.execute("ANALYZE" if connection.vendor == "postgresql" else "SELECT 1")
        assert playing.claim_block() is not None
    sent = [query["sql"] for query in asked]
    assert sum(sql.startswith("UPDATE") for sql in sent) == 1
    explain = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        for sql in (one for one in sent if one.startswith("SELECT") and "tournament_block" in one):
            cursor.execute(f"{explain} {sql}")
            plan = "\n".join(str(row[-1]) for row in cursor.fetchall())
            assert not re.search(r"Seq Scan on tournament_block|SCAN tournament_block", plan), plan


def test_a_disk_that_is_full_costs_no_attempt_and_the_block_waits(make_tournament, monkeypatch):
    def fail(*arguments, **options):
        os.write(os.open("/dev/full", os.O_WRONLY), b"x")

    tournament = make_tournament(episodes=2)
    monkeypatch.setattr(playing.matches, "play", fail)
    for _ in range(playing.MAX_ATTEMPTS + 1):
        tournament.blocks.update(leased_until=None)
        assert playing.play_next()
        block = tournament.blocks.get()
        assert (block.state, block.attempts) == (BlockState.WAITING, 0)
    assert "disk of this machine is full" in block.error
    assert "disk of this machine is full" in workers.State.trouble
    monkeypatch.undo()
    tournament.blocks.update(leased_until=None)
    play_all()
    assert tournament.blocks.get().error == ""
    assert workers.State.trouble == ""


def test_a_database_whose_server_is_started_again_costs_no_attempt_and_no_episode(make_tournament, lose_connections):
    tournament = make_tournament("random", "random", episodes=24)
    Block.objects.all().delete()
    Block.objects.create(
        tournament=tournament, pairing=tournament.pairings.get(), seeds=list(range(24)), num_episodes=24
    )
    block = playing.claim_block()

    def play():
        playing.play(block)
        connections.close_all()

    player = Thread(target=play)
    player.start()
    for _ in range(8):  # Not until the end: on a slow machine nothing would be done between two losses.
        lose_connections()
        player.join(0.2)
    player.join(60)
    assert not player.is_alive()
    # A connection that is lost before the first step sends the block back to wait, as if nobody had claimed it.
    tournament.blocks.filter(state=BlockState.WAITING, attempts=0).update(leased_until=None)
    play_all()
    block = tournament.blocks.get()
    assert (block.state, block.attempts, block.error) == (BlockState.DONE, 1, "")
    assert Episode.objects.count() == 24


def test_a_block_cancelled_while_it_is_played_writes_nothing_more(make_tournament):
    tournament = make_tournament(episodes=2)
    block = playing.claim_block()
    organising.cancel_tournament(tournament)
    playing.play(block)
    assert Episode.objects.count() == 0
    assert tournament.blocks.get().state == BlockState.CANCELLED


def test_a_late_worker_with_an_old_token_changes_nothing(make_tournament):
    make_tournament(episodes=2)
    late = playing.claim_block()
    leases.reissue(type(late).objects.all(), type(late))
    current = playing.claim_block()
    playing.play(late)
    current.refresh_from_db()
    assert (current.state, current.num_played, Episode.objects.count()) == (BlockState.LEASED, 0, 0)
    playing.play(current)
    assert Episode.objects.count() == 2


def test_a_worker_that_is_asked_to_end_gives_its_block_back(make_tournament, monkeypatch):
    tournament = make_tournament(episodes=2)
    block = playing.claim_block()
    monkeypatch.setattr(workers.State, "is_stopping", True)
    playing.play(block)
    block = tournament.blocks.get()
    assert (block.state, block.attempts, block.error) == (BlockState.WAITING, 0, "")


def test_an_error_of_ours_is_tried_again_later_and_then_final(make_tournament, monkeypatch):
    def fail(*arguments, **options):
        raise OSError("disk full")

    tournament = make_tournament(episodes=2)
    monkeypatch.setattr(playing.matches, "play", fail)
    for attempt in range(1, playing.MAX_ATTEMPTS + 1):
        tournament.blocks.update(leased_until=None)
        assert playing.play_next()
        block = tournament.blocks.get()
        assert (block.attempts, block.cause) == (attempt, Cause.PORTAL)
        assert "disk full" in block.error
    assert block.state == BlockState.FAILED
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.FAILED
    assert Episode.objects.count() == 0


def test_a_block_that_waits_for_another_attempt_is_not_taken_before_its_time(make_tournament, monkeypatch):
    tournament = make_tournament(episodes=2)
    playing.fail(playing.claim_block(), Cause.PORTAL, "trouble")
    assert tournament.blocks.get().state == BlockState.WAITING
    assert playing.claim_block() is None


def test_an_agents_error_is_final_at_once_and_no_lost_match(make_tournament, monkeypatch):
    tournament = make_tournament(episodes=2)
    agent = tournament.cameras.get()
    agent.spec = {"kind": "checkpoint", "team": "camera", "checkpoint": "0" * 64, "deterministic": False}
    agent.save()

    class Broken:
        def reset(self, slots, keys, observations): ...

        def act(self, observations, actions, active):
            actions[...] = np.nan

    from tournament import agents

    load = agents.load
    monkeypatch.setattr(
        agents, "load", lambda spec, *rest: Broken() if isinstance(spec, agents.LearnedAgent) else load(spec, *rest)
    )
    assert playing.play_next()
    block = tournament.blocks.get()
    assert (block.state, block.cause, block.attempts) == (BlockState.FAILED, Cause.CAMERA, 1)
    assert "not a finite number" in block.error
    assert Episode.objects.count() == 0
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.FAILED


def test_failed_blocks_can_be_tried_once_more(make_tournament):
    tournament = make_tournament(episodes=2)
    block = playing.claim_block()
    playing.fail(block, Cause.TARGET, "trouble")
    organising.finish_if_complete(tournament)
    assert organising.retry_failed_blocks(tournament) == 1
    play_all()
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.FINISHED


def test_progress_counts_reused_and_played_episodes(make_tournament):
    make_tournament(episodes=2)
    play_all()
    tournament = make_tournament(episodes=6)
    assert playing.play_next()
    progress = organising.progress(tournament)
    assert (progress.done, progress.total, progress.reused, progress.failed) == (4, 6, 2, 0)
    play_all()
    tournament.refresh_from_db()
    progress = organising.progress(tournament)
    assert (progress.done, progress.seconds_left, progress.fraction) == (6, 0.0, 1.0)


def test_progress_knows_rate_and_time_left_while_a_worker_plays(make_tournament):
    tournament = make_tournament(episodes=6)
    assert playing.play_next()
    playing.claim_block()
    progress = organising.progress(tournament)
    assert progress.workers == 1
    assert progress.rate > 0
    assert progress.seconds_left == pytest.approx(4 / progress.rate)
