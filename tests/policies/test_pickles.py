"""The reader of pickles builds data, and refuses the rest."""

import os
import pickle
import struct
from collections import defaultdict

import numpy as np
import pytest

from policies.importing import ImportRefused
from policies.importing.arrays import Array
from policies.importing.pickles import MAX_MARKS, MAX_OPCODES, MAX_STACK, Inert, read_pickle
from tests.policies.pickling import Call, Name, ObjectArray, OldArray, dtype_of, dump

DATA = {
    "numbers": [0, 1, -1, 255, 256, 65536, -(2**31), 2**40, -(2**100), 0.5, -1e300],
    "text": ["", "a", "é" * 200, "x" * 300],
    "rest": [None, True, False, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), {}, {"a": {1: (2.5, None)}}],
}


@pytest.mark.parametrize("protocol", range(6))
def test_data_is_read_as_python_wrote_it(protocol: int) -> None:
    assert read_pickle(pickle.dumps(DATA, protocol), "x") == DATA


@pytest.mark.parametrize("protocol", [4, 5])
def test_sets_are_read(protocol: int) -> None:
    value = [{1, "a"}, frozenset({2, (3, "b")})]
    assert read_pickle(pickle.dumps(value, protocol), "x") == value


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_byte_strings_are_read_only_views(protocol: int) -> None:
    view = read_pickle(pickle.dumps(b"\x00" * 300, protocol), "x")
    assert isinstance(view, memoryview) and view.readonly and bytes(view) == b"\x00" * 300


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("code", ["f4", "f8", "i8", "i4", "u1", "b1"])
def test_arrays_that_numpy_pickles_are_read(protocol: int, code: str) -> None:
    values = np.arange(12).reshape(3, 4).astype(code)
    array = read_pickle(pickle.dumps(values, protocol), "x")
    assert isinstance(array, Array) and array.values is not None
    assert array.values.dtype == values.dtype and np.array_equal(array.values, values)
    assert not array.values.flags.writeable


@pytest.mark.parametrize("values", [np.zeros(()), np.zeros((0, 3)), np.asfortranarray(np.arange(6.0).reshape(2, 3))])
def test_arrays_of_every_shape_and_order_are_read(values: np.ndarray) -> None:
    array = read_pickle(pickle.dumps(values, 5), "x")
    assert array.values.shape == values.shape and np.array_equal(array.values, values)


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("generator", [np.random.RandomState(1), np.random.default_rng(1)])
def test_generators_as_this_version_of_numpy_writes_them_are_read_over(protocol: int, generator: object) -> None:
    found = read_pickle(pickle.dumps([generator, 5], protocol), "x")
    assert isinstance(found[0], Inert) and found[1] == 5


def test_a_dictionary_with_a_default_is_read_over() -> None:
    assert isinstance(read_pickle(pickle.dumps(defaultdict(int, a=1), 4), "x"), Inert)


def test_an_array_that_occurs_twice_is_one() -> None:
    values = np.arange(3.0)
    first, second = read_pickle(pickle.dumps([values, values], 4), "x")
    assert first is second and first.values is not None


def test_numpys_numbers_are_read_as_numbers() -> None:
    assert read_pickle(pickle.dumps(np.float64(0.5), 4), "x") == 0.5


def test_arrays_of_objects_are_read_over() -> None:
    assert read_pickle(dump(ObjectArray(["a", None]), 4), "x").values is None


def test_what_rllib_mentions_becomes_inert() -> None:
    spec = Call(Name("ray.rllib.policy.policy", "PolicySpec"), (1, 2), {"a": 1}, is_new=True)
    read = read_pickle(dump({"spec": spec}), "x")["spec"]
    assert isinstance(read, Inert) and read.arguments == (1, 2) and read.state == {"a": 1}


def test_code_by_value_stays_inert() -> None:
    code = Call(Call(Name("ray.cloudpickle.cloudpickle", "_builtin_type"), ("CodeType",)), (b"\x64\x00",))
    assert isinstance(read_pickle(dump([code]), "x")[0], Inert)


def test_an_ordered_dictionary_is_a_dictionary() -> None:
    content = b"\x80\x02ccollections\nOrderedDict\n)R(X\x01\x00\x00\x00aK\x01u."
    assert read_pickle(content, "x") == {"a": 1}


@pytest.mark.parametrize(
    "name",
    [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("builtins", "bytearray"),
        ("numpy", "zeros"),
        ("numpy", "load"),
        ("numpy.testing._private.utils", "runstring"),
        ("numpy.core.numeric", "_frombuffer.__globals__"),
        ("numpy.core.multiarray", "fromfile"),
        ("torch.storage", "_load_from_bytes"),
        ("ray.cloudpickle.cloudpickle", "loads"),
        ("ray.rllib", "policy.os.system"),
        ("ray.rllib.policy\nos", "system"),
        ("gym.spacesx", "Box"),
        ("subprocess", "Popen"),
        ("importlib", "import_module"),
        ("functools", "partial"),
        ("", ""),
    ],
)
def test_any_other_name_is_refused_and_not_imported(name: tuple[str, str]) -> None:
    with pytest.raises(ImportRefused, match="not among the data of a genuine checkpoint"):
        read_pickle(dump([Name(*name)], 4), "x")


class Hostile:
    def __reduce__(self) -> tuple:
        return os.system, ("touch /tmp/pwned_by_test",)


@pytest.mark.parametrize("protocol", range(6))
def test_code_in_a_pickle_of_any_protocol_is_refused(protocol: int) -> None:
    with pytest.raises(ImportRefused, match="system"):
        read_pickle(pickle.dumps({"a": Hostile()}, protocol), "x")
    assert not os.path.exists("/tmp/pwned_by_test")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"(ios\nsystem\n.", "INST"),
        (b"(cray.rllib\nx\no.", "OBJ"),
        (b"Pfile\n.", "persistent"),
        (b"\x80\x02K\x01Q.", "persistent"),
        (b"\x80\x02\x82\x01.", "extension"),
        (b"\x80\x05\x97.", "outside"),
        (b"\x80\x05N\x98.", "outside"),
        (b"\x80\x06N.", "protocol"),
        (b"N\x80\x02.", "protocol"),
        (b"\xfeN.", "unknown opcode"),
        (b"", "cut off"),
        (b".", "operand"),
        (b"(.", "operand"),
        (b"N", "cut off"),
        (b"NN.", "left over"),
        (b"N.N.", "3 bytes follow|2 bytes follow"),
        (b"}(K\x01u.", "key without a value"),
        (b"}]K\x01s.", "key"),
        (b"}(" + b"N" * 1000 + b"tNs.", "nor a few of them"),
        (b"((" + b"N" * 1000 + b"t\x91.", "nor a few of them"),
        (b"K\x01K\x02a.", "no list"),
        (b"K\x01K\x02K\x03s.", "no dictionary"),
        (b"K\x01)R.", "no function"),
        (b"cgym.spaces.box\nBox\nK\x01R.", "no tuple"),
        (b"K\x01K\x01b.", "state"),
        (b"h\x07.", "memory cell 7, which is empty"),
        (b"NLx\n.", "number"),
        (b"Ix\n.", "number"),
        (b"Fx\n.", "number"),
        (b"g-1\n.", "memory cell"),
        (b"S'abc\n.", "quoted"),
        (b"U\x02\xff\xfe.", "text"),
        (b"X\x02\x00\x00\x00\xc3\x28.", "text"),
        (b"cos\n" + b"x" * 1000, "no end"),
        (b"\x8e" + struct.pack("<Q", 2**60) + b".", "cut off"),
        (b"\x96" + struct.pack("<Q", 2**63) + b".", "cut off"),
        (b"\x8d" + struct.pack("<Q", 2**63) + b".", "cut off"),
        (b"B" + struct.pack("<I", 2**32 - 1) + b".", "cut off"),
        (b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"N.", "frame"),
        (b"\x8b" + struct.pack("<i", 2**31 - 1) + b".", "integer"),
        (b"\x8b" + struct.pack("<i", -5) + b".", "integer"),
        (b"Nr" + struct.pack("<I", 2**31) + b".", "memory cell"),
        (b"]" * (MAX_STACK + 10), "stacks"),
        (b"(" * (MAX_MARKS + 10), "nests"),
        (b"N0" * MAX_OPCODES, "instructions"),
        (b"N" + b"\x85" * MAX_OPCODES + b".", "instructions"),
    ],
)
def test_what_no_checkpoint_contains_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ImportRefused, match=reason):
        read_pickle(content, "x")


def array_call(content: object, code: str, shape: object, order: object = "C") -> bytes:
    return dump(Call(Name("numpy.core.numeric", "_frombuffer"), (content, dtype_of(code), shape, order)), 5)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (array_call(b"\x00" * 16, "f4", (512, 126)), "takes 258048 bytes, and 16 are there"),
        (array_call(b"", "f4", (0, 2**40)), "length"),
        (array_call(b"\x00" * 4, "f4", (2**31 - 1,) * 8), "takes"),
        (array_call(b"\x00" * 4, "f4", (-1,)), "length"),
        (array_call(b"\x00" * 4, "f4", (True,)), "length"),
        (array_call(b"\x00" * 4, "f4", (1.0,)), "length"),
        (array_call(b"\x00" * 4, "f4", [1]), "tuple"),
        (array_call(b"\x00" * 4, "f4", (1,) * 9), "tuple"),
        (array_call("text", "f4", (1,)), "no bytes|not bytes"),
        (array_call(b"\x00" * 4, "f4", (1,), "K"), "order"),
        (array_call(b"\x00" * 4, "V1000000000", (1,)), "data type"),
        (array_call(b"\x00" * 4, ">f4", (1,)), "data type"),
        (array_call(b"\x00" * 8, "M8", (1,)), "data type"),
        (dump(Call(Name("numpy", "ndarray"), ((2**40,),))), "bytes account for"),
        (dump(Call(Name("numpy", "dtype"), ("f4",), (3, ">", None, None, None, -1, -1, 0))), "byte order"),
        (dump(Call(Name("numpy", "dtype"), ("f4",), (3, "<", None, ("a",), {"a": 1}, -1, -1, 0))), "fields"),
        (
            dump(Call(Name("numpy.core.multiarray", "_reconstruct"), (Name("gym.spaces.box", "Box"), (0,), b"b"))),
            "class",
        ),
        (dump(Call(Name("numpy.core.multiarray", "scalar"), (dtype_of("f8"), b"\x00"))), "takes 8 bytes, and 1"),
        (dump(Call(Name("numpy.core.multiarray", "scalar"), ())), "arguments"),
        (dump(Call(Name("collections", "OrderedDict"), ([("a", 1)],))), "item by item"),
    ],
)
def test_an_array_that_its_bytes_do_not_account_for_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ImportRefused, match=reason):
        read_pickle(content, "x")


def test_shared_structures_are_not_multiplied() -> None:
    nested = b"]" + b"".join(b"q" + bytes([n]) + b"](h" + bytes([n]) + b"h" + bytes([n]) + b"e" for n in range(100))
    with pytest.raises(ImportRefused, match="left over"):
        read_pickle(nested + b".", "x")
    key = b"}" + b"K\x01" + b"".join(b"\x85q" + bytes([n]) + b"0h" + bytes([n]) + b"2\x86" for n in range(100)) + b"Ns."
    with pytest.raises(ImportRefused, match="key"):
        read_pickle(key, "x")


def test_a_refusal_says_where() -> None:
    with pytest.raises(ImportRefused, match=r"^checkpoint-7, byte 3: "):
        read_pickle(b"N0" + b"\xff.", "checkpoint-7")


def test_old_and_new_forms_of_arrays_agree() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    for protocol in (2, 3, 4, 5):
        for form in (values, OldArray(values)):
            assert np.array_equal(read_pickle(dump([form], max(protocol, 3)), "x")[0].values, values)
