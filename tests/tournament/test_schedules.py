"""Schedules start tournaments at their times and for new agents, each exactly once."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db.models.signals import post_save
from django.utils import timezone

from mate.agents.batched import BUILTIN_NAMES
from tournament import organising, schedules
from tournament.models import Agent, AgentKind, Purpose, Schedule, ScheduleKind, Start, Tournament
from tournament.schedules import ScheduleRefused

pytestmark = pytest.mark.django_db

SUNDAY = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
def make_schedule(scenario, builtins) -> Callable[..., Schedule]:
    """Keep a schedule of greedy cameras and targets; Mondays at three, unless said otherwise."""

    def make(cameras: str = "greedy", targets: str = "greedy", **columns) -> Schedule:
        values = {"name": "Weekly", "kind": ScheduleKind.CRON, "expression": "0 3 * * 1", "has_everyone": False}
        values |= {"settings": {"episodes": 2}} | columns
        fields = (
            [builtins[team, name] for name in names.split()]
            for team, names in (("camera", cameras), ("target", targets))
        )
        return schedules.save(Schedule(scenario=scenario, **values), *fields)

    return make


@pytest.fixture
def make_due() -> Callable[[Schedule], datetime]:
    """Let a schedule's next start have been a minute ago."""

    def make_due(schedule: Schedule) -> datetime:
        due = timezone.now() - timedelta(minutes=1)
        Schedule.objects.filter(pk=schedule.pk).update(next_start=due)
        schedule.refresh_from_db()
        return due

    return make_due


@pytest.fixture
def arrive() -> Callable[..., Agent]:
    """A checkpoint that was accepted just now."""

    def arrive(name: str = "clever", team: str = "camera", **columns) -> Agent:
        values = {"num_cameras": 2, "num_targets": 4, "num_obstacles": 0} | columns
        spec = {"kind": "checkpoint"}
        return Agent.objects.create(
            digest=name, slug=name, name=name, team=team, kind=AgentKind.CHECKPOINT, spec=spec, **values
        )

    return arrive


@pytest.fixture
def another_sweep() -> Iterator[list[Tournament]]:
    """What a second sweep starts, which runs while the first one records its first start."""
    started: list[Tournament] = []

    def sweep(**_) -> None:
        post_save.disconnect(sweep, sender=Start)
        started.extend(schedules.start_due())

    post_save.connect(sweep, sender=Start)
    yield started
    post_save.disconnect(sweep, sender=Start)


# Times


def test_the_next_start_is_counted_in_utc():
    assert schedules.following("0 3 * * 1", SUNDAY) == datetime(2026, 11, 23, 3, tzinfo=UTC)
    east = SUNDAY.astimezone(tz=None)
    assert schedules.following("30 12 * * *", east) == datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


def test_times_are_told_in_words():
    assert schedules.explain_times("0 3 * * 1") == "At 03:00 on Monday, UTC"


def test_simple_times_are_read_back():
    assert schedules.read_simple(schedules.weekly(1, 3, 30)) == (1, 3, 30)
    assert schedules.read_simple(schedules.weekly(7, 23, 0)) == (7, 23, 0)
    assert schedules.read_simple(schedules.daily(4, 5)) == (None, 4, 5)
    assert schedules.read_simple("*/30 * * * *") is None
    assert schedules.following(schedules.weekly(7, 20, 0), SUNDAY) == datetime(2026, 11, 22, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("0 3 * *", "five cron fields"),
        ("", "five cron fields"),
        ("0 25 * * *", "the hour is 0 to 23"),
        ("0 0 30 2 *", "the day of the month is 1 to 31, as far as"),
        ("* * * * *", "too often: leave at least 10 minutes"),
        ("0,1 3 * * *", "too often"),
    ],
)
def test_times_that_make_no_sense_are_refused(make_schedule, expression, reason):
    with pytest.raises(ScheduleRefused, match=reason):
        make_schedule(expression=expression)
    assert not Schedule.objects.exists()


# Keeping


def test_everything_that_is_wrong_with_a_schedule_is_said_at_once(make_schedule):
    with pytest.raises(ScheduleRefused) as caught:
        make_schedule(targets="", name=" ", expression="x", settings={"episodes": 0})
    for part in ("needs a name", "five cron fields", "target field is empty", "(episodes) is 0"):
        assert part in str(caught.value)


def test_everything_that_is_wrong_with_a_watch_is_said_at_once(make_schedule):
    with pytest.raises(ScheduleRefused) as caught:
        make_schedule("", "", kind=ScheduleKind.WATCH, expression="0 3 * * 1", format="ranking", settings={})
    assert [field for field, _ in caught.value.problems] == ["expression", "cameras", "format"]


def test_a_watch_places_and_does_nothing_else(make_schedule):
    with pytest.raises(ScheduleRefused, match="placed by placement or round-robin, not by ranking"):
        make_schedule(kind=ScheduleKind.WATCH, expression="", format="ranking", settings={})
    with pytest.raises(ScheduleRefused, match="Choose the cameras or the targets"):
        make_schedule("", "", kind=ScheduleKind.WATCH, expression="")
    with pytest.raises(ScheduleRefused, match="Leave them out"):
        make_schedule(kind=ScheduleKind.WATCH, format="placement", settings={})


def test_a_changed_schedule_goes_by_its_new_times(make_schedule):
    schedule = make_schedule()
    schedule.expression = "0 4 1 1 *"
    schedules.save(schedule, *schedules.fields_of(schedule))
    assert (schedule.next_start.month, schedule.next_start.hour) == (1, 4)
    assert [agent.slug for agent in schedule.cameras.all()] == ["greedy-camera"]


# Starting


def test_nothing_starts_before_its_time(make_schedule):
    make_schedule()
    assert schedules.start_due() == []


def test_a_due_schedule_starts_its_tournament_once(make_schedule, make_due):
    schedule = make_schedule("greedy random", "naive")
    due = make_due(schedule)
    (tournament,) = schedules.start_due()
    assert schedules.start_due() == []
    assert Tournament.objects.get() == tournament
    assert (tournament.name, tournament.purpose, tournament.num_episodes) == ("Weekly 1", Purpose.SCHEDULE, 4)
    assert (tournament.start.schedule, tournament.start.due) == (schedule, due)
    schedule.refresh_from_db()
    assert schedule.next_start > timezone.now()


def test_two_sweeps_at_once_start_a_schedule_once(make_schedule, make_due, another_sweep):
    for name in ("First", "Second"):
        make_due(make_schedule(name=name))
    started = schedules.start_due()
    assert len(started) == len(another_sweep) == 1
    assert {tournament.name for tournament in started + another_sweep} == {"First 1", "Second 1"}
    assert Start.objects.count() == Tournament.objects.count() == 2


def test_times_that_were_missed_are_made_up_for_by_one_start(make_schedule):
    schedule = make_schedule(expression="0 * * * *")
    Schedule.objects.update(next_start=timezone.now() - timedelta(days=3))
    assert len(schedules.start_due()) == 1
    assert schedules.start_due() == []
    schedule.refresh_from_db()
    assert schedule.next_start > timezone.now()


def test_who_dies_while_starting_leaves_the_start_to_the_next(make_schedule, make_due, monkeypatch):
    schedule = make_schedule()
    due = make_due(schedule)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(organising, "plan_tournament", die)
        with pytest.raises(KeyboardInterrupt):
            schedules.start_due()
    assert not Start.objects.exists()
    schedule.refresh_from_db()
    assert schedule.next_start == due
    assert len(schedules.start_due()) == 1


def test_every_start_takes_fresh_seeds_unless_told_otherwise(make_schedule, make_due, pretend_to_play):
    fresh, same = make_schedule(name="Fresh"), make_schedule(name="Same", has_fresh_seeds=False, base_seed=9)
    for _ in range(2):
        make_due(fresh)
        make_due(same)
        for tournament in schedules.start_due():
            pretend_to_play(tournament)
            organising.finish_if_complete(tournament)
    seeds = {name: [] for name in ("Fresh", "Same")}
    for tournament in Tournament.objects.order_by("pk"):
        seeds[tournament.name.split()[0]].append((tournament.base_seed, tournament.num_reused))
    assert len(set(seeds["Fresh"])) == 2 and not any(reused for _, reused in seeds["Fresh"])
    assert seeds["Same"] == [(9, 0), (9, 2)]


def test_a_refused_start_says_why_and_the_next_time_comes(make_schedule, make_due, builtins):
    schedule = make_schedule()
    Agent.objects.filter(pk=builtins["camera", "greedy"].pk).update(num_cameras=4)
    make_due(schedule)
    assert schedules.start_due() == []
    start = schedule.starts.get()
    assert "trained for 4 cameras, and MATE-2v4-0 has 2" in start.refusal
    schedule.refresh_from_db()
    assert schedule.next_start > timezone.now()
    Agent.objects.update(num_cameras=None)
    make_due(schedule)
    assert [tournament.name for tournament in schedules.start_due()] == ["Weekly 2"]


def test_an_error_of_ours_is_told_and_stops_no_other_schedule(make_schedule, make_due, monkeypatch, caplog):
    broken, sound = make_schedule(name="Broken"), make_schedule(name="Sound")
    Schedule.objects.filter(pk=broken.pk).update(settings={"episodes": []})
    plan = organising.plan_tournament

    def fail(request: organising.TournamentRequest) -> Tournament:
        if request.name.startswith("Broken"):
            raise ZeroDivisionError
        return plan(request)

    monkeypatch.setattr(organising, "plan_tournament", fail)
    for schedule in (broken, sound):
        make_due(schedule)
    assert [tournament.name for tournament in schedules.start_due()] == ["Sound 1"]
    assert "failed on our side" in broken.starts.get().refusal
    assert "ZeroDivisionError" in caplog.text


def test_a_paused_schedule_starts_nothing_and_goes_on_afterwards(make_schedule, make_due):
    schedule = make_schedule()
    make_due(schedule)
    schedules.pause(schedule)
    assert schedule.next_start is None
    assert schedules.start_due() == []
    schedules.resume(schedule)
    assert schedule.next_start > timezone.now()
    assert schedules.start_due() == []


def test_somebody_can_start_one_now(make_schedule):
    schedule = make_schedule()
    planned = schedule.next_start
    start = schedules.start_now(schedule)
    assert (start.number, start.tournament.name) == (1, "Weekly 1")
    schedule.refresh_from_db()
    assert schedule.next_start == planned


def test_everyone_who_can_play_takes_part_without_being_chosen(make_schedule, make_due, arrive):
    schedule = make_schedule(has_everyone=True)
    arrive("fits")
    arrive("other", num_cameras=4)
    make_due(schedule)
    (tournament,) = schedules.start_due()
    builtin = (f"{name}-camera" for name in BUILTIN_NAMES)
    assert set(tournament.cameras.values_list("slug", flat=True)) == {"fits", *builtin}


# Watches


@pytest.fixture
def watch(make_schedule) -> Schedule:
    settings = {"width": 0.2, "most": 8}
    return make_schedule(
        name="Newcomers", kind=ScheduleKind.WATCH, expression="", format="placement", settings=settings
    )


def test_a_new_agent_is_placed_once_against_the_field_of_the_other_team(watch, arrive):
    camera, target = arrive("camera"), arrive("target", team="target")
    tournaments = schedules.start_due()
    assert schedules.start_due() == []
    assert [tournament.name for tournament in tournaments] == ["Newcomers: camera", "Newcomers: target"]
    first, second = tournaments
    assert (first.cameras.get(), first.targets.get().slug) == (camera, "greedy-target")
    assert (second.cameras.get().slug, second.targets.get()) == ("greedy-camera", target)
    assert [tournament.settings["team"] for tournament in tournaments] == ["camera", "target"]
    assert first.purpose == Purpose.PLACEMENT and first.start.agent == camera


def test_agents_that_were_there_before_or_play_elsewhere_are_not_placed(make_schedule, arrive):
    arrive("early")
    make_schedule(kind=ScheduleKind.WATCH, expression="", format="placement", settings={"most": 8})
    arrive("elsewhere", num_targets=8)
    assert schedules.start_due() == []


def test_agents_that_come_while_a_watch_is_paused_are_placed_when_it_goes_on(watch, arrive):
    schedules.pause(watch)
    arrive()
    assert schedules.start_due() == []
    schedules.resume(watch)
    assert len(schedules.start_due()) == 1


def test_two_sweeps_at_once_place_an_agent_once(watch, arrive, another_sweep):
    arrive("first"), arrive("second")
    assert [tournament.name for tournament in schedules.start_due()] == ["Newcomers: first"]
    assert [tournament.name for tournament in another_sweep] == ["Newcomers: second"]


def test_a_watch_cannot_be_started_by_hand(watch):
    with pytest.raises(ScheduleRefused, match="starts when an agent comes"):
        schedules.start_now(watch)
