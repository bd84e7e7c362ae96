"""Agents that fit no scenario of the portal: pages and the API say so, and offer a remedy."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from mate import scenario as game
from policies.importing.reading import read_file
from tests.policies.test_maps import MAP, TRIAL
from tests.policies.trials import Trial, files_of, zip_of
from tournament import drafts, entries, homes
from tournament.models import Agent, AgentKind, Scenario, Upload

Call = Callable[..., Client]


@pytest.fixture
def make_agent(alice: User, scenario: Scenario) -> Callable[..., Agent]:
    """Create alice's agent for given numbers of entities, in a portal with MATE-2v4-0 as the only scenario."""

    def make(cameras: int | None, targets: int | None, obstacles: int | None, sight: str = "none") -> Agent:
        return Agent.objects.create(
            name="Far", slug="far", team="camera", kind=AgentKind.CHECKPOINT, owner=alice, digest="d" * 64,
            identity="d" * 64, spec={"type": "learned", "team": "camera", "checkpoint": "c", "deterministic": False},
            num_cameras=cameras, num_targets=targets, num_obstacles=obstacles, trained_enhanced_observation=sight,
        )  # fmt: skip

    return make


@pytest.fixture
def upload(make_agent: Callable[..., Agent], alice: User) -> Upload:
    made = Upload.objects.create(owner=alice, filename="far.zip", size=1, sha256="0" * 64, state="accepted")
    made.agents.add(make_agent(8, 8, 9))
    return made


@pytest.mark.parametrize(
    ("numbers", "preset"), [((8, 8, 9), "MATE-8v8-9"), ((4, 2, 0), "MATE-4v2-0"), ((1, 1, None), "MATE-1v1-0")]
)
def test_an_agents_page_says_that_no_scenario_fits_and_its_owner_can_add_the_one_that_does(
    make_agent: Callable[..., Agent], visit: Call, alice: User, bob: User, numbers: tuple[int | None, ...], preset: str
) -> None:
    agent = make_agent(*numbers)
    page = reverse("agent", args=[agent.slug])
    offer = f"Add {preset} to the scenarios"
    for user in (None, bob):
        shown = visit(user).get(page).content.decode()
        assert f"No scenario of this portal fits {agent.name}" in shown and f"can add {preset}" in shown
        assert offer not in shown
    owner = visit(alice)
    assert offer in owner.get(page).content.decode()
    owner.post(reverse("agent_add_scenario", args=[agent.slug]))
    assert Scenario.objects.filter(name=preset).exists()
    assert "No scenario of this portal" not in owner.get(page).content.decode()


def test_the_scenario_is_added_with_what_the_agent_was_trained_under(
    make_agent: Callable[..., Agent], visit: Call, admin: User
) -> None:
    agent = make_agent(8, 8, 9, "camera")
    visit(admin).post(reverse("agent_add_scenario", args=[agent.slug]))
    assert Scenario.objects.get(num_cameras=8).enhanced_observation == "camera"


@pytest.mark.parametrize("numbers", [(3, 5, 2), (2, 4, 7), (64, 1, 0)])
def test_where_no_packaged_scenario_fits_the_numbers_and_the_command_are_told(
    make_agent: Callable[..., Agent], visit: Call, alice: User, numbers: tuple[int, int, int]
) -> None:
    agent = make_agent(*numbers)
    shown = visit(alice).get(reverse("agent", args=[agent.slug])).content.decode()
    assert f"{numbers[0]} cameras, {numbers[1]} target" in shown and "Generate a scenario with these numbers" in shown
    assert f"num_cameras={numbers[0]}&amp;num_targets={numbers[1]}&amp;num_obstacles={numbers[2]}" in shown
    assert "to the scenarios" not in shown
    answer = visit(alice).post(reverse("agent_add_scenario", args=[agent.slug]))
    assert answer.status_code == 400 and Scenario.objects.count() == 1


def test_an_agent_that_can_play_is_not_spoken_of(make_agent: Callable[..., Agent], visit: Call, alice: User) -> None:
    agent = make_agent(2, 4, 0)
    assert "No scenario of this portal" not in visit(alice).get(reverse("agent", args=[agent.slug])).content.decode()
    assert visit(alice).post(reverse("agent_add_scenario", args=[agent.slug])).status_code == 400


def test_an_uploads_page_says_it_and_offers_no_tournament(upload: Upload, visit: Call, alice: User) -> None:
    shown = visit(alice).get(reverse("upload", args=[upload.pk])).content.decode()
    assert "Add MATE-8v8-9 to the scenarios" in shown
    assert "Start tournament" not in shown


def test_programs_are_told_of_the_agent_and_of_its_upload(upload: Upload, call: Call) -> None:
    agent = call().get("/api/v1/agents/far").json()
    notes = call().get(f"/api/v1/uploads/{upload.pk}").json()["notes"]
    assert notes == [agent["no_scenario"]]
    assert "8 cameras, 8 targets and 9 obstacles" in notes[0] and "MATE-8v8-9" in notes[0]
    entries.register_scenario("MATE-8v8-9")
    assert call().get("/api/v1/agents/far").json()["no_scenario"] == ""


def test_an_administrator_adds_scenarios_by_a_command(db: None, tmp_path: Path) -> None:
    call_command("add_scenario", "MATE-4v2-9")
    own = tmp_path / "own.yaml"
    packaged = Path("mate/assets/MATE-2v4-0.yaml").read_text()
    own.write_text(packaged)
    call_command("add_scenario", str(own), name="Ours", enhanced_observation="both")
    assert set(Scenario.objects.values_list("name", flat=True)) == {"MATE-4v2-9", "Ours (enhanced: both)"}


@pytest.mark.parametrize(
    ("given", "name"), [("MATE-5v5-5", ""), ("MATE-Navigation", ""), ("MATE-4v8-9", "MATE-4v2-9"), ("MATE-4v8-9", "？")]
)
def test_a_scenario_that_cannot_be_added_is_refused_in_a_sentence(db: None, given: str, name: str) -> None:
    call_command("add_scenario", "MATE-4v2-9")
    with pytest.raises(CommandError):
        call_command("add_scenario", given, name=name)
    assert Scenario.objects.count() == 1


@pytest.fixture
def uploaded(alice: User, scenario: Scenario) -> Callable[..., Agent]:
    """Alice's agent from a trial's archive, in a portal that has MATE-2v4-0 alone."""

    def make(trial: Trial, files: dict[str, bytes] | None = None) -> Agent:
        (found,) = read_file(io.BytesIO(zip_of(files_of(trial) | (files or {})))).agents
        return entries.register_checkpoint(found.checkpoint, found.name, alice)

    return make


def test_the_map_in_an_agents_archive_is_offered_and_added(
    uploaded: Callable[..., Agent], visit: Call, alice: User
) -> None:
    content = yaml.safe_dump(MAP).encode()
    agent = uploaded(TRIAL.changed(enhanced_observation="target"), {"two-rooms.yaml": content})
    page, owner = reverse("agent", args=[agent.slug]), visit(alice)
    assert "Add Two rooms to the scenarios" in owner.get(page).content.decode()
    assert "can add Two rooms to the scenarios" in visit().get(page).content.decode()
    owner.post(reverse("agent_add_scenario", args=[agent.slug]))
    added = Scenario.objects.get(name="Two rooms")
    assert (added.owner, added.num_cameras, added.num_targets, added.enhanced_observation) == (alice, 3, 5, "target")
    expected = drafts.check(MAP | {"enhanced_observation": "target"})
    assert added.digest == expected.digest
    assert "No scenario of this portal" not in owner.get(page).content.decode()


def test_a_preset_with_overrides_is_offered_as_it_was_trained_on(
    uploaded: Callable[..., Agent], call: Call, alice: User
) -> None:
    trial = Trial(scenario="MATE-4v8-9", extra_environment={"config_overrides": {"max_episode_steps": 300}})
    agent = uploaded(trial)
    Scenario.objects.create(name="MATE-4v8-9 (as trained)", slug="taken", digest="0" * 64, config={}, num_cameras=1,
                            num_targets=1, num_obstacles=0)  # fmt: skip
    answer = call(alice).post(f"/api/v1/agents/{agent.slug}/scenarios")
    assert answer.status_code == 201 and answer.json()["name"] == f"{agent.name}: map"
    row = Scenario.objects.get(name=f"{agent.name}: map")
    assert row.digest == game.Scenario.load("MATE-4v8-9", max_episode_steps=300).digest


def test_a_map_of_a_training_elsewhere_is_offered(make_agent: Callable[..., Agent]) -> None:
    agent = make_agent(3, 5, 2)
    agent.provenance = {"scenario": "Two rooms", "scenario_config": drafts.check(MAP).to_json()}
    assert homes.find_homeless([agent])[0].offer == "Two rooms"


@pytest.mark.parametrize(
    "told",
    [
        {"scenario_config": "{"}, {"scenario_config": '{"camera_boxes": 3}'}, {"scenario_config": "camera: {}"},
        {"scenario_overrides": '{"camera": 7}'}, {"scenario": "/etc/passwd", "scenario_overrides": "{}"},
        {"scenario_config": drafts.to_yaml(MAP | {"camera": {"location": [[1, 1]]}})},
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_played_or_has_other_numbers_is_not_offered(
    make_agent: Callable[..., Agent], told: dict[str, str]
) -> None:
    agent = make_agent(3, 5, 2)
    agent.provenance = told
    assert homes.find_homeless([agent])[0].offer == ""
