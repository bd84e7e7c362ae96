"""Replay files: exact, small, self-describing, and safe to read."""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from mate.agents.batched import BUILTIN_NAMES
from mate.scenario import Scenario
from policies import Dimensions
from tests.policies.checkpoints import make_checkpoint
from tournament import matches, replays
from tournament.agents import Builtin, LearnedAgent
from tournament.replays import ReplayError
from tournament.replays.__main__ import main
from tournament.replays.columns import LAYOUTS, ColumnLayout

SAMPLE = Path(__file__).resolve().parents[1] / "data" / "replays" / "sample.replay"
SCENARIO = Scenario.load("MATE-4v8-9")


def record(camera="greedy", target="greedy", steps=120, scenario=SCENARIO):
    return replays.record(scenario, Builtin("camera", camera), Builtin("target", target), 11, max_steps=steps)


@pytest.fixture(scope="module")
def data():
    return record()


def change_header(data, change):
    """The same file with a changed header."""
    (length,) = struct.unpack_from("<I", data, 8)
    header = json.loads(data[12 : 12 + length])
    change(header)
    text = json.dumps(header).encode()
    return data[:8] + struct.pack("<I", len(text)) + text + data[12 + length :]


def change_column(data, name, change):
    """The same file with a changed column, written anew."""
    replay = replays.read(data)
    columns = {key: values.copy() for key, values in replay.columns.items()}
    change(columns[name])
    header = {
        key: value for key, value in replay.header.items() if key not in ("format", "version", "columns", "body_bytes")
    }
    return replays.write(header, columns)


def test_a_replay_holds_the_episode_that_a_match_plays(data):
    [result] = matches.play(SCENARIO, Builtin("camera", "greedy"), Builtin("target", "greedy"), [11], max_steps=120)
    replay = replays.read(data)
    assert (replay.seed, replay.num_steps, replay.digest) == (11, 120, result.digest)
    assert replay.header["result"]["target_reward"] == result.target_reward == replay.columns["target_reward"].sum()
    assert replay.header["result"]["mean_coverage_rate"] == pytest.approx(
        replay.columns["camera_target_view_mask"][1:].any(axis=1).mean()
    )


@pytest.mark.parametrize("name", BUILTIN_NAMES)
@pytest.mark.parametrize("preset", ["MATE-4v8-9", "MATE-2v4-0", "MATE-1v1-9"])
def test_running_the_actions_again_gives_the_same_trajectory(name, preset):
    verdict = replays.verify(record(name, name, 60, Scenario.load(preset)))
    assert verdict.is_same and verdict.recorded_digest == verdict.computed_digest


@pytest.mark.parametrize(
    ("camera", "target"), [("greedy", "greedy"), ("random", "random"), ("heuristic", "heuristic"), ("naive", "naive")]
)
def test_a_step_of_4v8_9_takes_at_most_150_bytes(camera, target):
    steps = 1000
    assert len(record(camera, target, steps)) / steps <= 150


def test_the_sample_of_the_documentation_can_be_verified():
    assert replays.verify(SAMPLE.read_bytes()).is_same


def test_an_altered_action_is_noticed(data):
    def turn_back(actions):
        actions[60:70] *= -1

    verdict = replays.verify(change_column(data, "camera_action", turn_back))
    assert not verdict.is_same
    assert verdict.computed_digest != verdict.recorded_digest


def test_an_altered_frame_is_noticed_though_the_actions_are_right(data):
    def move(locations):
        locations[30, 2] += 5

    verdict = replays.verify(change_column(data, "target_location", move))
    assert not verdict.is_same
    assert verdict.differing_columns == ("target_location",)
    assert "target_location" in str(verdict)


def test_playing_again_from_seed_and_agents_gives_the_same_file(data):
    full = replays.record(Scenario.load("MATE-2v2-0"), Builtin("camera", "greedy"), Builtin("target", "greedy"), 5)
    assert replays.regenerate(full) == full
    with pytest.raises(ReplayError, match="Played again"):
        replays.regenerate(data)  # was cut short


def test_a_learned_agents_episode_needs_no_agent_to_be_verified():
    checkpoint = make_checkpoint(scenario=Dimensions(2, 4, 0))
    spec = LearnedAgent("camera", checkpoint.digest)
    names = ("Clever", "Greedy")
    data = replays.record(
        Scenario.load("MATE-2v4-0"), spec, Builtin("target", "greedy"), 1, lambda digest: checkpoint, names, 40
    )
    assert replays.verify(data).is_same
    assert replays.read(data).header["camera"] == {"name": "Clever", "digest": spec.digest, "spec": spec.to_json()}


def test_another_engine_version_is_not_run_again(data):
    with pytest.raises(ReplayError, match=r"played by engine 0\.0; this is"):
        replays.verify(change_header(data, lambda header: header.update(engine="0.0")))


def test_what_the_viewer_draws_is_near_the_truth(data):
    """Quantised to less than what a pixel shows."""
    from mate.engine import Batch

    replay = replays.read(data)
    batch = Batch(SCENARIO, 1)
    batch.reset([11])
    for step in range(replay.num_steps + 1):
        assert replay.columns["target_location"][step] == pytest.approx(batch.target_location[0], abs=0.026)
        turned = replay.columns["camera_orientation"][step] - batch.camera_orientation[0]
        assert np.abs((turned + 180) % 360 - 180).max() < 0.003
        assert replay.columns["camera_viewing_angle"][step] == pytest.approx(batch.camera_viewing_angle[0], abs=0.0051)
        assert (replay.columns["camera_target_view_mask"][step] == batch.camera_target_view_mask[0]).all()
        assert (replay.columns["target_goal"][step] == batch.target_goal[0]).all()
        if step < replay.num_steps:
            batch.step(*(replay.columns[name][step][None].astype(float) for name in ("camera_action", "target_action")))


def test_a_reader_that_knows_only_the_documentation_gets_the_same_numbers(data):
    """Written from docs/replay-format.md alone, without the package."""
    (length,) = struct.unpack("<I", data[8:12])
    header = json.loads(data[12 : 12 + length])
    body = zlib.decompress(data[12 + length :])
    assert len(body) == header["body_bytes"]
    table = {entry["name"]: entry for entry in header["columns"]}

    entry = table["target_location"]
    frames, count, _ = entry["shape"]
    n = frames * count * 2
    low, high = body[entry["offset"] :][:n], body[entry["offset"] + n :][:n]
    value, found = 0, []
    for k in range(3 * frames, 4 * frames):  # the series [:, 1, 1]
        difference = low[k] | high[k] << 8
        value = (value + difference) & 0xFFFF
        found.append((value - 0x10000 if value >= 0x8000 else value) * entry["quantum"])
    assert found == pytest.approx(replays.read(data).columns["target_location"][:, 1, 1])

    entry = table["camera_target_view_mask"]
    width = -(-frames // 8)
    series = body[entry["offset"] + (2 * 8 + 5) * width :][:width]
    bits = [series[t // 8] >> (t % 8) & 1 for t in range(frames)]
    assert bits == replays.read(data).columns["camera_target_view_mask"][:, 2, 5].tolist()

    entry = table["camera_action"]
    n = np.prod(entry["shape"])
    planes = body[entry["offset"] :][: 4 * n]
    [first] = struct.unpack("<f", bytes(planes[plane * n] for plane in range(4)))
    assert first == replays.read(data).columns["camera_action"][0, 0, 0]


@pytest.mark.parametrize("cut", [0, 5, 11, 200, 5000, -1])
def test_a_cut_file_is_refused(data, cut):
    with pytest.raises(ReplayError):
        replays.read(data[:cut])


def test_altered_bytes_never_give_other_numbers(data):
    """Compressed, the same columns can be written in more than one way; whatever else an altered byte says is
    refused.
    """
    columns = replays.read(data).columns
    (length,) = struct.unpack_from("<I", data, 8)
    refused = 0
    for position in np.linspace(12 + length + 2, len(data) - 1, 60).astype(int):
        altered = bytearray(data)
        altered[position] ^= 0x10
        try:
            found = replays.read(bytes(altered)).columns
        except ReplayError:
            refused += 1
        else:
            assert all((found[name] == columns[name]).all() for name in columns)
    assert refused > 50


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.update(version=3),
        lambda header: header.update(body_bytes=10**12),
        lambda header: header.update(body_bytes=-1),
        lambda header: header.pop("seed"),
        lambda header: header.update(columns=7),
        lambda header: header["columns"].pop(),
        lambda header: header["columns"][0].pop("dtype"),
        lambda header: header["columns"][0].update(shape=[10**9, 10**9]),
        lambda header: header["columns"][0].update(shape=[-1, 2]),
        lambda header: header["columns"][0].update(offset=10**9),
        lambda header: header["columns"][0].update(dtype="object"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(data, change):
    with pytest.raises(ReplayError):
        replays.read(change_header(data, change))


def test_an_altered_scenario_is_refused(data):
    def ease(header):
        header["scenario"]["config"]["target_step_size"] = 40.0

    with pytest.raises(ReplayError, match="does not have the digest"):
        replays.verify(change_header(data, ease))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=lambda layout: layout.name)
def test_a_column_survives_storage(layout):
    random = np.random.default_rng(0)
    values = np.rint(random.uniform(-100, 100, (17, 3, 2))) * layout.quantum
    if layout.encoding == "bits":
        values = values > 0
    if layout.dtype == "float32":
        values = random.normal(size=(17, 3, 2)).astype(np.float32)
    stored = layout.encode(values)
    assert len(stored) == layout.num_bytes(values.shape)
    assert layout.decode(stored, values.shape) == pytest.approx(values)


def test_a_value_that_a_column_cannot_hold_is_refused():
    with pytest.raises(ReplayError, match="more than int16 can hold"):
        ColumnLayout("target_location", "frames", "int16", "delta", 0.05).encode(np.array([1e5]))


def test_the_command_line_records_verifies_shows_and_regenerates(tmp_path, capsys):
    path, again = tmp_path / "a.replay", tmp_path / "b.replay"
    assert main(["record", "--scenario", "MATE-2v2-0", "--seed", "3", "--out", str(path)]) == 0
    assert main(["verify", str(path)]) == 0
    assert main(["regenerate", str(path), "--out", str(again)]) == 0
    assert again.read_bytes() == path.read_bytes()
    assert main(["show", str(path)]) == 0
    assert '"seed": "3"' in capsys.readouterr().out
    path.write_bytes(path.read_bytes()[:-10])
    assert main(["verify", str(path)]) == 1
    assert "altered" in capsys.readouterr().err


SMALL = Scenario.load(
    {
        "num_cargoes_per_target": 4,
        "max_episode_steps": 80,
        "target": {"step_size": 300.0, "location_random_range": [[-900, 900, -900, 900]] * 3},
        "camera": {"location_random_range": [[-900, 900, -900, 900]] * 4, "max_sight_range": 1100.0},
    }
)
"""Warehouses become empty soon, so that targets speak too."""


@pytest.mark.parametrize("name", ["greedy", "heuristic"])
def test_a_replay_says_who_told_whom_what_in_each_step(name):
    replay = replays.read(record(name, "greedy", None, SMALL))
    for team in ("camera", "target"):
        lines, used = replay.columns[f"{team}_message_lines"], replay.columns[f"{team}_messages"]
        counts = used.sum(axis=0)
        assert counts.all() and used.shape == (replay.num_steps, len(lines))
        for index, sent in enumerate(replay.header["result"][f"{team}_edges_sent"]):
            assert counts[lines[:, 0] == index].sum() == sent
        kinds = {replay.header["facts"]["message_kinds"][str(kind)] for kind in lines[:, 2]}
        told = {"greedy": {"state", "sightings"}, "heuristic": {"observation", "goal"}}[name]
        assert kinds == (told if team == "camera" else {"warehouses"})


def test_messages_make_a_replay_at_most_30_percent_larger_when_everybody_talks():
    scenario = Scenario.load("MATE-8v8-9", message_dropout=0.5)
    data = record("heuristic", "heuristic", 300, scenario)
    replay = replays.read(data)
    assert replay.columns["camera_messages"].mean() > 0.2
    mute = {
        name: values[:0] if name.endswith("_lines") else values[:, :0] if name.endswith("_messages") else values
        for name, values in replay.columns.items()
    }
    header = {key: replay.header[key] for key in ("engine", "scenario", "camera", "target", "seed", "result", "facts")}
    assert len(replays.write(header, replay.columns)) == len(data)
    assert len(data) <= 1.3 * len(replays.write(header, mute))


def test_a_silent_team_has_no_lines(data):
    columns = replays.read(record("naive", "random", 20)).columns
    assert columns["camera_message_lines"].shape == (0, 3) and columns["target_messages"].shape == (20, 0)
    assert replays.read(data).columns["camera_message_lines"].any()
