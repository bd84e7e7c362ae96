"""The files of a run's folder."""

import json
import os

import pytest

from mate.errors import UserError
from training import files


def test_a_file_is_replaced_as_a_whole(tmp_path) -> None:
    files.replace_json(tmp_path / "a.json", {"x": 1})
    with pytest.raises(ValueError):
        files.replace_json(tmp_path / "a.json", {"x": float("nan")})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1}
    assert os.listdir(tmp_path) == ["a.json"]


def test_progress_goes_on_after_the_state_and_survives_a_cut_line(tmp_path) -> None:
    for iteration in (1, 2, 3):
        files.append_progress(tmp_path, {"iteration": iteration})
    with open(tmp_path / files.PROGRESS, "a") as file:
        file.write('{"iteration": 4, "st')
    files.cut_progress(tmp_path, 2)
    files.append_progress(tmp_path, {"iteration": 3})
    assert [line["iteration"] for line in files.read_progress(tmp_path)] == [1, 2, 3]


def test_two_processes_do_not_train_in_one_folder(tmp_path) -> None:
    with files.alone(tmp_path), pytest.raises(UserError, match="Another process"), files.alone(tmp_path):
        pass
    with files.alone(tmp_path):
        pass


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_is_told_in_words(tmp_path) -> None:
    with (
        pytest.raises(UserError, match=r"full.*Nothing was lost"),
        files.explain_disk_errors(tmp_path),
        open("/dev/full", "wb", buffering=0) as file,
    ):
        file.write(b"x" * 10)
