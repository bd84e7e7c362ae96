"""Tournaments go on round by round: what is chosen depends on finished rounds alone, whoever asks and however often."""

import importlib
from collections.abc import Callable

import pytest
from django.apps import apps
from django.db import transaction

from tests.tournament.conftest import invent_episode
from tests.trials import write_episodes
from tournament import contents, formats, leaderboards, organising
from tournament.models import Block, BlockState, Choice, Episode, Purpose, Tournament, TournamentState
from tournament.organising import TournamentRefused, next_round
from tournament.organising.rounds import evidence_of, fields_of

pytestmark = pytest.mark.django_db

STRENGTH = {"greedy": 0.4, "heuristic": 0.39, "naive": 0.2, "random": 0.0}


@pytest.fixture
def place(make_tournament: Callable[..., Tournament]) -> Callable[..., Tournament]:
    """A placement tournament of cameras against targets."""

    def place(cameras: str = "greedy", targets: str = "greedy random", **settings: object) -> Tournament:
        wanted = {"width": 0.05, "round_size": 16, "most": 200} | settings
        return make_tournament(cameras, targets, None, format="placement", settings=wanted)

    return place


@pytest.fixture
def play_round() -> Callable[[Tournament], None]:
    """Play what is open with results that depend on the agents and the seed alone."""

    def play(tournament: Tournament, order: str = "id") -> None:
        for block in Block.objects.filter(tournament=tournament, state=BlockState.WAITING).order_by(order):
            camera, target = block.pairing.camera.spec["name"], block.pairing.target.spec["name"]
            mean = 0.5 + STRENGTH[target] - STRENGTH[camera]
            rows = [invent_episode(block.pairing, seed, mean + (seed % 1000) / 3000) for seed in block.seeds]
            Episode.objects.bulk_create(rows, ignore_conflicts=True)
            Block.objects.filter(pk=block.pk).update(state=BlockState.DONE, num_played=len(rows), seconds=1.0)

    return play


def choices_of(tournament: Tournament) -> list[tuple]:
    columns = ("round", "pairing", "first", "count", "step", "reason", "probability")
    return list(Choice.objects.filter(tournament=tournament).values_list(*columns))


def test_a_round_robin_is_one_round(make_tournament, play_round):
    tournament = make_tournament("greedy random", "greedy", episodes=5)
    assert [(row[0], *row[2:5]) for row in choices_of(tournament)] == [(1, 0, 5, 1)] * 2
    play_round(tournament)
    assert organising.finish_if_complete(tournament)
    assert (tournament.round, tournament.state) == (1, TournamentState.FINISHED)
    assert organising.finding_of(tournament).is_decided


def test_a_round_is_the_same_in_however_many_parts_it_is_written(make_tournament, place, settings, monkeypatch):
    settings.ARENA_BLOCK_SIZE = 2

    def write() -> list[list[tuple]]:
        with transaction.atomic():
            made = [make_tournament("greedy random naive", "greedy random naive", episodes=5), place("greedy random")]
            found = [
                *(choices_of(cup) for cup in made),
                *(list(cup.blocks.order_by("id").values_list("pairing__camera", "seeds")) for cup in made),
                [(cup.num_episodes, cup.num_reused) for cup in made],
            ]
            transaction.set_rollback(True)
        return [[row[:1] + row[2:] if len(row) == 7 else row for row in rows] for rows in found]

    whole = write()
    monkeypatch.setattr("tournament.organising.rounds.PART", 2)
    assert write() == whole and len(whole[2]) == 27


def test_fields_keep_the_order_in_which_they_were_entered(make_tournament):
    tournament = make_tournament("random heuristic greedy", "naive greedy")
    names = [[agent.spec["name"] for agent in field] for field in fields_of(tournament)]
    assert names == [["random", "heuristic", "greedy"], ["naive", "greedy"]]


def test_a_placement_goes_on_until_the_interval_is_as_narrow_as_wanted(place, play_round):
    tournament = place()
    while not organising.finish_if_complete(tournament):
        play_round(tournament)
    finding = organising.finding_of(tournament)
    assert finding.is_decided
    assert finding.figures[0].upper - finding.figures[0].lower <= 0.05
    assert tournament.round > 1
    assert len(finding.trace) == tournament.round + 1


def test_a_tournament_consists_of_the_episodes_of_its_choices(place, play_round, make_tournament):
    tournament = place()
    play_round(make_tournament("greedy", "greedy random", episodes=300))
    organising.finish_if_complete(tournament)
    play_round(tournament)
    rounds = tournament.round
    evidence = evidence_of(tournament, rounds, fields_of(tournament))
    assert len(evidence) == tournament.num_episodes == leaderboards.meta_game_of_tournament(tournament).num_episodes
    for pairing in tournament.pairings.all():
        seeds = contents.seeds_of(tournament, pairing)
        assert len(seeds) == len(set(seeds)) > 0


def test_choices_are_the_same_in_whatever_order_blocks_are_played(place, play_round):
    first = place()
    while not organising.finish_if_complete(first):
        play_round(first)
    Episode.objects.all().delete()
    second = place()
    while not organising.finish_if_complete(second):
        play_round(second, order="-id")
    assert choices_of(first) == choices_of(second)
    assert first.finding == second.finding


def test_rounds_whose_episodes_all_exist_are_passed_at_once(place, play_round):
    first = place()
    while not organising.finish_if_complete(first):
        play_round(first)
    second = place()
    assert second.state == TournamentState.FINISHED
    assert second.num_reused == second.num_episodes == first.num_episodes
    assert choices_of(second) == choices_of(first)
    assert not second.blocks.exists()


def test_asking_twice_for_the_next_round_makes_it_once(place, play_round):
    tournament = place()
    play_round(tournament)
    stale = Tournament.objects.get(pk=tournament.pk)
    assert next_round(tournament)
    written = choices_of(tournament)
    assert next_round(stale)
    assert choices_of(tournament) == written
    assert Tournament.objects.get(pk=tournament.pk).round == 2


def test_who_dies_while_writing_a_round_leaves_nothing_behind(place, play_round):
    tournament = place()
    play_round(tournament)
    before = choices_of(tournament), tournament.blocks.count(), tournament.num_episodes
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        next_round(tournament)
        raise KeyboardInterrupt
    tournament.refresh_from_db()
    assert (choices_of(tournament), tournament.blocks.count(), tournament.num_episodes) == before
    assert tournament.round == 1
    assert not organising.finish_if_complete(tournament)
    assert tournament.round == 2


def test_a_cancelled_tournament_has_no_next_round(place, play_round):
    tournament = place()
    play_round(tournament)
    stale = Tournament.objects.get(pk=tournament.pk)
    organising.cancel_tournament(tournament)
    written = choices_of(tournament)
    next_round(stale)
    assert choices_of(tournament) == written
    assert not tournament.blocks.filter(state__in=organising.OPEN).exists()


def test_a_pairing_that_fails_is_closed_and_the_rest_goes_on(place, play_round):
    tournament = place("greedy", "greedy naive random")
    failing = tournament.pairings.get(target__slug="naive-target")
    tournament.blocks.filter(pairing=failing).update(state=BlockState.FAILED, cause="target", error="NaN")
    Episode.objects.bulk_create([invent_episode(failing, tournament.blocks.get(pairing=failing).seeds[0])])
    play_round(tournament)
    evidence = evidence_of(tournament, 1, fields_of(tournament))
    assert evidence.closed.tolist() == [[False, True, False]]
    assert evidence.count[0, 1] == 0
    while not organising.finish_if_complete(tournament):
        play_round(tournament)
    assert tournament.state == TournamentState.FAILED
    assert not tournament.choices.filter(pairing=failing, round__gt=1).exists()


def test_progress_of_an_open_tournament_counts_what_is_still_expected(place, play_round):
    tournament = place()
    progress = organising.progress(tournament)
    assert progress.chosen == tournament.num_episodes <= progress.total
    play_round(tournament)
    organising.finish_if_complete(tournament)
    progress = organising.progress(tournament)
    assert progress.done < progress.chosen <= progress.total
    while not organising.finish_if_complete(tournament):
        play_round(tournament)
    progress = organising.progress(tournament)
    assert progress.done == progress.chosen == progress.total
    assert not progress.is_expected


def test_choices_tell_why_and_with_which_probability(place):
    for choice in place().choices.all():
        assert "newcomer" in choice.reason
        assert choice.probability == 1.0


def test_unknown_formats_and_settings_are_refused_with_everything_that_is_wrong(make_tournament):
    with pytest.raises(TournamentRefused, match=r"no format 'knockout'. Formats: round-robin, placement"):
        make_tournament(format="knockout")
    with pytest.raises(TournamentRefused, match=r"no setting 'height'.*Width of the interval \(width\) is 7"):
        make_tournament("greedy", "", None, format="placement", settings={"height": 1, "width": 7})
    assert not Tournament.objects.exists()


def test_an_open_format_is_stopped_where_a_tournament_has_too_many_episodes(place, play_round, monkeypatch):
    monkeypatch.setattr("tournament.organising.rounds.MAX_EPISODES", 40)
    tournament = place()
    while not organising.finish_if_complete(tournament):
        play_round(tournament)
    assert tournament.num_episodes <= 40
    assert tournament.finding["headline"].endswith("Stopped at 40 episodes, the most that a tournament may have.")
    assert not tournament.finding["is_decided"]


def test_a_round_that_cannot_be_chosen_ends_the_tournament_and_says_so(place, play_round, caplog):
    tournament = place()
    play_round(tournament)
    Tournament.objects.filter(pk=tournament.pk).update(settings={"weight": 3})
    tournament.refresh_from_db()
    assert organising.finish_if_complete(tournament)
    assert tournament.state == TournamentState.FAILED
    assert "has no setting 'weight'" in tournament.finding["headline"]
    Tournament.objects.filter(pk=tournament.pk).update(settings={}, format="gone", state=TournamentState.PLAYING)
    tournament.refresh_from_db()
    assert organising.finish_if_complete(tournament)
    assert "failed on our side" in tournament.finding["headline"]
    assert "KeyError: 'gone'" in caplog.text


def test_missing_settings_are_as_usual_and_are_kept_with_the_tournament(make_tournament):
    tournament = make_tournament("greedy", "greedy", None, format="placement", purpose=Purpose.PLACEMENT)
    assert tournament.settings == formats.FORMATS["placement"].check({})
    assert (tournament.purpose, tournament.episodes_per_pairing) == ("placement", 0)


def test_every_format_can_be_played_to_its_end(make_tournament, play_round):
    small = {"most": 40, "episodes": 120, "round_size": 32}
    for name, info in formats.FORMATS.items():
        settings = {setting.name: small[setting.name] for setting in info.settings if setting.name in small}
        tournament = make_tournament("greedy naive", "greedy random", None, format=name, settings=settings)
        for _ in range(200):
            if organising.finish_if_complete(tournament):
                break
            play_round(tournament)
        assert tournament.state == TournamentState.FINISHED, name
        assert tournament.finding["headline"], name


def test_tournaments_from_before_there_were_choices_are_given_theirs(make_tournament, pretend_to_play):
    tournament = make_tournament("greedy random", "greedy", episodes=3)
    pretend_to_play(tournament)
    before = write_episodes(tournament)
    Choice.objects.all().delete()
    Tournament.objects.update(round=0, settings={})
    migration = importlib.import_module("tournament.migrations.0003_choices_of_round_robins")
    migration.write_choices(apps, None)
    tournament.refresh_from_db()
    assert write_episodes(tournament) == before
    assert organising.finish_if_complete(tournament)
    assert (tournament.round, tournament.state) == (1, TournamentState.FINISHED)
