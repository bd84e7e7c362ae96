"""Random damage to files that importers read: to bytes, pickle instructions, archives and JSON.

A mutation is a pure function of its random generator, so a failing one can be reproduced from its seed.
"""

from __future__ import annotations

import copy
import io
import json
import pickletools
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx

from policies import Action, Architecture, Checkpoint, Dimensions, Recipe
from policies.graphs.graph import OPERATORS
from tests.policies.pickling import dump
from tests.policies.trials import HIERARCHICAL, Trial, files_of, tar_of, weights_of, worker_of, zip_of

Files = dict[str, bytes]

MODELS = Path(__file__).resolve().parents[1] / "data" / "onnx"

_NUMBERS = (0, 1, -1, 2, 3, 5, 255, 256, 65535, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**64 - 1)
_JSON_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 64, 65, 1000, 1001, 10**9, 10**30, 0.5, float("nan"), float("inf"), -0.0),
    *("", "x", "none", "camera", "../../etc/passwd", "MATE-2v4-0.yaml", "mate-mappo.target", "\x00", "é" * 50),
    *([], {}, [1], [[[[]]]], {"a": {"b": {}}}, [None] * 20, ["4"], [1e400]),
)
_NAMES = (
    *(b"os\nsystem\n", b"posix\nsystem\n", b"builtins\neval\n", b"builtins\ngetattr\n", b"numpy\nload\n"),
    *(b"numpy\nndarray\n", b"numpy\ndtype\n", b"numpy.core.multiarray\nscalar\n", b"collections\nOrderedDict\n"),
    *(b"numpy.core.multiarray\n_reconstruct\n", b"numpy.core.numeric\n_frombuffer\n", b"_codecs\nencode\n"),
    *(b"ray.rllib.policy.policy\nPolicySpec\n", b"torch\nload\n", b"gym.spaces.box\nBox\n"),
)
_EXTRAS = tuple(
    bytes([opcode])
    for opcode in range(256)
    if chr(opcode) in "0123NRbaesuldt()]}.\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x93\x94"
)


def mutate_bytes(content: bytes, chance: random.Random) -> bytes:
    """Flip, overwrite, insert, delete, repeat or cut some bytes."""
    mutated = bytearray(content)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        place = chance.randrange(len(mutated) + 1)
        length = chance.choice((1, 1, 2, 4, 8, 64))
        match chance.randrange(7):
            case 0 if place < len(mutated):
                mutated[place] ^= 1 << chance.randrange(8)
            case 1 if place < len(mutated):
                mutated[place] = chance.randrange(256)
            case 2:
                mutated[place:place] = chance.randbytes(length)
            case 3:
                del mutated[place : place + length]
            case 4:
                mutated[place:place] = mutated[place : place + length]
            case 5:
                layout = chance.choice(("<B", "<H", "<I", "<Q", ">I"))
                number = chance.choice(_NUMBERS) % (1 << (8 * struct.calcsize(layout)))
                mutated[place : place + struct.calcsize(layout)] = struct.pack(layout, number)
            case _ if chance.random() < 0.3:
                del mutated[place:]
    return bytes(mutated)


def mutate_instructions(content: bytes, chance: random.Random) -> bytes:
    """Delete, repeat, move, exchange or insert instructions of a pickle."""
    try:
        places = [place for _, _, place in pickletools.genops(content)]
    except Exception:
        return mutate_bytes(content, chance)
    parts = [content[start:end] for start, end in zip(places, [*places[1:], len(content)], strict=True)]
    for _ in range(chance.choice((1, 1, 2, 4))):
        place, other = chance.randrange(len(parts)), chance.randrange(len(parts))
        match chance.randrange(7):
            case 0 if len(parts) > 1:
                del parts[place]
            case 1:
                parts.insert(other, parts[place])
            case 2:
                parts[place], parts[other] = parts[other], parts[place]
            case 3:
                parts.insert(place, chance.choice(_EXTRAS))
            case 4:
                parts.insert(
                    place, b"c" + chance.choice(_NAMES) + chance.choice((b"", b")R", b"(tR", b")\x81", b"N\x85R"))
                )
            case 5:
                parts[place] = parts[place][:1] + mutate_bytes(parts[place][1:], chance)
            case _:
                start, end = sorted((place, other))
                parts[other:other] = parts[start : min(end, start + 40)]
    return b"".join(parts)


def mutate_pickle(content: bytes, chance: random.Random) -> bytes:
    """Damage the bytes or the instructions of a pickle."""
    return (mutate_instructions if chance.random() < 0.7 else mutate_bytes)(content, chance)


def mutate_model(content: bytes, chance: random.Random) -> bytes:
    """Change operators, inputs, attributes and constants of an ONNX model, or damage its bytes."""
    if chance.random() < 0.4:
        return mutate_bytes(content, chance)
    model = onnx.load_from_string(content)
    for _ in range(chance.choice((1, 1, 2, 4))):
        node = chance.choice(model.graph.node)
        names = [name for other in model.graph.node for name in (*other.input, *other.output)]
        match chance.randrange(7):
            case 0:
                node.op_type = chance.choice(sorted(OPERATORS))
            case 1 if node.input:
                node.input[chance.randrange(len(node.input))] = chance.choice(names)
            case 2:
                model.graph.node.remove(node)
            case 3 if node.attribute:
                attribute = chance.choice(node.attribute)
                attribute.i = chance.choice((-3, -1, 0, 1, 2, 7, 2**40))
                attribute.ints[:] = [chance.choice((-2, -1, 0, 1, 2, 9))] * chance.randrange(4)
            case 4 if model.graph.initializer:
                tensor = chance.choice(model.graph.initializer)
                tensor.dims[:] = [chance.choice((0, 1, 2, 5, 1000, 2**31))] * chance.randrange(4)
            case 5 if model.graph.initializer:
                tensor = chance.choice(model.graph.initializer)
                tensor.raw_data = mutate_bytes(tensor.raw_data, chance)
            case _:
                model.graph.node.append(chance.choice(model.graph.node))
    return bytes(model.SerializeToString())


def mutate_json(content: bytes, chance: random.Random) -> bytes:
    """Replace, remove, add or move values, or damage the text."""
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError):
        return mutate_bytes(content, chance)
    if chance.random() < 0.2 or not isinstance(parsed, dict | list):
        return mutate_bytes(content, chance)
    for _ in range(chance.choice((1, 1, 2, 3))):
        holders = [parsed]
        for holder in holders:
            members = holder.values() if isinstance(holder, dict) else holder
            holders.extend(member for member in members if isinstance(member, dict | list))
        holders = [holder for holder in holders if holder]
        if not holders:
            break
        holder = chance.choice(holders)
        key = chance.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
        match chance.randrange(4):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[chance.choice(list(holder))] = copy.deepcopy(holder[key])
            case _:
                holder[key] = copy.deepcopy(chance.choice(_JSON_VALUES))
    return json.dumps(parsed).encode()


def mutate_archive(content: bytes, files: Files, chance: random.Random) -> bytes:
    """Rename, repeat, drop, empty or link entries, or damage the archive's own bytes."""
    names = list(files)
    if chance.random() < 0.6 or not names:
        return mutate_bytes(content, chance)
    name = chance.choice(names)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for existing, body in files.items():
            if existing != name or chance.random() < 0.5:
                archive.writestr(zipfile.ZipInfo(existing), body)
        entry = zipfile.ZipInfo(chance.choice((name, f"../{name}", f"/{name}", name.upper(), f"a/{name}", f"{name}/")))
        entry.external_attr = chance.choice((0, 0o120777, 0o100644, 0o060000, 0o010000)) << 16
        if entry.filename not in archive.namelist():
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def rebuilt(files: Files, chance: random.Random) -> bytes:
    """An archive of these files."""
    if chance.random() < 0.2:
        return tar_of(files)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, body in files.items():
            archive.writestr(zipfile.ZipInfo(name), body)
    return buffer.getvalue()


def small_trials() -> list[Trial]:
    """A trial of every kind, with tiny networks."""
    tiny: dict[str, Any] = {"hidden_sizes": (3, 2), "memory_size": 2}
    flat, many = Trial(**tiny), HIERARCHICAL.changed(**tiny)
    kinds = [flat, many, flat.changed(algorithm="ippo"), many.changed(algorithm="ippo"), flat.changed(algorithm="qmix")]
    kinds += [flat.changed(algorithm="iql"), many.changed(algorithm="iql"), flat.changed(team="target", frame_skip=10)]
    kinds += [many.changed(multi_selection=False), flat.changed(levels=None), flat.changed(outer_protocol=3)]
    return [*kinds, flat.changed(has_old_arrays=True), flat.changed(scenario="MATE-4v2-9")]


def native_checkpoint() -> Checkpoint:
    """A small native checkpoint."""
    architecture = Architecture((4, 3), memory="lstm", memory_size=2, skip_connection=True)
    recipe = Recipe("camera", architecture, Action("levels", 3), Dimensions(2, 4, 0), provenance={"name": "tiny"})
    trial = Trial(hidden_sizes=(4, 3), memory_size=2, levels=3)
    found = weights_of(trial)
    names = {
        "actor.hidden.actor_hidden_0._model.0": "hidden.0",
        "actor.hidden.actor_hidden_1._model.0": "hidden.1",
        "actor.output._model.0": "output",
        "actor.lstm": "lstm",
    }
    weights = {
        new + name.removeprefix(old): value
        for name, value in found.items()
        for old, new in names.items()
        if name.startswith(old)
    }
    return Checkpoint(recipe, weights)


class Mutations:
    """Damaged files by number: ``make(index)`` always returns the same bytes for the same seed."""

    def __init__(self, seed: int, hostile: list[Path], genuine: list[Path], only_models: bool = False) -> None:
        self.seed, self.only_models = seed, only_models
        self.models = [_contents(path.read_bytes()) for path in sorted(MODELS.iterdir())]
        self.trials = [(files_of(trial), worker_of(trial)) for trial in small_trials()]
        self.natives = [_contents(native_checkpoint().to_bytes())]
        self.hostile = [(path.read_bytes(), _contents(path.read_bytes())) for path in hostile]
        self.genuine = [_contents(path.read_bytes()) for path in genuine]

    def make(self, index: int) -> bytes:
        """The damaged file of this number."""
        chance = random.Random(f"{self.seed} {index}")
        if self.only_models:
            return self._mutate_one(dict(chance.choice(self.models)), chance)
        if self.genuine and chance.random() < 0.004:
            return self._mutate_one(dict(chance.choice(self.genuine)), chance)
        kind = chance.random()
        if kind < 0.12 and self.hostile:
            content, files = chance.choice(self.hostile)
            return mutate_archive(content, files, chance)
        if kind < 0.25:
            return self._mutate_one(dict(chance.choice(self.natives)), chance)
        files, worker = chance.choice(self.trials)
        if kind < 0.65:
            return self._mutate_worker(dict(files), worker, chance)
        return self._mutate_one(dict(files), chance)

    @staticmethod
    def _mutate_worker(files: Files, worker: dict, chance: random.Random) -> bytes:
        """Damage the inner pickle, inside an intact outer one."""
        damaged = mutate_pickle(dump(worker, chance.choice((2, 3, 4, 5))), chance)
        path = next(name for name in files if name.endswith("checkpoint-1"))
        files[path] = dump({"worker": damaged, "train_exec_impl": {}}, 4)
        return rebuilt(files, chance)

    @staticmethod
    def _mutate_one(files: Files, chance: random.Random) -> bytes:
        """Damage one file of an archive according to its kind, or the archive."""
        if chance.random() < 0.15:
            return mutate_archive(rebuilt(files, chance), files, chance)
        matters = ("params.json", "policy.json", ".safetensors", ".onnx", "checkpoint-0", "checkpoint-1")
        path = chance.choice([name for name in files if name.endswith(matters)] or list(files))
        mutate: Callable[[bytes, random.Random], bytes] = mutate_bytes
        if path.endswith(".json"):
            mutate = mutate_json
        elif "checkpoint-" in path:
            mutate = mutate_pickle
        elif path.endswith(".onnx"):
            mutate = mutate_model
        files[path] = mutate(files[path], chance)
        return rebuilt(files, chance)


def _contents(archive: bytes) -> Files:
    """The files of a zip, as far as they can be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            return {entry.filename: opened.read(entry) for entry in opened.infolist() if entry.file_size < 10_000_000}
    except Exception:
        return {}


def seed_corpus() -> list[bytes]:
    """Intact archives of every kind."""
    return [zip_of(files_of(trial)) for trial in small_trials()]
