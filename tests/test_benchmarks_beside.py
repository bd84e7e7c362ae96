"""Ratios to the original are computed only from alternating runs."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import table, upstream
from benchmarks.clock import Timing

ROOT = Path(__file__).resolve().parent.parent


def timing(rate: float) -> Timing:
    return Timing(rate, rate, rate, rate)


def test_a_ratio_is_the_median_of_pairs_and_tells_their_range(capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = iter([100.0, 300.0, 200.0]), iter([1.0, 2.0, 1.0])
    found, beside = upstream.compare(lambda: timing(next(ours)), lambda: timing(next(theirs)), 3)
    assert beside.ratios == (100.0, 150.0, 200.0) and (found.by_processor, beside.value) == (200.0, 1.0)
    table.report([table.rate("play", "steps/s", found, beside)], as_json=False)
    assert "150 x" in (told := capsys.readouterr().out) and "100 to 200" in told
    table.report([table.rate("play", "steps/s", found, beside)], as_json=True)
    (figure,) = json.loads(capsys.readouterr().out)["figures"]
    assert (figure["ratio"], figure["upstream"]["ratios"]) == (150.0, [100.0, 150.0, 200.0])


def test_without_the_original_no_ratio_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    table.report([table.rate("play", "steps/s", timing(5.0), wanted=4.0)], as_json=False)
    told = capsys.readouterr().out
    assert "met" in told and "ratio" not in told and "upstream" not in told


@pytest.mark.parametrize("kind", ["random", "reset", "greedy"])
def test_the_loop_runs_with_any_mate_that_has_the_originals_interface(kind: str) -> None:
    loop = upstream.Loop(ROOT, Path(sys.executable))
    try:
        assert loop.measure("MATE-2v4-0", kind, seconds=0.01).by_processor > 10
    finally:
        loop.end()


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    from benchmarks.engine import main

    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit, match="is no checkout of the original"):
        patch.setattr(sys, "argv", ["engine", "--upstream", str(tmp_path)])
        main()
