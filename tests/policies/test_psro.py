"""A whole PSRO result becomes agents, mixtures and tables."""

import io
from pathlib import Path

import pytest

from policies.importing import RANDOM, ImportRefused, ImportReport, Limits
from policies.importing import read as read_in_child
from policies.importing.reading import read_file
from tests.policies.trials import HIERARCHICAL, Trial, files_of, tar_of

ROOT = "NE-camera.HRL-MAPPO-vs.-target.MAPPO"
TARGET = Trial(team="target", frame_skip=10, enhanced_observation="target")


def result(**changes: bytes | None) -> dict[str, bytes]:
    """A result of two iterations; changes replace or remove (None) files by path below the root, '__' for '/'."""
    files: dict[str, bytes] = {}
    for player, trial, sigma in (
        ("camera", HIERARCHICAL, b"0.0\n0.25\n0.75\n"),
        ("target", TARGET, b"1.0\n0.0\n0.0\n"),
    ):
        for iteration in range(3):
            folder = f"{ROOT}/{player}/{iteration:05d}"
            files[f"{folder}/payoff.txt"] = b"+1.0e-02 2.0e-02\n3.0e-02 4.0e-02\n"
            files[f"{folder}/sigma.txt"] = sigma if iteration == 2 else b"1.0\n"
            if iteration:
                inner = f"{folder}/PSRO-{player}/PSRO-{player}-{iteration:05d}_0/"
                files |= files_of(trial.changed(seed=iteration), inner)
                files[f"{folder}/checkpoint_path.txt"] = f"/tmp/{inner}checkpoint_000001/checkpoint-1".encode()
                files[f"{folder}/PSRO-{player}/experiment_state-x.json"] = b"not read"
    for path, content in changes.items():
        path = f"{ROOT}/{path.replace('__', '/')}"
        if content is None:
            files = {name: kept for name, kept in files.items() if not name.startswith(path)}
        else:
            files[path] = content
    return files


def read(files: dict[str, bytes]) -> ImportReport:
    return read_file(io.BytesIO(tar_of(files, {f"{ROOT}/camera/00001/best-checkpoint": "/tmp/x"})))


@pytest.mark.parametrize(
    ("path", "content", "reason"),
    [
        ("camera__00001__payoff.txt", b"1e300 0\n0 0\n", "numbers beyond 1,000,000,000"),
        ("camera__00001__sigma.txt", b"-5\n6\n", "camera/00001/sigma.txt' is no probability distribution"),
        ("camera__00001__exploitability.txt", b"", "not a table"),
        ("camera__00001__coverage_rate.txt", b"nan\n", "not finite"),
    ],
)
def test_a_table_that_no_run_writes_is_refused(path: str, content: bytes, reason: str) -> None:
    with pytest.raises(ImportRefused, match=reason):
        read(result(**{path: content}))


def test_a_path_that_is_no_text_is_left_out() -> None:
    report = read(result(camera__00001__checkpoint_path__txt=None) | {PATH: b"a\x00b/checkpoint_000001/checkpoint-1"})
    (found,) = (one for one in report.results[0].iterations if (one.player, one.number) == ("camera", 1))
    assert found.checkpoint == "" and len(report.agents) == 4


PATH = f"{ROOT}/camera/00001/checkpoint_path.txt"


def long_result(iterations: int) -> dict[str, bytes]:
    """The tables of a long run, and its last checkpoint."""
    files = files_of(HIERARCHICAL, f"{ROOT}/camera/{iterations:05d}/PSRO-camera/t/")
    for number in range(iterations + 1):
        row = b" ".join([b"+1.234567890123456789E-01"] * (number + 1))
        files[f"{ROOT}/camera/{number:05d}/payoff.txt"] = b"\n".join([row] * (number + 1))
    return files


def test_the_tables_of_a_hundred_iterations_are_read_in_the_child(tmp_path: Path) -> None:
    path = tmp_path / "long.tar.gz"
    path.write_bytes(tar_of(long_result(100)))
    (found,) = read_in_child(path).results
    assert len(found.iterations) == 101 and len(found.iterations[-1].tables[0].rows) == 101


def test_tables_with_too_many_numbers_in_all_are_refused() -> None:
    with pytest.raises(
        ImportRefused, match="more than 300 numbers in all; leave the tables of its first iterations out"
    ):
        read_file(io.BytesIO(tar_of(long_result(9))), Limits(max_numbers=300))


def test_each_iteration_becomes_an_agent() -> None:
    report = read(result())
    assert [agent.name for agent in report.agents] == [
        "HRL-MAPPO camera/00001 MATE-2v4-0",
        "HRL-MAPPO camera/00002 MATE-2v4-0",
        "MAPPO target/00001 MATE-2v4-0",
        "MAPPO target/00002 MATE-2v4-0",
    ]


def test_the_final_strategies_become_mixtures_that_begin_with_the_random_agent() -> None:
    report = read(result())
    camera, target = report.mixtures
    digests = [agent.checkpoint.digest for agent in report.agents]
    assert [(member.weight, member.agent) for member in camera.members] == [
        (0.0, RANDOM),
        (0.25, digests[0]),
        (0.75, digests[1]),
    ]
    assert (target.members[0].weight, target.members[0].agent) == (1.0, RANDOM)
    assert camera.team == "camera" and camera.is_playable and target.is_playable


def test_a_mixture_whose_members_are_missing_says_which() -> None:
    report = read(result(camera__00001__PSRO=None))
    camera, target = report.mixtures
    assert not camera.is_playable and camera.missing == ("camera/00001",) and target.is_playable
    assert any("lacks the checkpoints of camera/00001" in step.detail for step in report.steps)


def test_tables_come_as_data() -> None:
    tables = {table.name: table.rows for table in read(result()).tables}
    assert tables["camera payoff"] == ((0.01, 0.02), (0.03, 0.04))
    assert tables["camera sigma"] == ((0.0,), (0.25,), (0.75,))


def test_the_runs_best_checkpoint_is_preferred_to_the_newest() -> None:
    inner = f"{ROOT}/camera/00002/PSRO-camera/PSRO-camera-00002_0/"
    files = result() | files_of(HIERARCHICAL.changed(seed=9), inner, 7)
    source = {agent.name: agent.source for agent in read(files).agents}["HRL-MAPPO camera/00002 MATE-2v4-0"]
    assert source.endswith("checkpoint-1")
    files[f"{ROOT}/camera/00002/checkpoint_path.txt"] = b"/gone/checkpoint_000003/checkpoint-3"
    agent = next(agent for agent in read(files).agents if agent.name.startswith("HRL-MAPPO camera/00002"))
    assert agent.source.endswith("checkpoint-7") and "not in the archive" in agent.notes[0]


TRAINED = "C:/Users/u/mate/ray_results/PSRO/trial/checkpoint_000001/checkpoint-1"


@pytest.mark.parametrize(
    "told",
    [
        f"/home/u/{TRAINED[3:]}",
        TRAINED,
        TRAINED.replace("/", "\\") + "\r\n",
        TRAINED.replace("/", "\\\\"),
        "\\\\server\\share\\PSRO\\trial/checkpoint_000001\\checkpoint-1",
        "\\\\?\\" + TRAINED.replace("/", "\\"),
        f'"{TRAINED}"',
        "trial\\checkpoint_000001\\checkpoint-1",
        "D:checkpoint-1",
        "C:\\\u8bad\u7ec3\u3000\u4e00\\trial\\checkpoint_000001\\",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_path_of_the_best_checkpoint_may_be_one_of_any_system(told: str, encoding: str) -> None:
    inner = f"{ROOT}/camera/00002/PSRO-camera/PSRO-camera-00002_0/"
    files = result() | files_of(HIERARCHICAL.changed(seed=9), inner, 7)
    files[f"{ROOT}/camera/00002/checkpoint_path.txt"] = told.encode(encoding)
    report = read(files)
    source = {agent.name: agent.source for agent in report.agents}["HRL-MAPPO camera/00002 MATE-2v4-0"]
    assert source.endswith("checkpoint-1")
    (found,) = (one for one in report.results[0].iterations if (one.player, one.number) == ("camera", 2))
    assert found.checkpoint == told.strip()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_with_a_byte_order_mark_is_read(encoding: str) -> None:
    files = result()
    name = f"{ROOT}/camera/00002/sigma.txt"
    marked = read(files | {name: files[name].decode().encode(encoding)})
    assert marked.mixtures == read(files).mixtures


@pytest.mark.parametrize(
    ("sigma", "reason"),
    [
        (b"0.5\n0.5\n", "2 weights.*3 members"),
        (b"0.5\n0.6\n0.2\n", "no probability"),
        (b"-1\n1\n1\n", "no probability"),
        (b"nan\n1\n0\n", "not finite"),
        (b"<b>\n1\n0\n", "not a table of numbers"),
        (b"1 0\n1\n", "rows of one length"),
        (b"", "rows of one length"),
    ],
)
def test_a_strategy_that_is_none_is_refused(sigma: bytes, reason: str) -> None:
    with pytest.raises(ImportRefused, match=reason):
        read(result(camera__00002__sigma_txt=None) | {f"{ROOT}/camera/00002/sigma.txt": sigma})


def test_a_policy_in_the_other_players_folder_is_refused() -> None:
    inner = f"{ROOT}/camera/00002/PSRO-camera/PSRO-camera-00002_0/"
    with pytest.raises(ImportRefused, match="target policy in the folder of the camera player"):
        read(result() | files_of(TARGET, inner))
