"""Upstream's result layout: what is written is what is read, and what upstream wrote is written again."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from policies.importing import ImportRefused
from tournament.psro.layout import (
    PlayerTables,
    Result,
    Solved,
    arrange_result,
    name_result,
    read_archive,
    read_results,
    write_result,
)

NAME = "NE-camera.HRL-MAPPO-vs.-target.MAPPO"


def run(iterations=3, seed=1):
    """The iterations of a run, with numbers of all sizes."""
    random = np.random.default_rng(seed)
    payoff = random.normal(size=(iterations, iterations)) * 10.0 ** random.integers(
        -12, 3, size=(iterations, iterations)
    )
    for size in range(1, iterations + 1):
        camera, target = random.dirichlet(np.full(size, 0.05), size=2)
        gains = random.uniform(size=2)
        lost = None if size == 1 else (gains.mean(), *gains)
        yield Solved(
            payoff[:size, :size], camera, target, random.uniform(size=(size, size)), lost, f"/runs/{size}", None
        )


def assert_equal(one: Result, other: Result) -> None:
    assert one.name == other.name
    for ours, theirs in ((one.camera, other.camera), (one.target, other.target)):
        assert ours.keys() == theirs.keys()
        for number, tables in ours.items():
            assert tables.checkpoint == theirs[number].checkpoint
            for kind in ("payoff", "sigma", "coverage_rate", "exploitability"):
                mine, read = getattr(tables, kind), getattr(theirs[number], kind)
                assert (mine is None) == (read is None)
                assert mine is None or (mine.shape == read.shape and (mine == read).all())


def test_what_is_written_is_read_to_the_last_bit():
    result = arrange_result(NAME, run(5))
    (read,) = read_results(write_result(result))
    assert_equal(result, read)
    assert max(read.camera) == max(read.target) == 4


def test_files_lie_where_upstream_puts_them():
    files = write_result(arrange_result(NAME, run(2)))
    assert f"{NAME}/camera/00001/coverage_rate.txt" in files
    assert f"{NAME}/target/00001/coverage_rate.txt" not in files
    assert f"{NAME}/camera/00000/exploitability.txt" in files
    assert f"{NAME}/camera/00001/exploitability.txt" not in files
    assert files[f"{NAME}/camera/00001/checkpoint_path.txt"] == b"/runs/2"


def test_the_targets_payoffs_are_the_cameras_with_the_other_sign():
    result = arrange_result(NAME, run(3))
    assert (result.target[2].payoff == -result.camera[2].payoff).all()


def test_exploitability_is_a_row_of_mean_camera_and_target_for_each_iteration_so_far():
    result = arrange_result(NAME, run(4))
    table = result.camera[2].exploitability
    assert table.shape == (3, 3) and table[:, 0] == pytest.approx(table[:, 1:].mean(axis=1))
    assert result.camera[3].exploitability is None


def test_upstreams_tree_is_written_again_byte_for_byte(reference_data: Path):
    path = reference_data / "checkpoints" / "public" / "psro_ne_tree_camera00002.tar.gz"
    (result,) = read_archive(path)
    assert result.name == NAME and max(result.camera) == max(result.target) == 2
    assert len(result.camera[2].sigma) == 3 and result.target[2].payoff.shape == (3, 3)
    written = write_result(result)
    with tarfile.open(path) as archive:
        texts = {m.name: archive.extractfile(m).read() for m in archive if m.isfile() and m.name.endswith(".txt")}
    assert written == texts


def test_upstreams_numbers_keep_their_form():
    payoff, sigma = (
        b"-2.031250000000000069E-02 +1.000000000000000000E+00\n",
        b"0.637499999999999956\n0.362500000000000044\n",
    )
    files = {f"{NAME}/camera/00000/payoff.txt": payoff, f"{NAME}/camera/00000/sigma.txt": sigma}
    assert write_result(read_results(files)[0]) == files


def test_what_is_missing_stays_missing():
    (result,) = read_results({"run/camera/00003/sigma.txt": b"1.0\n"})
    assert result.camera[3] == PlayerTables(sigma=result.camera[3].sigma) and not result.target


def test_several_results_are_told_apart():
    files = {f"all/{name}/camera/00000/sigma.txt": b"1\n" for name in ("NE", "FSP")}
    assert [result.name for result in read_results(files | {"notes/payoff.txt": b"1\n"})] == ["FSP", "NE"]


@pytest.mark.parametrize("bad", [b"one two\n", b"1 2\n3\n", b"nan\n", b""])
def test_tables_that_are_none_are_refused(bad):
    with pytest.raises(ImportRefused, match=r"payoff.txt"):
        read_results({f"{NAME}/camera/00000/payoff.txt": bad})


def test_an_archive_is_read_whatever_else_is_in_it(tmp_path: Path):
    files = write_result(arrange_result(NAME, run(2))) | {f"{NAME}/camera/00001/params.pkl": b"\x80never opened"}
    path = tmp_path / "result.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    (result,) = read_archive(path)
    assert_equal(result, arrange_result(NAME, run(2)))


def test_results_are_named_as_upstream_names_them():
    assert name_result("nash", "hrl-mappo", "mappo") == NAME
    assert name_result("uniform", "mappo", "ippo") == "FSP-camera.MAPPO-vs.-target.IPPO"
