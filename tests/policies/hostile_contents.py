"""Valid archives with contents made to be costly or misleading: pickles, JSON, tables, safetensors."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import safetensors.numpy

from policies import Architecture, Dimensions
from policies.importing.pickles import MAX_OPCODES
from tests.policies.checkpoints import make_checkpoint, make_recipe
from tests.policies.hostile_archives import MEBI, Case
from tests.policies.pickling import dump
from tests.policies.trials import HIERARCHICAL, Trial, files_of, parameters_of, weights_of, worker_of, zip_of

MERSENNE = 2**61 - 1  # the hash of a Python integer is its remainder modulo this


def with_checkpoint(content: bytes) -> bytes:
    """A trial whose checkpoint file is these bytes."""
    files = files_of(Trial())
    return zip_of({name: content if name.endswith("checkpoint-1") else old for name, old in files.items()})


def with_worker(content: bytes) -> bytes:
    """A trial whose checkpoint's inner pickle is these bytes."""
    return with_checkpoint(dump({"worker": content}, 4))


def with_parameters(content: bytes) -> bytes:
    """A trial whose params.json is these bytes."""
    files = files_of(Trial())
    return zip_of({name: content if name.endswith("params.json") else old for name, old in files.items()})


def long(value: int) -> bytes:
    content = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(content)]) + content


def in_groups(keys: list[bytes], opening: bytes, closing: bytes, value: bytes) -> bytes:
    """A pickle of a container that these keys are put into, a thousand at a time."""
    groups = [b"(" + b"".join(key + value for key in keys[n : n + 1000]) + closing for n in range(0, len(keys), 1000)]
    return b"\x80\x05" + opening + b"".join(groups) + b"."


def dictionary(keys: list[bytes]) -> bytes:
    return in_groups(keys, b"}", b"u", b"N")


def text(length: int) -> bytes:
    return b"X" + struct.pack("<I", length) + b"a" * length


def colliding_pairs(number: int) -> list[bytes]:
    """Return pairs of integers whose tuples have the same hash: Python uses that of xxHash, which can be inverted."""
    first, second, mask = 11400714785074694791, 14029467366897019727, 2**64 - 1
    inverse, pairs, lane = pow(second, -1, 2**64), [], 0

    def rotate(value: int) -> int:
        return ((value << 31) | (value >> 33)) & mask

    while len(pairs) < number:
        lane += 1
        state = rotate((2870177450012600261 + lane * second) & mask) * first & mask
        other = (12345 - state) * inverse & mask
        if other < MERSENNE:
            pairs.append(long(lane) + long(other) + b"\x86")
    return pairs


def key_cases() -> Iterator[Case]:
    def multiples(number: int) -> list[bytes]:
        return [long(MERSENNE * n) for n in range(1, number + 1)]

    few = "keys that are large integers, fractions or tuples"
    yield "keys_48_000_collide", lambda: with_checkpoint(dictionary(multiples(48_000))), few
    yield "keys_collide_in_the_worker", lambda: with_worker(dictionary(multiples(20_000))), few
    negative = [long(-MERSENNE * n - 1) for n in range(1, 20_001)]
    yield "keys_negative", lambda: with_checkpoint(dictionary(negative)), few
    yield "keys_wide", lambda: with_checkpoint(dictionary([long((MERSENNE << 300) * n) for n in range(1, 20_001)])), few
    yield "keys_pairs_collide", lambda: with_checkpoint(dictionary(colliding_pairs(9_000))), few
    nested = [b"(" + long(MERSENNE * n) * 14 + b"t" for n in range(1, 3001)]
    yield "keys_long_tuples", lambda: with_checkpoint(dictionary(nested)), few
    yield "members_collide", lambda: with_checkpoint(in_groups(multiples(20_000), b"\x8f", b"\x90", b"")), few
    frozen = b"\x80\x05(" + b"".join(multiples(15_000)) + b"\x91."
    yield "frozen_members_collide", lambda: with_checkpoint(frozen), few
    lines = b"".join(b"L%dL\nN" % (MERSENNE * n) for n in range(1, 9000))
    yield "keys_of_protocol_0", lambda: with_checkpoint(b"(" + lines + b"d."), few
    one_by_one = b"\x80\x05}" + b"".join(key + b"Ns" for key in multiples(15_000)) + b"."
    yield "keys_one_by_one", lambda: with_checkpoint(one_by_one), few
    fractions = dictionary([b"G" + struct.pack(">d", 2.0**-n * m) for n in range(60) for m in range(1, 300, 2)])
    yield "keys_fractions", lambda: with_checkpoint(fractions), few
    nans = dictionary([b"G" + struct.pack(">Q", 0x7FF8_0000_0000_0000 + n) for n in range(9000)])
    yield "keys_not_a_number", lambda: with_checkpoint(nans), few
    huge = text(4_000_000 - 1) + b"q\0" + b"0" + text(4_000_000 - 1) + b"q\1" + b"0}" + b"h\0Nsh\1Ns" * 9000
    yield "keys_long_texts", lambda: with_checkpoint(b"\x80\x02" + huge + b"."), "key has 3,999,999 characters"
    small = dictionary([b"J" + struct.pack("<i", n << 14) for n in range(20_000)])
    yield "keys_small_integers", lambda: with_checkpoint(small), "no 'worker'"


def pickle_cases() -> Iterator[Case]:
    encode = b"c_codecs\nencode\nq\0" + text(3_900_000) + b"X\x06\0\0\0latin1\x86q\1" + b"0h\0h\1R" * 9000
    yield "text_into_bytes_again", lambda: with_checkpoint(b"\x80\x02" + encode + b"."), "again and again"
    yield "instructions", lambda: with_checkpoint(b"N0" * MAX_OPCODES), "instructions"
    shared = b"]" + b"".join(b"q%c](h%ch%ce" % (n, n, n) for n in range(100) if n != 0x2E)
    yield "memo_doubling", lambda: with_checkpoint(b"\x80\x02" + shared + b"."), "left over"
    yield (
        "memo_cells",
        lambda: with_checkpoint(b"\x80\x02N" + b"".join(b"r" + struct.pack("<I", n) for n in range(49_000)) + b"."),
        "no 'worker'",
    )
    yield "memo_far_cell", lambda: with_checkpoint(b"\x80\x02Nr\xff\xff\xff\x7f."), "memory cell"
    yield "memo_line", lambda: with_checkpoint(b"Np" + b"9" * 290 + b"\n."), "memory cell"
    yield "itself_inside", lambda: with_checkpoint(b"\x80\x02]q\0h\0a."), "no 'worker'"
    yield "deep_tuples", lambda: with_checkpoint(b"\x80\x02N" + b"\x85" * 49_000 + b"."), "no 'worker'"
    yield "deep_lists", lambda: with_checkpoint(b"\x80\x02" + b"]" * 19_000 + b"a" * 18_999 + b"."), "no 'worker'"
    yield (
        "deep_dictionaries",
        lambda: with_checkpoint(b"\x80\x02" + b"}U\1a" * 9000 + b"Ns" + b"s" * 8999 + b"."),
        "no 'worker'",
    )
    yield "marks", lambda: with_checkpoint(b"\x80\x02" + b"(" * 100_000), "nests more than"
    yield "number_of_digits", lambda: with_checkpoint(b"I" + b"9" * 3 * MEBI + b"\n."), "no end or is too long"
    yield "long_of_digits", lambda: with_checkpoint(b"L" + b"9" * 3 * MEBI + b"L\n."), "no end or is too long"
    yield "float_of_digits", lambda: with_checkpoint(b"F" + b"0." + b"9" * 3 * MEBI + b"\n."), "no end or is too long"
    yield "float_infinite", lambda: with_checkpoint(b"F1e999\n."), "no 'worker'"
    yield (
        "integer_of_a_megabyte",
        lambda: with_checkpoint(b"\x80\x02\x8b" + struct.pack("<i", MEBI) + b"\xff" * MEBI + b"."),
        "integer of",
    )
    yield "text_without_end", lambda: with_checkpoint(b"V" + b"a" * 5_000_000), "no end or is too long"
    wide = "\U0001f600".encode() + b"a" * 3_900_000
    texts = b"".join(b"X" + struct.pack("<I", len(wide)) + wide for _ in range(25))
    yield "wide_texts", lambda: with_checkpoint(b"\x80\x02(" + texts + b"t."), "MiB of memory|not unpacked further"
    yield (
        "dotted_name",
        lambda: with_checkpoint(b"cray.rllib\n" + b".".join([b"a"] * 100) + b"\n."),
        "not among the data",
    )
    module = b"ray.rllib" + b".a" * 1_900_000
    yield (
        "dotted_module",
        lambda: with_checkpoint(b"\x80\x04X" + struct.pack("<I", len(module)) + module + b"\x8c\1a\x93."),
        "not among",
    )
    yield "name_with_a_getter", lambda: with_checkpoint(b"cgym.spaces\nbox.__class__.__mro__\n."), "not among the data"
    yield (
        "calls_of_calls",
        lambda: with_checkpoint(b"\x80\x02cgym.spaces\nBox\n" + b")R" * 24_000 + b"."),
        "no 'worker'",
    )
    yield (
        "object_array_of_itself",
        lambda: with_checkpoint(b"cnumpy.core.multiarray\n_reconstruct\n)R."),
        "other arguments",
    )
    yield "type_of_a_million", lambda: with_checkpoint(b"\x80\x02cnumpy\ndtype\nU\x0bV1000000000\x85R."), "data type"


def with_weights(change: Any, **changes: Any) -> bytes:
    """A trial whose policy's tensors went through a function."""
    trial = Trial(**changes)
    worker = worker_of(trial)
    worker["state"]["shared_policy"]["weights"] = change(weights_of(trial))
    files = files_of(trial)
    content = dump({"worker": dump(worker, 5)}, 4)
    return zip_of({name: content if name.endswith("checkpoint-1") else old for name, old in files.items()})


def weight_cases() -> Iterator[Case]:
    def filled(value: float) -> Any:
        return lambda weights: {name: np.full_like(tensor, value) for name, tensor in weights.items()}

    yield "weights_nan", lambda: with_weights(filled(np.nan)), "not finite"
    yield "weights_infinite", lambda: with_weights(filled(-np.inf)), "not finite"
    yield "weights_huge", lambda: with_weights(filled(3e38)), "outputs could overflow"
    yield "weights_denormal", lambda: with_weights(filled(1e-41)), ""
    yield "weights_negative_zero", lambda: with_weights(filled(-0.0)), ""
    yield (
        "weights_double",
        lambda: with_weights(lambda w: {n: t.astype(np.float64) for n, t in w.items()}),
        "expected float32",
    )
    yield (
        "weights_half",
        lambda: with_weights(lambda w: {n: t.astype(np.float16) for n, t in w.items()}),
        "expected float32",
    )
    yield (
        "weights_empty",
        lambda: with_weights(lambda w: {n: t[:0] for n, t in w.items()}),
        "announces|no matrix|belong",
    )
    big = np.random.default_rng(0).random((1024, 1024), np.float32)
    yield (
        "weights_shared",
        lambda: with_weights(lambda w: w | {f"critic.{n}": big for n in range(150)}),
        "numbers in all",
    )
    yield (
        "weights_many",
        lambda: with_weights(lambda w: w | {f"critic.{n}": np.zeros(1, np.float32) for n in range(900)}),
        "200 tensors",
    )
    yield "weights_long_name", lambda: with_weights(lambda w: w | {"x" * 900: np.zeros(1, np.float32)}), "do not have"
    yield (
        "weights_odd_dimensions",
        lambda: with_weights(lambda w: {n: t.reshape(*t.shape, 1) for n, t in w.items()}),
        "no matrix",
    )


def json_cases() -> Iterator[Case]:
    def changed(**changes: Any) -> bytes:
        return with_parameters(json.dumps(parameters_of(Trial()) | changes).encode())

    yield "json_deep_lists", lambda: with_parameters(b"[" * 200_000), "not valid JSON"
    yield "json_deep_objects", lambda: with_parameters(b'{"a":' * 40_000), "not valid JSON"
    yield "json_long_number", lambda: with_parameters(b'{"env":' + b"9" * 200_000 + b"}"), "not valid JSON"
    yield "json_long_fraction", lambda: with_parameters(b'{"env":0.' + b"9" * 200_000 + b"}"), "env is"
    yield "json_large_exponent", lambda: with_parameters(b'{"env":1e' + b"9" * 200_000 + b"}"), "env is"
    yield "json_twice", lambda: with_parameters(b'{"env":1,"env":2}'), "two fields of the same name"
    yield "json_surrogates", lambda: with_parameters(b'{"env":"' + b"\\ud800" * 30_000 + b'"}'), "env is"
    yield "json_nan", lambda: changed(env_config={"frame_skip": float("nan")}), "frame_skip is nan"
    yield "json_million_objects", lambda: with_parameters(b"[" + b"{}," * 80_000 + b"{}]"), "expected an object"
    yield "json_too_long", lambda: with_parameters(b" " * 300_000 + b"{}"), "more than 262,144 bytes"
    yield "json_wide", lambda: changed(model={"custom_model_config": {"actor_hiddens": [4096] * 9000}}), "widths"
    yield "json_long_scenario", lambda: changed(env_config={"config": "a/" * 100_000}), "config is"
    many = [files_of(Trial(), f"{n}/") | {f"{n}/params.json": b"[" + b"{}," * 80_000 + b"{}]"} for n in range(60)]
    yield "json_in_sixty_trials", lambda: zip_of({k: v for one in many for k, v in one.items()}), "expected an object"
    yield (
        "trials_too_many",
        lambda: zip_of({k: v for n in range(70) for k, v in files_of(Trial(), f"{n}/").items()}),
        "at most 64",
    )


def psro(tables: dict[str, bytes]) -> bytes:
    """A PSRO result with one checkpoint and these tables."""
    return zip_of(
        files_of(HIERARCHICAL, "r/camera/00001/PPO/") | {f"r/{name}": content for name, content in tables.items()}
    )


def table_cases() -> Iterator[Case]:
    yield "table_long_number", lambda: psro({"camera/00001/payoff.txt": b"1" * 500_000}), "finite|not a table"
    yield (
        "table_of_line_ends",
        lambda: psro({"camera/00001/payoff.txt": b"\n" * 500_000}),
        "not a table|rows of one length",
    )
    yield "table_of_rows", lambda: psro({"camera/00001/payoff.txt": b"1\n" * 200_000}), "rows of one length"
    yield "table_of_columns", lambda: psro({"camera/00001/payoff.txt": b"1 " * 200_000}), "rows of one length"
    yield "table_nan", lambda: psro({"camera/00001/payoff.txt": b"nan nan\nnan nan\n"}), "not finite"
    yield "table_exponent", lambda: psro({"camera/00001/payoff.txt": b"1e308\n"}), "beyond"
    empty = {f"camera/{n:05d}/payoff.txt": b"\n" * 100_000 + b"1\n" for n in range(900)}
    yield "tables_many", lambda: psro(empty), "in all|not unpacked further"
    digits = np.random.default_rng(0).integers(0, 10, (499, 499)).astype("S1")
    rows = b"\n".join(b" ".join(row) for row in digits)
    full = {f"{team}/{n:05d}/payoff.txt": rows for n in range(4) for team in ("camera", "target")}
    yield "tables_of_digits", lambda: psro(full), "numbers in all"


def native(recipe: bytes | None = None, weights: bytes | None = None) -> bytes:
    """A native checkpoint with another recipe or other weights."""
    checkpoint = make_checkpoint()
    own = json.dumps(checkpoint.recipe.to_json()).encode()
    content = safetensors.numpy.save(dict(checkpoint.weights))
    return zip_of({"policy.json": recipe or own, "weights.safetensors": weights or content})


def header(content: bytes, length: int | None = None, numbers: bytes = b"") -> bytes:
    return struct.pack("<Q", len(content) if length is None else length) + content + numbers


def native_cases() -> Iterator[Case]:
    def recipe(**changes: Any) -> bytes:
        return json.dumps(make_recipe().to_json() | changes).encode()

    yield "header_of_exabytes", lambda: native(weights=header(b"{}", 2**63)), "impossible length"
    yield (
        "header_of_100_mb",
        lambda: native(weights=header(b"{" + b" " * 30 * MEBI + b"}")),
        "impossible length|not unpacked further",
    )
    yield "header_deep", lambda: native(weights=header(b'{"a":' * 10_000)), "cannot be read"
    yield (
        "header_overlapping",
        lambda: native(weights=header(_same_place(500), None, bytes(16))),
        "cannot be read|not one of",
    )
    yield (
        "header_many_tensors",
        lambda: native(weights=header(_empty_tensors(1500))),
        "cannot be read|not one of|expected",
    )
    yield "header_shape_overflow", lambda: native(weights=header(_tensor([2**32, 2**32]), None, b"")), "cannot be read"
    yield (
        "header_unknown_type",
        lambda: native(weights=header(_tensor([1], "F8_E4M3"), None, b"\0")),
        "float8_e4m3fn, expected float32",
    )
    yield "recipe_deep", lambda: native(recipe=b'{"team":' * 9000), "not valid JSON"
    yield (
        "recipe_long_number",
        lambda: native(recipe=recipe()[:-1] + b',"frame_skip":' + b"1" * 90_000 + b"}"),
        "not valid JSON|same name",
    )
    yield (
        "recipe_infinite_number",
        lambda: native(recipe=recipe(provenance={"a": float("inf")})),
        "cannot be written as JSON",
    )
    yield "recipe_long_provenance", lambda: native(recipe=recipe(provenance={"a": "x" * 90_000})), "longer than 20000"
    wide = Architecture((4096,) * 8)
    yield (
        "recipe_of_a_large_network",
        lambda: native(recipe=recipe(architecture=make_arch(wide))),
        "more than 16,000,000",
    )
    yield (
        "recipe_many_entities",
        lambda: native(recipe=recipe(scenario={"cameras": 65, "targets": 1, "obstacles": 0})),
        "0 to 64",
    )
    subset = {"decoding": "select-subset", "levels": 0, "outputs": "values", "epsilon": 0.0}
    crowd = {"cameras": 4, "targets": 64, "obstacles": 0}
    yield "recipe_of_all_subsets", lambda: native(recipe=recipe(action=subset, scenario=crowd)), "limited to 12 targets"
    yield "weights_of_16_million", large_network, ""
    yield "weights_of_16_million_nan", lambda: large_network(np.nan), "not finite"


def make_arch(architecture: Architecture) -> dict[str, Any]:
    return make_recipe(architecture=Architecture((8,))).to_json()["architecture"] | {
        "hidden_sizes": list(architecture.hidden_sizes)
    }


def _tensor(shape: list[int], kind: str = "F32") -> bytes:
    return json.dumps({"a": {"dtype": kind, "shape": shape, "data_offsets": [0, 1]}}).encode()


def _same_place(number: int) -> bytes:
    one = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
    return json.dumps({f"t{n}": one for n in range(number)}).encode()


def _empty_tensors(number: int) -> bytes:
    one = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    return json.dumps({f"t{n}": one for n in range(number)}).encode()


def large_network(last: float = 0.0, scenario: Dimensions | None = None) -> bytes:
    """A native checkpoint of nearly sixteen million random weights, the last of which can be chosen."""
    recipe = make_recipe(
        architecture=Architecture((3700, 4000)), scenario=scenario or Dimensions(4, 8, 9), frame_skip=1
    )
    generator = np.random.default_rng(0)
    weights = {
        name: generator.uniform(-0.01, 0.01, shape).astype(np.float32) for name, shape in recipe.tensor_shapes.items()
    }
    weights["output.bias"][-1] = last
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # stored, because compressing random weights is slow and useless
        archive.writestr("policy.json", json.dumps(recipe.to_json()))
        archive.writestr("weights.safetensors", safetensors.numpy.save(weights))
    return buffer.getvalue()


def content_cases() -> list[Case]:
    """Name, maker and expected words of each."""
    made = (key_cases, pickle_cases, weight_cases, json_cases, table_cases, native_cases)
    return [case for cases in made for case in cases()]
