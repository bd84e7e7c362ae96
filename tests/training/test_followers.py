"""Additional sinks of a run's progress."""

import threading

import pytest

from mate.errors import UserError
from training.followers import MetricsFollower, tensorboard, weights_and_biases

LINE = {"iteration": 1, "steps": 40, "return_mean": None, "entropy": 2.5}


def test_tensorboards_files_are_written(tmp_path) -> None:
    follower = tensorboard(tmp_path)
    follower(LINE)
    follower.close(60)
    (file,) = tmp_path.glob("events*")
    assert b"entropy" in file.read_bytes() and b"return_mean" not in file.read_bytes()


def test_what_fails_is_said_and_holds_nothing_up(capsys) -> None:
    def fail() -> None:
        raise ConnectionError("no network")

    follower = MetricsFollower("Somewhere", fail)
    follower.close()
    for _ in range(3000):
        follower(LINE)
    assert "Somewhere" in capsys.readouterr().err


def test_a_slow_writer_is_not_waited_for() -> None:
    released = threading.Event()
    follower = MetricsFollower("Somewhere", lambda: (lambda figures, steps: released.wait(10) and None, lambda: None))
    for _ in range(3000):
        follower(LINE)
    released.set()
    follower.close()


def test_a_library_that_is_missing_is_named(tmp_path) -> None:
    pytest.importorskip("tensorboardX")
    try:
        import wandb  # noqa: F401
    except ImportError:
        with pytest.raises(UserError, match="wandb"):
            weights_and_biases("project", tmp_path)
