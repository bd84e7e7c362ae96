"""Python classes that the operator trusts play as agents; uploads cannot reach them."""

import importlib
import json
import subprocess
import sys
import zipfile
from functools import partial

import pytest
from django.core.management import CommandError, call_command

from mate.agents.batched import make
from mate.configuration import ConfigWarning, read_config
from mate.evaluate.entrants import Entrant, Evaluation, construct
from mate.evaluate.options import Options
from mate.evaluate.turns import play_turns
from mate.scenario import Scenario
from policies.importing import ImportRefused, read
from tasks import playing
from tournament import (
    agents,
    downloads,
    entries,
    matches,
    operated,
    operators,
    organising,
    psro_runs,
    replays,
    trainings,
)
from tournament.agents import AgentError, OperatorAgent
from tournament.loading import load
from tournament.models import AgentKind, Audit, BlockState, Cause, Episode, TournamentState, Withdrawal
from tournament.refusals import RequestRefused

CODE = '''
"""Targets that talk."""
import numpy as np
from mate import TargetAgentBase


class Talker(TargetAgentBase):
    """Walks at random, and tells its teammates where to."""

    def __init__(self, seed=None, pace=1.0):
        super().__init__(seed)
        self.pace = pace

    def send_requests(self):
        return [self.pack_message({"where": self.index})]

    def act(self, observation, info=None, deterministic=None):
        self.state, *_ = self.check_inputs(observation, info)
        return self.pace * self.state.step_size * self.np_random.uniform(-1, 1, 2)
'''
PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "talkers"
version = "1.2"
[project.entry-points."mate.agents"]
talker = "talkers:Talker"
[tool.setuptools]
py-modules = ["talkers"]
"""


@pytest.fixture
def short(tmp_path):
    """A configuration of short episodes: agents of Python are slow."""
    with pytest.warns(ConfigWarning):
        config = read_config("MATE-2v4-0", max_episode_steps=200)
    path = tmp_path / "short.json"
    path.write_text(json.dumps(config))
    return path


@pytest.fixture
def scenario(db, short):
    return entries.keep_scenario(Scenario.load(short), "Short")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder into which a real wheel with the class was installed."""
    folder = tmp_path_factory.mktemp("wheel")
    (folder / "source").mkdir()
    (folder / "source" / "talkers.py").write_text(CODE)
    (folder / "source" / "pyproject.toml").write_text(PROJECT)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    options = ["--no-deps", "--no-build-isolation", "--no-cache-dir"]
    subprocess.run([*pip, "wheel", *options, "-w", folder, folder / "source"], check=True)
    wheel = next(folder.glob("talkers-1.2-*.whl"))
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    return folder / "site"


@pytest.fixture
def site(installed, monkeypatch):
    """The folder, on the path of this process."""
    monkeypatch.syspath_prepend(installed)
    yield from fresh()


@pytest.fixture
def own_module(tmp_path, monkeypatch):
    """Create a module that belongs to no distribution."""
    (tmp_path / "own_talkers.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    yield from fresh(tmp_path / "own_talkers.py")


def fresh(value=None):
    importlib.invalidate_caches()
    operators.find_classes.cache_clear()
    yield value
    operators.find_classes.cache_clear()
    for name in ("talkers", "own_talkers"):
        sys.modules.pop(name, None)


def name_in_setting(monkeypatch, told):
    monkeypatch.setenv(operators.SETTING, json.dumps(told))
    operators.find_classes.cache_clear()


def begin(scenario, builtins, target, episodes=2):
    return organising.create_tournament(
        organising.TournamentRequest("Talk", scenario, [builtins["camera", "greedy"]], [target], episodes)
    )


def play_all():
    while playing.play_next():
        pass


@pytest.mark.django_db(transaction=True)
def test_a_class_of_a_wheel_plays_a_tournament_as_the_evaluation_plays_it(site, short, scenario, builtins, settings):
    settings.ARENA_AUDIT_SHARE = 1.0
    (row,) = operated.register_operator_agents()
    assert operated.register_operator_agents() == [row]
    assert (row.kind, row.team, row.owner) == (AgentKind.OPERATOR, "target", None)
    assert row.provenance["distribution"] == "talkers 1.2" and "talkers:Talker" in row.description
    tournament = begin(scenario, builtins, row)
    play_all()
    tournament.refresh_from_db()
    assert tournament.state == TournamentState.FINISHED and not Audit.objects.exists()
    from talkers import Talker

    options = Options(str(short))
    build = partial(construct, Talker, "target", {})
    greedy = Entrant("greedy", partial(make, "greedy", "camera"), None)
    pairing = Evaluation(options, options.scenario(), greedy, Entrant("own", None, build))
    for episode in Episode.objects.all():
        (expected,) = play_turns(pairing, [episode.seed])
        assert episode.digest == f"{expected.digest:016x}"
        assert episode.target_edges_sent == " ".join(map(str, expected.target_edges_sent)) != "0 0 0 0"


@pytest.mark.django_db
def test_its_replay_is_played_again_from_the_seed(site, scenario, builtins):
    (row,) = operated.register_operator_agents()
    sides = entries.load_scenario(scenario), entries.load_spec(builtins["camera", "greedy"]), entries.load_spec(row)
    (result,) = matches.play(*sides, [7], max_steps=20)
    (again,) = matches.play(*sides, [7], max_steps=20)
    assert result == again and sum(result.target_edges_sent) > 0
    assert replays.record(*sides, 7)


@pytest.mark.django_db(transaction=True)
def test_changed_code_or_options_are_another_agent_and_the_old_one_is_retired(
    own_module, scenario, builtins, monkeypatch
):
    name_in_setting(monkeypatch, {"own": "own_talkers:Talker"})
    (first,) = operated.register_operator_agents()
    tournament = begin(scenario, builtins, first)
    name_in_setting(monkeypatch, {"own": {"class": "own_talkers:Talker", "options": {"pace": 0.5}}})
    (slower,) = operated.register_operator_agents()
    own_module.write_text(CODE.replace("-1, 1", "-0.5, 0.5"))
    operators.find_classes.cache_clear()
    (edited,) = operated.register_operator_agents()
    assert len({first.digest, slower.digest, edited.digest}) == 3
    first.refresh_from_db()
    assert first.withdrawn == Withdrawal.RETIRED and not first.is_listed
    assert playing.play_next()
    block = tournament.blocks.exclude(error="").get()
    assert (block.state, block.cause) == (BlockState.WAITING, Cause.PORTAL)
    assert "its code here is another" in block.error
    own_module.write_text(CODE)
    name_in_setting(monkeypatch, {"own": "own_talkers:Talker"})
    assert operated.register_operator_agents() == [first]
    first.refresh_from_db()
    assert first.is_listed


@pytest.mark.django_db
@pytest.mark.parametrize(
    "told", ["{", '["own_talkers:Talker"]', '{"own": {"options": {}}}'], ids=["no JSON", "a list", "no class"]
)
def test_a_setting_that_cannot_be_read_ends_the_preparation_with_what_it_must_be(told, monkeypatch, own_module):
    monkeypatch.setenv(operators.SETTING, told)
    with pytest.raises(CommandError, match=r"ARENA_PYTHON_AGENTS is .* expected JSON"):
        call_command("prepare")


@pytest.mark.django_db
def test_a_class_that_cannot_be_used_is_logged_and_the_others_are_kept(own_module, monkeypatch, caplog):
    told = {"gone": "no_such_module:Agent", "odd": "json:JSONDecoder", "Bad Name": "own_talkers:Talker"}
    wrong = {"class": "own_talkers:Talker", "options": {"speed": 1}}
    name_in_setting(monkeypatch, told | {"wrong": wrong, "own": "own_talkers:Talker"})
    assert [row.spec["name"] for row in operated.register_operator_agents()] == ["own"]
    for name in (*told, "wrong"):
        assert f"The agent {name} " in caplog.text


@pytest.mark.django_db
def test_neither_trainings_nor_psro_runs_nor_downloads_take_an_operators_agent(site, scenario, builtins, tmp_path):
    (row,) = operated.register_operator_agents()
    with pytest.raises(RequestRefused, match="code outside the portal"):
        trainings.create_training(trainings.TrainingRequest("T", scenario, "camera", "mappo", row, steps=10_000))
    pools, settings = ([builtins["camera", "random"]], [row]), trainings.TrainingSettings("mappo", steps=10_000)
    with pytest.raises(RequestRefused, match="code outside the portal"):
        psro_runs.create_run(psro_runs.PsroRequest("P", scenario, *pools, settings, settings))
    with pytest.raises(RequestRefused, match="code that the portal does not have"), open(tmp_path / "x", "wb") as file:
        downloads.write_agent(row, file)


def test_nothing_uploaded_names_a_trusted_class(site, tmp_path):
    (known,) = operators.find_classes()
    spec = OperatorAgent("target", known.name, known.code).to_json()
    path = tmp_path / "agents.zip"
    document = {"format": "mate-arena-agents", "version": 1, "facts": {}, "agents": [{"name": "x", "spec": spec}]}
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("agents.json", json.dumps(document))
        archive.writestr("policy.json", json.dumps(spec))
    with pytest.raises(ImportRefused):
        read(path, is_alone=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("agents.json", json.dumps(document))
    with pytest.raises(ImportRefused):
        read(path, is_alone=True)
    with pytest.raises(AgentError, match="no file brings along"):
        load(path)
    assert agents.from_json(spec) == OperatorAgent("target", known.name, known.code)
