"""Another machine takes over a training from its last state, without a shared folder."""

import pytest

from tasks.carrying import Carrier
from tests.tournament.test_storages import bucket, folder  # noqa: F401  Fixtures.

PARTS = {
    "configuration.json": b"{}",
    "progress.jsonl": b'{"iteration": 3}\n',
    "milestones/000003.zip": b"weights",
    "state/000003.safetensors": b"state",
}


def write(machine, parts):
    for name, content in parts.items():
        (machine / name).parent.mkdir(parents=True, exist_ok=True)
        (machine / name).write_bytes(content)


def read(machine):
    paths = [path for path in machine.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {str(path.relative_to(machine)): path.read_bytes() for path in paths}


@pytest.fixture
def machines(tmp_path):
    made = [tmp_path / name for name in ("one", "two")]
    for machine in made:
        machine.mkdir()
    return made


def test_another_machine_continues_from_the_stored_state(bucket, machines):  # noqa: F811
    one, two = machines
    write(one, PARTS | {"log.txt": b"only here"})
    Carrier(one, "trainings/1").store()
    Carrier(two, "trainings/1").fetch()
    assert read(two) == PARTS
    write(two, {"state/000004.safetensors": b"newer"})
    (two / "state/000003.safetensors").unlink()
    Carrier(two, "trainings/1").store()
    assert not any("000003.safetensors" in name for name in bucket.names())
    Carrier(one, "trainings/1").fetch()
    assert {name for name in read(one) if name.startswith("state/")} == {"state/000004.safetensors"}


def test_the_machine_that_stored_last_keeps_what_it_did_since(bucket, machines):  # noqa: F811
    one, _ = machines
    write(one, PARTS)
    Carrier(one, "trainings/1").store()
    write(one, {"progress.jsonl": b'{"iteration": 3}\n{"iteration": 4}\n'})
    Carrier(one, "trainings/1").fetch()
    assert b"4" in read(one)["progress.jsonl"]


def test_a_damaged_file_is_refused(bucket, machines):  # noqa: F811
    one, two = machines
    write(one, PARTS)
    Carrier(one, "trainings/1").store()
    bucket.put("trainings/1/state/000003.safetensors", b"another")
    with pytest.raises(OSError, match=r"state/000003\.safetensors of this training is damaged"):
        Carrier(two, "trainings/1").fetch()


def test_where_all_machines_share_a_folder_nothing_is_carried(machines, folder):  # noqa: F811
    one, two = machines
    write(one, PARTS)
    Carrier(one, "trainings/1").store()
    Carrier(two, "trainings/1").fetch()
    assert read(two) == {} and not (folder / "files").exists()
