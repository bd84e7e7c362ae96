"""Scenarios and agents are registered once, and told where they cannot play."""

from importlib import import_module

import pytest
from django.apps import apps

from mate.agents.batched import BUILTIN_NAMES
from mate.scenario import Scenario as GameScenario
from policies import Dimensions
from policies.importing.report import ImportedAgent, ImportedMixture, MixtureMember
from tests.policies.checkpoints import make_checkpoint
from tournament import agents, entries
from tournament.models import Agent, AgentKind, Scenario, Upload

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    entries.open_checkpoint.cache_clear()


@pytest.fixture
def upload(django_user_model):
    owner = django_user_model.objects.create_user("ada")
    return Upload.objects.create(owner=owner, filename="run.tar.gz", size=1, sha256="0")


def imported(seed=0, **changes):
    checkpoint = make_checkpoint(seed, **changes)
    return ImportedAgent("MAPPO camera", checkpoint.recipe.team, checkpoint, "checkpoint-1", ("best of 3",))


def test_the_built_in_agents_of_both_teams_are_registered_once():
    assert len(entries.register_builtin_agents()) == 2 * len(BUILTIN_NAMES)
    entries.register_builtin_agents()
    assert Agent.objects.count() == 2 * len(BUILTIN_NAMES)
    for row in Agent.objects.all():
        assert entries.load_spec(row).digest == row.digest


def test_every_packaged_scenario_with_two_teams_is_registered_once():
    rows = entries.register_scenarios()
    entries.register_scenarios()
    assert Scenario.objects.filter(num_cameras__gt=0).count() == len(rows) == 16
    assert "MATE-4v8-9" in [row.name for row in rows]


def test_a_row_gives_back_the_scenario_that_it_was_made_of():
    row = entries.register_scenario("MATE-4v8-9", "target")
    assert entries.load_scenario(row) == GameScenario.load("MATE-4v8-9", enhanced_observation="target")
    assert row.name == "MATE-4v8-9 (enhanced: target)"


def test_a_checkpoint_is_stored_under_its_digest_once(upload, settings):
    row = entries.accept_checkpoint(upload, imported())
    assert row.checkpoint.name == f"checkpoints/{imported().checkpoint.digest}.zip"
    assert entries.accept_checkpoint(upload, imported()) == row
    assert len(list((settings.MEDIA_ROOT / "checkpoints").iterdir())) == 1


def test_a_checkpoint_file_that_a_crash_cut_short_is_written_again(upload, settings):
    checkpoint = imported().checkpoint
    path = settings.MEDIA_ROOT / entries.checkpoint_name(checkpoint.digest)
    path.parent.mkdir()
    path.write_bytes(checkpoint.to_bytes()[:100])
    entries.store_checkpoint(checkpoint)
    assert entries.open_checkpoint(checkpoint.digest) == checkpoint


def test_a_mixture_of_accepted_agents_and_the_random_one_can_be_played(upload):
    first, second = imported(0), imported(1)
    rows = [entries.accept_checkpoint(upload, each) for each in (first, second)]
    members = (
        MixtureMember("1", 0.5, first.checkpoint.digest),
        MixtureMember("2", 0.25, second.checkpoint.digest),
        MixtureMember("0", 0.25, "random"),
        MixtureMember("3", 0.0, None),
    )
    row = entries.accept_mixture(upload, ImportedMixture("PSRO camera", "camera", members), rows)
    spec = entries.load_spec(row)
    assert (row.kind, row.num_cameras, len(spec.members)) == (AgentKind.MIXTURE, 2, 3)
    assert agents.checkpoints(spec) == {first.checkpoint.digest, second.checkpoint.digest}


@pytest.mark.parametrize(
    "provenance",
    [{"file": "b/checkpoint-1"}, {"name": "converted", "software": "another tool"}, {"timesteps": 32}],
)
def test_one_network_is_one_agent_wherever_it_comes_from(upload, settings, provenance):
    row = entries.accept_checkpoint(upload, imported(provenance={"file": "a/checkpoint-1"}), "First")
    again = entries.accept_checkpoint(upload, imported(provenance=provenance), "Second")
    assert again == row and (again.name, Agent.objects.count()) == ("First", 1)
    assert len(list((settings.MEDIA_ROOT / "checkpoints").iterdir())) == 1


def test_another_recipe_team_or_mode_is_another_agent(upload):
    rows = [
        entries.accept_checkpoint(upload, imported(**changes))
        for changes in ({}, {"frame_skip": 3}, {"team": "target"}, {"enhanced_observation": "both"})
    ]
    upload.deterministic = True
    assert len({*rows, entries.accept_checkpoint(upload, imported())}) == 5


def test_a_mixture_of_the_same_networks_is_the_same_agent(upload):
    def mix(*provenance):
        found = [imported(seed, provenance={"file": file}) for seed, file in enumerate(provenance)]
        rows = [entries.accept_checkpoint(upload, each) for each in found]
        members = tuple(MixtureMember("", 0.5, row.spec["checkpoint"]) for row in rows)
        return entries.accept_mixture(upload, ImportedMixture("PSRO camera", "camera", members), rows)

    assert mix("a", "b") == mix("c", "d")
    assert Agent.objects.count() == 3


class TestAgentsFromBeforeThereWereIdentities:
    """What the data migration makes of rows that were stored without an identity."""

    migration = import_module("tournament.migrations.0012_identify_agents")

    def forget(self):
        Agent.objects.update(identity=None)

    def test_their_digests_stay_and_they_are_found_again(self, upload):
        entries.register_builtin_agents()
        row = entries.accept_checkpoint(upload, imported(provenance={"file": "old/checkpoint-1"}))
        before = dict(Agent.objects.values_list("digest", "identity"))
        self.forget()
        self.migration.fill(apps, None)
        assert dict(Agent.objects.values_list("digest", "identity")) == before
        assert entries.accept_checkpoint(upload, imported(provenance={"file": "new/checkpoint-1"})) == row

    def test_of_agents_that_are_the_same_the_first_has_the_identity(self, upload):
        twins = []
        for file in ("a", "b"):
            twins.append(entries.accept_checkpoint(upload, imported(provenance={"file": file})))
            self.forget()
        self.migration.fill(apps, None)
        for row in twins:
            row.refresh_from_db()
        assert twins[0] != twins[1] and twins[0].identity and twins[1].identity is None
        assert entries.accept_checkpoint(upload, imported(provenance={"file": "c"})) == twins[0]
        assert entries.accept_checkpoint(upload, imported(provenance={"file": "b"})) == twins[0]

    def test_mixtures_are_known_by_their_members_identities(self, upload):
        rows = [entries.accept_checkpoint(upload, imported(seed, provenance={"file": "old"})) for seed in (0, 1)]
        mixed = entries.register_mixture([(0.5, rows[0]), (0.5, rows[1])], "Old", None)
        identity = mixed.identity
        self.forget()
        self.migration.fill(apps, None)
        mixed.refresh_from_db()
        assert mixed.identity == identity

    def test_one_whose_file_is_gone_is_known_by_its_digest(self, upload, settings):
        row = entries.accept_checkpoint(upload, imported())
        (settings.MEDIA_ROOT / row.checkpoint.name).unlink()
        self.forget()
        self.migration.fill(apps, None)
        row.refresh_from_db()
        assert row.identity == row.digest
        assert entries.accept_checkpoint(upload, imported()) == row


def test_a_mixture_that_lacks_a_member_is_no_agent(upload):
    members = (MixtureMember("1", 1.0, None),)
    assert entries.accept_mixture(upload, ImportedMixture("PSRO", "camera", members), []) is None


def test_other_dimensions_are_a_problem_told_with_both_figures(upload):
    row = entries.accept_checkpoint(upload, imported(scenario=Dimensions(4, 8, 9)), "Clever")
    fitness = entries.check_fitness(row, entries.register_scenario("MATE-2v4-0"))
    assert "Clever was trained for 4 cameras, and MATE-2v4-0 has 2." in fitness.problems
    assert len(fitness.problems) == 3


def test_another_enhanced_observation_is_a_note(upload):
    row = entries.accept_checkpoint(upload, imported(scenario=Dimensions(2, 4, 0), enhanced_observation="both"))
    fitness = entries.check_fitness(row, entries.register_scenario("MATE-2v4-0"))
    assert not fitness.problems
    assert "both teams; MATE-2v4-0 is played without enhanced" in fitness.notes[0]


def test_built_in_agents_play_everywhere():
    scenario = entries.register_scenario("MATE-8v8-9")
    for row in entries.register_builtin_agents():
        assert entries.check_fitness(row, scenario) == entries.Fitness((), ())
