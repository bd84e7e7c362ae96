"""Uploads become agents, or are refused for a reason that their owner can correct; errors of the portal refuse none."""

import hashlib
import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile

from policies import Checkpoint, Dimensions
from policies.importing.reading import read_file
from policies.rehearsing import asking
from tasks import checking
from tests.policies.checkpoints import make_checkpoint
from tests.policies.test_psro import result
from tests.policies.trials import Trial, files_of, tar_of, zip_of
from tournament import entries, labs
from tournament.models import Agent, PsroIteration, Upload, UploadState

pytestmark = pytest.mark.django_db(transaction=True)

IN_2V4_0 = {"scenario": Dimensions(2, 4, 0)}
HOSTILE = Path(__file__).resolve().parents[1] / "data" / "hostile"


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    entries.open_checkpoint.cache_clear()


@pytest.fixture
def offer(django_user_model):
    """Upload some content, as the website does."""
    owner = django_user_model.objects.create_user("ada")

    def offer(content, filename="agent.zip", **columns):
        sha256 = hashlib.sha256(content).hexdigest()
        upload = Upload(owner=owner, filename=filename, size=len(content), sha256=sha256, **columns)
        upload.file.save(filename, ContentFile(content), save=False)
        upload.save()
        return upload

    return offer


def check(upload):
    assert checking.check_next()
    upload.refresh_from_db()
    return upload


def test_a_sound_checkpoint_becomes_an_agent(offer):
    checkpoint = make_checkpoint(**IN_2V4_0)
    upload = check(offer(checkpoint.to_bytes(), name="Clever"))
    assert (upload.state, upload.reason) == (UploadState.ACCEPTED, "")
    agent = upload.agents.get()
    assert (agent.name, agent.team, agent.owner, agent.num_targets) == ("Clever", "camera", upload.owner, 4)
    assert agent.spec == {
        "kind": "checkpoint",
        "team": "camera",
        "checkpoint": checkpoint.digest,
        "deterministic": False,
    }
    assert entries.open_checkpoint(checkpoint.digest) == checkpoint


def test_the_steps_of_checking_are_told_and_all_went_well(offer):
    upload = check(offer(make_checkpoint(**IN_2V4_0).to_bytes()))
    assert {step["status"] for step in upload.steps} == {"ok"}
    names = [step["name"] for step in upload.steps]
    assert checking.READ not in names, "the reader tells its own steps"
    assert names[-2:] == [checking.TRY, checking.ACCEPT]
    assert len(names) > 4
    assert "60 steps, " in upload.steps[-2]["detail"]


def test_what_the_portal_takes_in_is_also_read(offer, settings):
    settings.ARENA_UPLOAD_LIMIT = 80 * 2**20
    content = io.BytesIO(zip_of(files_of(Trial())))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("PPO_trial/events.out.tfevents", bytes(65 * 2**20))
    upload = check(offer(content.getvalue()))
    assert (upload.state, upload.reason) == (UploadState.ACCEPTED, "")


def test_the_same_weights_again_are_the_same_agent(offer):
    content = make_checkpoint(**IN_2V4_0).to_bytes()
    first, second = check(offer(content, name="First")), check(offer(content, name="Second"))
    assert first.agents.get() == second.agents.get()
    assert first.agents.get().name == "First"


@pytest.mark.parametrize("folder", ["MAPPO/PPO_trial/", "", "\u8bad\u7ec3\u3000\u4e00/run/"])
def test_the_same_trial_in_another_folder_is_the_same_agent(offer, folder):
    first = check(offer(zip_of(files_of(Trial(), "PPO_trial/"))))
    second = check(offer(zip_of(files_of(Trial(), folder, 4)), "other.zip"))
    assert (second.state, second.reason) == (UploadState.ACCEPTED, "")
    assert first.agents.get() == second.agents.get()
    assert first.agents.get().provenance["source"] == "PPO_trial/checkpoint_000001/checkpoint-1"


def test_a_psro_result_finds_its_agents_among_those_that_came_before(offer):
    tables = {
        f"{player}__{number:05d}__{name}.txt": b"\n".join([b" ".join([value] * columns)] * (number + 1))
        for player in ("camera", "target")
        for number in range(3)
        for name, value, columns in (("payoff", b"-0.5", number + 1), ("sigma", f"{1 / (number + 1)!r}".encode(), 1))
    }
    files = result(**tables)
    inner = next(name for name in files if name.endswith("params.json")).removesuffix("params.json")
    native = read_file(io.BytesIO(zip_of({name: files[name] for name in files if name.startswith(inner)})))
    checkpoint = native.agents[0].checkpoint
    renamed = Checkpoint(replace(checkpoint.recipe, provenance={"name": "Came alone"}), checkpoint.weights)
    alone = check(offer(renamed.to_bytes(), name="Alone")).agents.get()
    upload = check(offer(tar_of(files), "psro.tar.gz"))
    assert (upload.state, upload.reason) == (UploadState.ACCEPTED, "")
    assert alone in upload.agents.all() and upload.agents.filter(kind="mixture").count() == 2
    mixture = upload.agents.get(kind="mixture", team="camera")
    assert alone.spec["checkpoint"] in {one["agent"].get("checkpoint") for one in mixture.spec["members"]}
    assert alone in {one.camera for one in PsroIteration.objects.filter(run__upload=upload)}


def test_the_same_weights_played_in_another_mode_are_another_agent(offer):
    content = make_checkpoint(**IN_2V4_0).to_bytes()
    check(offer(content))
    check(offer(content, deterministic=True))
    assert Agent.objects.count() == 2
    assert len({agent.checkpoint.name for agent in Agent.objects.all()}) == 1


def test_agents_that_files_give_the_same_name_are_told_apart_by_their_files(offer):
    seeds = [make_checkpoint(seed=seed, **IN_2V4_0).to_bytes() for seed in range(4)]
    names = ["seed-0.zip", "seed-1.tar.gz", "run.zip", "run.zip"]
    agents = [check(offer(content, name)).agents.get() for content, name in zip(seeds, names, strict=True)]
    first = agents[0].name
    assert [agent.name for agent in agents] == [first, f"{first} (seed-1)", f"{first} (run)", f"{first} (run, 2)"]
    assert check(offer(seeds[1], "again.zip")).agents.get().name == f"{first} (seed-1)"


def test_a_name_that_somebody_chose_stays(offer):
    for seed in range(2):
        assert (
            check(offer(make_checkpoint(seed=seed, **IN_2V4_0).to_bytes(), name="Clever")).agents.get().name == "Clever"
        )


def test_an_agent_tells_which_file_it_came_in(offer):
    content = make_checkpoint(**IN_2V4_0, provenance={"file": "trial/checkpoint-5", "algorithm": "MAPPO"}).to_bytes()
    agent = check(offer(content, "mine.zip")).agents.get()
    assert agent.provenance == {"file": "mine.zip", "source": "trial/checkpoint-5", "notes": [], "algorithm": "MAPPO"}


def test_a_checkpoint_for_odd_dimensions_is_tried_in_an_adapted_scenario(offer):
    upload = check(offer(make_checkpoint(scenario=Dimensions(3, 5, 2)).to_bytes()))
    assert upload.state == UploadState.ACCEPTED
    assert "3 v 5, 2 obstacles" in upload.steps[-2]["detail"]


def test_a_file_that_is_no_checkpoint_is_refused_with_its_reason_and_removed(offer):
    upload = check(offer(b"GIF89a, not a checkpoint", filename="cat.gif"))
    assert upload.state == UploadState.REFUSED
    assert upload.reason
    assert upload.steps[-1]["status"] == "failed"
    assert not upload.file
    assert Agent.objects.count() == 0


@pytest.mark.parametrize("name", ["a1_outer_os_system.zip", "c1_truncated_outer_50.zip", "d12_deep_nesting_1e6.zip"])
def test_a_hostile_file_is_refused(offer, name):
    upload = check(offer((HOSTILE / name).read_bytes(), filename=name))
    assert upload.state == UploadState.REFUSED
    assert upload.reason
    assert Agent.objects.count() == 0


def test_a_camera_checkpoint_offered_as_a_target_is_told_so(offer):
    upload = check(offer(make_checkpoint(**IN_2V4_0).to_bytes(), team="target"))
    assert upload.state == UploadState.REFUSED
    assert "offered as a target agent, and it was trained for the camera team" in upload.reason


FAILING = """
import runpy, sys
sys.path.insert(0, {root!r})
from policies import inference
def fail(self, observations, actions, active):
    if self.recipe.provenance.get("name") == "Clueless":
        raise ValueError("no idea what to do")
    act(self, observations, actions, active)
act, inference.BatchedPolicy.act = inference.BatchedPolicy.act, fail
runpy.run_path({program!r}, run_name="__main__")
"""


def test_an_agent_that_cannot_play_is_refused(offer, monkeypatch, tmp_path):
    program = tmp_path / "failing.py"
    program.write_text(FAILING.format(root=str(HOSTILE.parents[2]), program=str(asking.PROGRAM)))
    monkeypatch.setattr(asking, "PROGRAM", program)
    monkeypatch.setattr(asking, "_stages", [])
    upload = check(offer(make_checkpoint(**IN_2V4_0, provenance={"name": "Clueless"}).to_bytes()))
    asking.end_all()
    assert upload.state == UploadState.REFUSED
    assert "cannot play" in upload.reason and "no idea what to do" in upload.reason
    assert Agent.objects.count() == 0


def test_an_agent_that_is_too_slow_is_refused_with_what_was_measured_and_the_limit(offer, settings):
    settings.ARENA_SLOWEST_AGENT = 1e6
    upload = check(offer(make_checkpoint(**IN_2V4_0).to_bytes()))
    assert upload.state == UploadState.REFUSED
    assert re.search(
        r"too slow to be played: \S+ steps of an episode a second .* at least 1e\+06 are needed", upload.reason
    )
    assert Agent.objects.count() == 0


def test_a_fault_of_ours_is_tried_again_and_then_told_as_ours(offer, monkeypatch):
    def fail(*arguments):
        raise OSError("disk full")

    monkeypatch.setattr(entries, "store_checkpoint", fail)
    upload = offer(make_checkpoint(**IN_2V4_0).to_bytes())
    for _ in range(checking.MAX_ATTEMPTS):
        Upload.objects.update(leased_until=None)
        check(upload)
        assert upload.state in (UploadState.WAITING, UploadState.FAILED)
    assert upload.state == UploadState.FAILED
    assert "our side" in upload.reason and "disk full" not in upload.reason
    assert upload.file


def test_uploads_are_checked_in_the_order_they_came(offer):
    first = offer(make_checkpoint(0, **IN_2V4_0).to_bytes())
    second = offer(make_checkpoint(1, **IN_2V4_0).to_bytes())
    check(first)
    second.refresh_from_db()
    assert (first.state, second.state) == (UploadState.ACCEPTED, UploadState.WAITING)
    assert checking.check_next() and not checking.check_next()


@pytest.mark.parametrize(
    ("file", "team"),
    [("mappo_target_s0.slim.tar.gz", "target"), ("hrl_mappo_camera_s0.slim.zip", "camera")],
)
def test_a_genuine_checkpoint_becomes_an_agent(offer, reference_data, file, team):
    upload = check(offer((reference_data / "checkpoints" / "public" / file).read_bytes(), filename=file))
    assert (upload.state, upload.reason) == (UploadState.ACCEPTED, "")
    assert upload.agents.get().team == team


def test_of_a_psro_result_its_checkpoints_become_agents(offer, reference_data):
    file = "psro_ne_tree_camera00002.tar.gz"
    upload = check(offer((reference_data / "checkpoints" / "public" / file).read_bytes(), filename=file, name="PSRO"))
    assert (upload.state, upload.reason) == (UploadState.ACCEPTED, "")
    assert all(agent.name.startswith("PSRO") for agent in upload.agents.all())


def test_agents_of_a_private_upload_are_private_and_its_labs(offer):
    lab = labs.create(User.objects.create_user("bob"), "Owls")
    agent = check(offer(make_checkpoint(**IN_2V4_0).to_bytes(), is_private=True, lab=lab)).agents.get()
    assert (agent.withdrawn, agent.is_listed, agent.lab) == ("private", False, lab)


def test_weights_that_are_here_as_a_private_agent_of_another_are_refused(offer):
    content = make_checkpoint(**IN_2V4_0).to_bytes()
    agent = check(offer(content, is_private=True)).agents.get()
    Agent.objects.filter(pk=agent.pk).update(owner=User.objects.create_user("bob"))
    upload = check(offer(content))
    assert upload.state == UploadState.REFUSED
    assert "private agent of another user" in upload.reason
