"""The program that plays recorded episodes again: its answers, its scheduling, and its end."""

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mate.scenario import Scenario
from policies import Action, Architecture, Checkpoint, Dimensions, Recipe
from tests.waiting import PATIENCE, wait_for
from tournament import agents, recorder, replays
from tournament.recorder import asking, jobs
from tournament.recorder.orders import Order

GREEDY = agents.Builtin("camera", "greedy")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where a program serves."""
    folder = tmp_path_factory.mktemp("player")
    asking.start(folder)
    yield folder
    process = asking._started.pop(folder)
    assert process.stdin is not None
    process.stdin.close()  # That is how it learns that nobody needs it any more.
    assert process.wait(PATIENCE) == 0


@pytest.fixture(scope="module")
def recorded() -> bytes:
    return replays.record(Scenario.load("MATE-2v4-0"), GREEDY, agents.Builtin("target", "greedy"), 5)


@pytest.fixture
def order(recorded: bytes, tmp_path: Path) -> Order:
    header, _ = replays.read_header(recorded)
    return Order(
        scenario=Scenario.load("MATE-2v4-0").to_json(),
        camera=header["camera"]["spec"],
        target=header["target"]["spec"],
        names=("greedy", "greedy"),
        seed=5,
        engine=header["engine"],
        digest=header["result"]["digest"],
        device="cpu",
        checkpoints=str(tmp_path),
    )


def wait(folder: Path, path: Path, order: Order, action: str = "record", visitor: str = "somebody") -> recorder.Reply:
    """Ask until the order is carried out or has failed."""

    def ask() -> recorder.Reply | None:
        reply = recorder.ask(folder, path, action, order, visitor)
        return reply if reply.state in ("done", "failed") else None

    return wait_for(ask)


def test_an_episode_is_played_again_bit_for_bit(folder: Path, tmp_path: Path, order: Order, recorded: bytes) -> None:
    path = tmp_path / "1.replay"
    assert wait(folder, path, order).state == "done"
    assert path.read_bytes() == recorded


def test_a_verdict_is_made_by_the_same_program(folder: Path, tmp_path: Path, order: Order) -> None:
    path = tmp_path / "1.verdict"
    assert wait(folder, path, replace(order, digest="0" * 16), "verify").state == "done"
    assert json.loads(path.read_text())["computed_digest"] == order.digest


def test_a_failure_is_told_once_and_may_be_tried_again(folder: Path, tmp_path: Path, order: Order) -> None:
    path = tmp_path / "1.replay"
    assert "came out differently" in wait(folder, path, replace(order, digest="0" * 16)).message
    assert wait(folder, path, order).state == "done"


def test_a_checkpoint_that_is_gone_is_named(folder: Path, tmp_path: Path, order: Order) -> None:
    learned = agents.LearnedAgent("camera", "ab" * 32).to_json()
    assert f"checkpoint {'ab' * 6}" in wait(folder, tmp_path / "1.replay", replace(order, camera=learned)).message


def test_networks_of_every_kind_are_played(folder: Path, tmp_path: Path, order: Order) -> None:
    """What the program has not loaded before it forks, the forked process loads."""
    scenario = Scenario.load("MATE-2v4-0")
    dimensions = Dimensions(scenario.num_cameras, scenario.num_targets, scenario.num_obstacles)
    for number, architecture in enumerate(
        (Architecture((4,), "relu", "gru", 4), Architecture((4,), "tanh", "lstm", 4))
    ):
        recipe = Recipe("camera", architecture, Action("levels", 2), dimensions)
        weights = {name: np.full(shape, 0.01, np.float32) for name, shape in recipe.tensor_shapes.items()}
        checkpoint = Checkpoint(recipe, weights)
        checkpoint.save(tmp_path / f"{checkpoint.digest}.zip")
        spec = agents.LearnedAgent("camera", checkpoint.digest)
        data = replays.record(scenario, spec, agents.Builtin("target", "greedy"), 5, lambda _, c=checkpoint: c)
        header, _ = replays.read_header(data)
        learned = replace(order, camera=spec.to_json(), digest=header["result"]["digest"])
        assert wait(folder, tmp_path / f"{number}.replay", learned).state == "done"


def test_a_folder_has_one_program_which_is_started_again_when_it_is_lost(tmp_path: Path, order: Order) -> None:
    folder = tmp_path / "own"
    try:
        assert recorder.ask(folder, tmp_path / "1.replay", "record", order, "a").state == "starting"
        first = asking._started[folder]
        asking.start(folder)
        assert asking._started[folder] is first
        assert wait(folder, tmp_path / "1.replay", order).state == "done"
        os.kill(first.pid, signal.SIGKILL)
        first.wait(PATIENCE)
        assert wait(folder, tmp_path / "2.replay", order).state == "done"
        assert asking._started[folder] is not first
    finally:
        asking._started[folder].kill()


def test_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    address = asking.address_of(folder)
    assert len(os.fsencode(address)) <= asking.LONGEST_SOCKET_PATH
    assert address.parent.stat().st_mode & 0o077 == 0
    assert address != asking.address_of(folder / "other")


# Whose turn it is


def job(order: Order, visitor: str = "a", is_heavy: bool = False, name: str = "1") -> jobs.Job:
    return jobs.Job(Path(name), "record", order, visitor, is_heavy)


def test_large_networks_never_take_the_places_of_others(order: Order) -> None:
    running = [job(order, is_heavy=True) for _ in range(jobs.HEAVY_PLACES)]
    waiting = [job(order, is_heavy=True), light := job(order)]
    assert jobs.choose_next(waiting, running) is light
    assert jobs.choose_next(waiting[:1], running) is None


def test_a_visitor_who_opens_many_replays_does_not_keep_others_waiting(order: Order) -> None:
    running = [job(order, "greedy") for _ in range(jobs.LIGHT_PLACES - 1)]
    waiting = [*(job(order, "greedy") for _ in range(5)), modest := job(order, "modest")]
    assert jobs.choose_next(waiting, running) is modest


def test_no_more_orders_are_taken_on_than_can_be_carried_out_soon(order: Order) -> None:
    mine = [job(order, "a") for _ in range(jobs.MOST_WAITING_EACH)]
    assert (jobs.find_refusal(mine, "a"), jobs.find_refusal(mine, "b")) == ("too many", None)
    assert jobs.find_refusal([job(order, str(number)) for number in range(jobs.MOST_WAITING)], "b") == "busy"


def test_an_episode_that_takes_long_can_be_seen_as_far_as_it_is(
    order: Order, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that plays is this one: it writes to a pipe that we read."""
    monkeypatch.setattr(jobs, "FIRST_GLANCE_SECONDS", 0.0)
    seen = []
    monkeypatch.setattr(jobs, "write_whole", lambda path, data: seen.append((path, data)))
    one = job(order, name=str(tmp_path / "1.replay"))
    one.pipe, writing = os.pipe()
    jobs.ACTIONS["record"](order, jobs.Glances(one, writing))
    os.close(writing)
    os.set_blocking(one.pipe, False)
    while one.hear():
        pass
    assert one.step == replays.read(seen[-1][1]).num_steps > 0
    assert all(path == one.partial and replays.read_header(data)[0]["partial"] for path, data in seen)
    assert replays.verify(seen[0][1]).is_same
