"""Placements: the agents of an upload get a rank at once, in a scenario that fits them, unless something places them
anyway.
"""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from portal.seeding import place_new_agents, seed_arena
from tournament import entries, placements
from tournament.models import Agent, Episode, Purpose, Scenario, Schedule, ScheduleKind, Tournament, Upload

pytestmark = pytest.mark.django_db
Make = Callable[..., Agent]


@pytest.fixture
def make() -> Make:
    def make(name: str, team: str = "camera", size: tuple[int, int, int] = (4, 8, 9)) -> Agent:
        digest = name.ljust(64, "0")
        return Agent.objects.create(
            digest=digest, identity=digest, team=team, kind="checkpoint", name=name, slug=name, spec={},
            **dict(zip(("num_cameras", "num_targets", "num_obstacles"), size, strict=True)),
        )  # fmt: skip

    return make


@pytest.fixture
def scenario() -> Scenario:
    entries.register_builtin_agents()
    return entries.register_scenario("MATE-4v8-9")


@pytest.fixture
def upload(scenario: Scenario) -> Upload:
    owner = User.objects.create_user("alice")
    return Upload.objects.create(owner=owner, filename="a.zip", size=1, sha256="0" * 64, place_in=scenario)


def test_a_new_agent_plays_the_built_in_opponents_in_the_chosen_scenario(upload: Upload, make: Make) -> None:
    agent = make("hawk")
    upload.agents.add(agent)
    [tournament] = placements.plan(upload, [agent])
    assert (tournament.owner, tournament.scenario, tournament.purpose) == (
        upload.owner,
        upload.place_in,
        Purpose.PLACEMENT,
    )
    assert list(tournament.cameras.all()) == [agent]
    assert {one.slug for one in tournament.targets.all()} >= {"greedy-target", "random-target"}
    assert placements.placements_of(upload) == [tournament]


def test_nothing_is_played_where_nobody_wants_it(upload: Upload, make: Make) -> None:
    upload.place_in = None
    assert placements.plan(upload, [make("hawk")]) == []


def test_an_agent_for_other_numbers_is_placed_where_it_fits(upload: Upload, make: Make) -> None:
    small = entries.register_scenario("MATE-2v4-0")
    [tournament] = placements.plan(upload, [make("duo", "target", (2, 4, 0))])
    assert tournament.scenario == small
    assert placements.plan(upload, [make("trio", "target", (3, 3, 3))]) == []


def test_an_agent_that_has_played_there_is_not_placed_again(upload: Upload, make: Make, scenario: Scenario) -> None:
    agent = make("hawk")
    [tournament] = placements.plan(upload, [agent])
    pairing = tournament.pairings.first()
    assert pairing is not None
    Episode.objects.create(
        pairing=pairing, engine="1", seed=1, steps=1, completed=True, target_reward=0, normalised_reward=0, coverage=0,
        real_coverage=0, transport=0, delivered=0, digest="0" * 16,
    )  # fmt: skip
    assert placements.plan(upload, [agent]) == []


def test_a_schedule_for_new_agents_places_them_instead(upload: Upload, make: Make, scenario: Scenario) -> None:
    place_new_agents(scenario, list(Agent.objects.all()))
    assert placements.plan(upload, [make("hawk")]) == []


def test_a_large_field_is_met_from_the_best_to_the_last() -> None:
    agents = [Agent(name=str(number)) for number in range(100)]
    chosen = [int(agent.name) for agent in placements._spread(agents, 12)]
    assert len(chosen) == 12 and chosen[0] == 0 and chosen[-1] == 99 and chosen == sorted(chosen)
    assert placements._spread(agents[:3], 12) == agents[:3] and placements._spread(agents, 0) == []


def test_a_fresh_portal_places_every_new_agent_by_itself() -> None:
    assert seed_arena() is not None
    schedule = Schedule.objects.get()
    assert (schedule.kind, schedule.format, schedule.owner, schedule.is_paused) == (
        ScheduleKind.WATCH,
        "placement",
        None,
        False,
    )
    assert schedule.cameras.count() == schedule.targets.count() == 4
    seed_arena()
    assert Schedule.objects.count() == 1 and Tournament.objects.count() == 1
