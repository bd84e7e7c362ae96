"""Uploaded PSRO results become runs, and runs are written out with equal numbers."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile

from mate import Team
from policies.fields import Dimensions
from policies.importing import (
    ImportedAgent,
    ImportedIteration,
    ImportedResult,
    ImportRefused,
    ImportReport,
    ResultTable,
)
from tests.policies.checkpoints import make_checkpoint
from tournament import entries, psro_runs
from tournament.models import PsroState, Scenario, Upload
from tournament.psro import layout
from tournament.trainings import TrainingSettings

pytestmark = pytest.mark.django_db
REFERENCE = Path(os.environ.get("ARENA_REFERENCE_DATA", Path(__file__).resolve().parents[4] / "shared"))
TREE = REFERENCE / "checkpoints" / "public" / "psro_ne_tree_camera00002.tar.gz"


@pytest.fixture
def upload() -> Upload:
    entries.register_builtin_agents()
    owner = User.objects.create_user("alice")
    return Upload.objects.create(
        owner=owner, filename="tree.tar.gz", size=1, sha256="0" * 64, file=ContentFile(b"x", name="tree.tar.gz")
    )


def table(name: str, rows: np.ndarray) -> ResultTable:
    return ResultTable(name, tuple(map(tuple, np.atleast_2d(rows).tolist())))


def iteration(player: str, number: int, payoff: np.ndarray) -> ImportedIteration:
    sigma = np.full((number + 1, 1), 1 / (number + 1))
    tables = [table("payoff", payoff), table("sigma", sigma)]
    if player == "camera":
        tables.append(table("coverage_rate", np.abs(payoff)))
    if number < 2:
        tables.append(table("exploitability", np.array([[0.3, 0.2, 0.4]] * (number + 1))))
    return ImportedIteration(player, number, tuple(tables), None, f"/there/{player}/{number}" if number else "")


def result(rng: np.random.Generator) -> ImportedResult:
    """Three iterations of a run that met nobody."""
    whole = rng.normal(size=(3, 3))
    iterations = [
        iteration(player, number, sign * whole[: number + 1, : number + 1])
        for player, sign in (("camera", 1.0), ("target", -1.0))
        for number in range(3)
    ]
    return ImportedResult("FSP-camera.HRL-MAPPO-vs.-target.MAPPO", tuple(iterations))


@pytest.fixture
def report(imported_camera) -> ImportReport:
    return ImportReport((imported_camera,), results=(result(np.random.default_rng(3)),))


@pytest.fixture
def imported_camera() -> ImportedAgent:
    return ImportedAgent("camera", "camera", make_checkpoint(scenario=Dimensions(2, 4, 0)), "here")


def files_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_every_iteration_is_there_with_its_strategies(upload, report):
    (run,) = psro_runs.enter_results(upload, report, [])
    assert (run.state, run.meta_solver, run.iterations.count()) == (PsroState.FINISHED, "uniform", 3)
    assert [member.name for member in psro_runs.members(run, "camera", 2)] == ["Random", "camera/00001", "camera/00002"]
    last = run.iterations.last()
    assert last.camera_strategy == pytest.approx([1 / 3] * 3)
    assert last.figures["exploitability"] == [0.3, 0.2, 0.4]


def test_it_is_written_out_with_equal_numbers(upload, report):
    (run,) = psro_runs.enter_results(upload, report, [])
    (again,) = layout.read_results(files_of(psro_runs.write_run(run)))
    for player in Team:
        for one in report.results[0].iterations:
            if one.player == player:
                written = getattr(again, player)[one.number]
                for was in one.tables:
                    assert np.array_equal(np.ravel(getattr(written, was.name)), np.ravel(was.rows)), (player, was.name)
                assert (written.checkpoint or "") == one.checkpoint


def test_tables_that_do_not_fit_each_other_are_refused(upload, report):
    broken = report.results[0].iterations[2]
    tables = tuple(table("sigma", np.array([[1.0]])) if one.name == "sigma" else one for one in broken.tables)
    changed = ImportedIteration(broken.player, broken.number, tables)
    iterations = [changed if one is broken else one for one in report.results[0].iterations]
    with pytest.raises(ImportRefused, match="iteration 2"):
        psro_runs.enter_results(
            upload, ImportReport(report.agents, results=(ImportedResult("NE", tuple(iterations)),)), []
        )


@pytest.mark.parametrize("missing", ["everything", 0, 1])
def test_without_a_complete_result_nothing_is_entered_and_no_scenario_is_added(upload, report, missing):
    whole = report.results[0]
    kept = tuple(one for one in whole.iterations if one.number != missing)
    results = () if missing == "everything" else (ImportedResult(whole.name, kept),)
    assert psro_runs.enter_results(upload, ImportReport(report.agents, results=results), []) == []
    assert not Scenario.objects.exists()


def test_nothing_can_start_from_agents_that_are_not_there(upload, report):
    (run,) = psro_runs.enter_results(upload, report, [])
    training = TrainingSettings("mappo")
    request = psro_runs.ForkRequest("Fork", 2, camera_training=training, target_training=training)
    with pytest.raises(psro_runs.PsroRefused, match="not in the uploaded file"):
        psro_runs.fork_run(run, request)


@pytest.mark.skipif(not TREE.exists(), reason="the genuine result is not here")
def test_a_genuine_result_comes_back_as_it_was(upload):
    from policies.importing import read

    report = read(str(TREE))
    accepted = [entries.accept_checkpoint(upload, imported) for imported in report.agents]
    (run,) = psro_runs.enter_results(upload, report, accepted)
    assert run.scenario.name == "MATE-2v4-0 (enhanced: target)"
    assert run.iterations.last().camera == accepted[0]
    before, after = layout.read_archive(TREE)[0], layout.read_results(files_of(psro_runs.write_run(run)))[0]
    for player in Team:
        assert getattr(before, player).keys() == getattr(after, player).keys()
        for number, was in getattr(before, player).items():
            now = getattr(after, player)[number]
            for kind in layout.FORMATS:
                assert np.array_equal(getattr(was, kind), getattr(now, kind)) or getattr(was, kind) is getattr(
                    now, kind
                )
            assert was.checkpoint == now.checkpoint
