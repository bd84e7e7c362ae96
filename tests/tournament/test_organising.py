"""Tournaments are made with care, followed, cancelled and finished."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.tournament.conftest import invent_episode
from tournament import contents, entries, organising, seeds
from tournament.models import Agent, Block, BlockState, Cause, Episode, Pairing, TournamentState, Worker
from tournament.organising import TournamentRefused

pytestmark = pytest.mark.django_db


def test_a_round_robin_has_every_pairing_once(make_tournament):
    tournament = make_tournament("greedy random", "greedy naive random", episodes=5)
    assert tournament.pairings.count() == Pairing.objects.count() == 6
    assert (tournament.num_episodes, tournament.num_reused, tournament.state) == (30, 0, TournamentState.PLAYING)


def test_blocks_hold_exactly_the_seeds_of_the_tournament(make_tournament, settings):
    settings.ARENA_BLOCK_SIZE = 3
    tournament = make_tournament("greedy random", "greedy", episodes=8, base_seed=77)
    for pairing in tournament.pairings.all():
        blocks = tournament.blocks.filter(pairing=pairing)
        assert [block.num_episodes for block in blocks] == [3, 3, 2]
        agents = tournament.scenario.digest, pairing.camera.digest, pairing.target.digest
        wanted = [seeds.episode_seed(77, *agents, number) for number in range(8)]
        assert [seed for block in blocks for seed in block.seeds] == wanted == contents.seeds_of(tournament, pairing)


def test_every_pairing_has_its_first_block_before_any_has_its_second(make_tournament, settings):
    settings.ARENA_BLOCK_SIZE = 2
    tournament = make_tournament("greedy random", "greedy naive", episodes=4)
    pairings = [block.pairing_id for block in tournament.blocks.order_by("id")]
    assert sorted(pairings[:4]) == sorted(pairings[4:])
    assert len(set(pairings[:4])) == 4


def test_pairings_are_shared_between_tournaments(make_tournament):
    first, second = make_tournament(), make_tournament("greedy random", "greedy")
    assert first.pairings.get() in second.pairings.all()


def test_existing_episodes_are_reused_whoever_played_them(make_tournament, pretend_to_play):
    pretend_to_play(make_tournament("greedy", "greedy", episodes=6))
    tournament = make_tournament("greedy random", "greedy", episodes=8)
    assert tournament.num_reused == 6
    assert sum(block.num_episodes for block in tournament.blocks.all()) == 10


def test_no_seed_of_a_pairing_is_played_twice(make_tournament, pretend_to_play):
    """Neither within a tournament, nor where a longer one repeats it, nor where two workers write one result."""
    make = [make_tournament(episodes=count) for count in (6, 6)] + [make_tournament(episodes=9)]
    for tournament in make:
        for block in tournament.blocks.all():
            assert len(set(block.seeds)) == len(block.seeds)
        pretend_to_play(tournament)
    seeds = list(Episode.objects.values_list("seed", flat=True))
    assert len(seeds) == len(set(seeds)) == 9
    with pytest.raises(IntegrityError), transaction.atomic():
        invent_episode(Pairing.objects.get(), seeds[0]).save()


def test_another_base_seed_reuses_nothing(make_tournament, pretend_to_play):
    pretend_to_play(make_tournament(episodes=6))
    assert make_tournament(episodes=6, base_seed=1).num_reused == 0


def test_episodes_of_another_engine_version_are_not_reused(make_tournament, pretend_to_play):
    tournament = make_tournament(episodes=6)
    pretend_to_play(tournament)
    tournament.pairings.get().episodes.update(engine="0")
    assert make_tournament(episodes=6).num_reused == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"episodes": 0}, "Episodes a pairing .* is 0"),
        ({"episodes": 10_001}, "1 to 10,000"),
        ({"name": "  "}, "needs a name"),
        ({"name": "x" * 121}, "needs a name"),
        ({"base_seed": -1}, "base seed"),
        ({"base_seed": 2**63}, "base seed"),
        ({"cameras": ""}, "camera field is empty"),
        ({"targets": ""}, "target field is empty"),
    ],
)
def test_what_makes_no_sense_is_refused(make_tournament, changes, reason):
    with pytest.raises(TournamentRefused, match=reason):
        make_tournament(**changes)
    assert not Block.objects.exists()


def test_too_many_episodes_in_all_are_refused(make_tournament, monkeypatch):
    monkeypatch.setattr("tournament.organising.creating.MAX_EPISODES", 100)
    with pytest.raises(TournamentRefused, match="makes 200 episodes; at most 100"):
        make_tournament("greedy random", "greedy", episodes=100)


def test_an_agent_in_the_wrong_field_is_refused(scenario, builtins):
    target = builtins["target", "greedy"]
    with pytest.raises(TournamentRefused, match="Greedy is a target agent and cannot play in the camera field"):
        organising.create_tournament(organising.TournamentRequest("T", scenario, [target], [target], 2))


def test_an_agent_for_other_dimensions_is_refused_with_both_figures(scenario, builtins):
    agent = Agent.objects.create(
        digest="d",
        team="camera",
        kind="checkpoint",
        name="Clever",
        slug="clever",
        spec={},
        num_cameras=4,
        num_targets=8,
    )
    with pytest.raises(TournamentRefused) as caught:
        organising.create_tournament(
            organising.TournamentRequest("T", scenario, [agent], [builtins["target", "greedy"]], 2)
        )
    assert "trained for 4 cameras, and MATE-2v4-0 has 2." in str(caught.value)
    assert "trained for 8 targets, and MATE-2v4-0 has 4." in str(caught.value)


def test_an_agent_named_twice_plays_once(scenario, builtins):
    camera, target = builtins["camera", "greedy"], builtins["target", "greedy"]
    assert (
        organising.create_tournament(
            organising.TournamentRequest("T", scenario, [camera, camera], [target], 2)
        ).num_episodes
        == 2
    )


def test_cancelling_stops_all_blocks_and_fences_off_their_workers(make_tournament, settings, pretend_to_play):
    settings.ARENA_BLOCK_SIZE = 2
    tournament = make_tournament(episodes=6)
    pretend_to_play(tournament, 1)
    playing = tournament.blocks.filter(state=BlockState.WAITING).first()
    Block.objects.filter(pk=playing.pk).update(state=BlockState.LEASED, token=4)
    assert organising.cancel_tournament(tournament)
    assert tournament.state == TournamentState.CANCELLED
    assert [block.state for block in tournament.blocks.all()] == [
        BlockState.DONE,
        BlockState.CANCELLED,
        BlockState.CANCELLED,
    ]
    assert Block.objects.get(pk=playing.pk).token == 5
    assert not organising.cancel_tournament(tournament)


def test_a_tournament_with_work_left_is_not_finished(make_tournament, settings, pretend_to_play):
    settings.ARENA_BLOCK_SIZE = 2
    tournament = make_tournament(episodes=4)
    pretend_to_play(tournament, 1)
    assert not organising.finish_if_complete(tournament)
    pretend_to_play(tournament)
    assert organising.finish_if_complete(tournament)
    assert tournament.state == TournamentState.FINISHED and tournament.finished


def test_a_tournament_with_failed_blocks_says_so(make_tournament, settings, pretend_to_play):
    settings.ARENA_BLOCK_SIZE = 2
    tournament = make_tournament(episodes=4)
    pretend_to_play(tournament, 1)
    tournament.blocks.filter(state=BlockState.WAITING).update(state=BlockState.FAILED, cause=Cause.CAMERA)
    assert organising.finish_if_complete(tournament)
    assert tournament.state == TournamentState.FAILED
    assert organising.progress(tournament).failed == 2


def test_progress_of_a_new_tournament(make_tournament):
    progress = organising.progress(make_tournament(episodes=4))
    assert (progress.done, progress.total, progress.fraction, progress.workers) == (0, 4, 0.0, 0)
    assert progress.rate is None and progress.seconds_left is None


def test_time_left_is_known_before_anything_was_played_where_a_worker_lives(make_tournament):
    tournament = make_tournament(episodes=4)
    Worker.objects.create(name="one", seen=timezone.now())
    progress = organising.progress(tournament)
    assert progress.workers == 0
    assert progress.seconds_left == pytest.approx(4 * organising.UNKNOWN_SECONDS)


def test_time_left_goes_by_what_the_scenario_took_before(make_tournament, pretend_to_play):
    earlier = make_tournament(episodes=4)
    pretend_to_play(earlier)
    assert earlier.blocks.get().seconds == 2.0
    Worker.objects.create(name="one", seen=timezone.now())
    progress = organising.progress(make_tournament(episodes=10))
    assert progress.seconds_left == pytest.approx(0.5 * (progress.total - progress.done))


def test_a_scenario_without_cameras_has_no_tournaments(builtins):
    with pytest.raises(TournamentRefused, match="has no cameras"):
        organising.create_tournament(
            organising.TournamentRequest(
                "T",
                entries.register_scenario("MATE-Navigation"),
                [builtins["camera", "greedy"]],
                [builtins["target", "greedy"]],
                2,
            )
        )
