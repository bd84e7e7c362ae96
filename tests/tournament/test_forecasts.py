"""Forecasts of the remaining time of a tournament: by pairing, as a range, and never more than the whole."""

import pytest
from django.utils import timezone

from tournament import durations, forecasts, organising, queries
from tournament.forecasts import forecast
from tournament.models import Agent, AgentKind, Block, BlockState, Worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def worker(db):
    return Worker.objects.create(name="one", seen=timezone.now())


def say_played(block, seconds_each, episodes=100):
    seconds = durations.of_block(episodes, seconds_each)
    Block.objects.filter(pk=block.pk).update(
        state=BlockState.DONE, num_episodes=episodes, num_played=episodes, seconds=seconds
    )


def block_of(tournament, camera, target):
    return tournament.blocks.get(pairing__camera__spec__name=camera, pairing__target__spec__name=target)


def pair_of(block):
    return block.pairing.camera_id, block.pairing.target_id


def make_network(like, name):
    """A learned agent in the place of a built-in one, as far as forecasts know."""
    return Agent.objects.create(
        slug=name,
        name=name,
        team=like.team,
        kind=AgentKind.CHECKPOINT,
        architecture="MAPPO",
        digest=name.ljust(64, "0"),
        spec={},
    )


def test_each_pairing_is_expected_to_take_what_it_took(make_tournament, worker):
    tournament = make_tournament("greedy random", "greedy random", episodes=100)
    fast, slow = block_of(tournament, "greedy", "greedy"), block_of(tournament, "random", "random")
    say_played(fast, 0.01)
    say_played(slow, 0.6)
    for block, each in ((fast, 0.01), (slow, 0.6)):
        span = forecast(tournament.scenario, {pair_of(block): 200}, 1)
        assert span.low < 200 * each < span.high < 3 * 200 * each + 3


def test_what_is_left_is_not_expected_to_go_as_fast_as_what_was_played(make_tournament, worker):
    tournament = make_tournament("greedy random", "greedy", episodes=100)
    slow = block_of(tournament, "random", "greedy")
    say_played(slow, 0.65)
    fast = block_of(tournament, "greedy", "greedy")
    say_played(fast, 0.01)
    Block.objects.create(tournament=tournament, pairing=slow.pairing, seeds=[], num_episodes=100)
    progress = organising.progress(tournament)
    assert progress.span.low < 65 < progress.span.high
    assert progress.span.low > 11
    assert progress.span.low < progress.seconds_left < progress.span.high


def test_networks_are_not_taken_for_rules(make_tournament, builtins, worker):
    tournament = make_tournament("greedy random", "greedy", episodes=100)
    for block in tournament.blocks.all():
        say_played(block, 0.01)
    target = builtins["target", "greedy"].pk
    network, other = (make_network(builtins["camera", "greedy"], name).pk for name in ("one", "other"))
    unknown = forecast(tournament.scenario, {(network, target): 100}, 1)
    assert unknown.low > 0.5 and unknown.high is None
    pairing = tournament.pairings.model.objects.create(
        scenario=tournament.scenario, camera_id=network, target_id=target
    )
    block = Block.objects.create(tournament=tournament, pairing=pairing, seeds=[], num_episodes=100)
    say_played(block, 0.5)
    alike = forecast(tournament.scenario, {(other, target): 100}, 1)
    assert alike.low < 50 < alike.high


def test_kinds_that_were_played_in_another_scenario_tell_too(make_tournament, builtins, worker):
    from tournament import entries

    tournament = make_tournament("greedy", "greedy", episodes=100)
    say_played(tournament.blocks.get(), 0.02)
    elsewhere = entries.register_scenario("MATE-8v8-0")
    span = forecast(elsewhere, {pair_of(tournament.blocks.get()): 100}, 1)
    assert span.low < 2 < span.high


def test_nothing_is_foretold_before_anything_was_played(make_tournament, builtins, worker):
    tournament = make_tournament("greedy", "greedy", episodes=100)
    assert forecast(tournament.scenario, {pair_of(tournament.blocks.get()): 100}, 1) is None
    assert organising.progress(tournament).span is None
    assert queries.queue().span is None


def test_more_workers_take_less_and_what_waits_for_others_may_come_first(make_tournament, worker):
    tournament = make_tournament("greedy", "greedy", episodes=1000)
    block = tournament.blocks.first()
    pair = pair_of(block)
    say_played(block, 0.1)
    one, four = (forecast(tournament.scenario, {pair: 1000}, workers) for workers in (1, 4))
    assert four.low == pytest.approx(one.low / 4) and four.high < one.high
    assert forecast(tournament.scenario, {pair: 1000}, 1, ahead=60.0).high == pytest.approx(one.high + 60)


def test_an_estimate_reaches_from_the_first_round_to_the_most(make_tournament, builtins, worker):
    tournament = make_tournament("greedy", "greedy", episodes=100)
    say_played(tournament.blocks.get(), 0.1)
    camera, target = (builtins[team, "greedy"].pk for team in ("camera", "target"))
    whole = queries.estimate(tournament.scenario, [camera], [target], 100, 100)
    adaptive = queries.estimate(tournament.scenario, [camera], [target], 10, 100)
    assert adaptive.span.low < whole.span.low and adaptive.span.high == whole.span.high


def test_episodes_that_exist_take_no_time(make_tournament, builtins, worker):
    tournament = make_tournament("greedy naive", "greedy", episodes=100)
    for block in tournament.blocks.all():
        say_played(block, 0.1)
    cameras, target = [builtins["camera", name].pk for name in ("greedy", "naive")], builtins["target", "greedy"].pk
    half, whole = {(cameras[0], target): 100}, {(camera, target): 100 for camera in cameras}
    spans = [
        queries.estimate(tournament.scenario, cameras, [target], 200, 200, beside=False, existing=existing).span
        for existing in ({}, half, whole)
    ]
    assert spans[1].expected == pytest.approx(spans[0].expected / 2)
    assert (spans[2].low, spans[2].expected, spans[2].high) == (0.0, 0.0, 0.0)


def test_agents_that_were_not_played_are_expected_to_take_what_others_of_their_kind_took(
    make_tournament, builtins, worker
):
    tournament = make_tournament("greedy", "greedy", episodes=100)
    say_played(tournament.blocks.get(), 0.1)
    rates = forecasts.rate_pairs(
        tournament.scenario, [(builtins["camera", "naive"].pk, builtins["target", "naive"].pk)]
    )
    assert list(rates.values()) == [(pytest.approx(0.102), forecasts.KINDS_PLAYED)]
