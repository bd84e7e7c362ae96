"""Archives made to be costly or misleading, each with the words that its refusal must contain ("" if it may pass)."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator

from tests.policies.trials import Trial, files_of, tar_of, zip_of

Case = tuple[str, Callable[[], bytes], str]

MEBI = 2**20


def block(kind: bytes, size: int = 0, name: str = "a") -> bytes:
    """A header of a tar archive, with its checksum."""
    entry = tarfile.TarInfo(name)
    entry.type = kind
    head = bytearray(entry.tobuf(tarfile.GNU_FORMAT))
    head[124:136] = b"%011o\0" % size if size >= 0 else b"\xff" * 4 + size.to_bytes(8, "big", signed=True)
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % 512)


def extended(content: bytes, kind: bytes = tarfile.XHDTYPE) -> bytes:
    """An extended header with any content."""
    return block(kind, len(content)) + padded(content)


def record(key: bytes, value: bytes) -> bytes:
    """A record of an extended header, with its length."""
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest)
    while length != len(str(length)) + len(rest):
        length = len(str(length)) + len(rest)
    return str(length).encode() + rest


def tar(*parts: bytes, level: int = 1) -> bytes:
    """A gzipped archive of these parts, after which a genuine trial follows."""
    genuine = gzip.decompress(tar_of(files_of(Trial())))
    return gzip.compress(b"".join(parts) + genuine, level, mtime=0)


def entry(name: str, content: bytes = b"") -> bytes:
    return block(tarfile.REGTYPE, len(content), name) + padded(content)


def pax_cases() -> Iterator[Case]:
    yield "pax_digits_2mb", lambda: tar(extended(b"1" * 2 * MEBI)), "extended header of 2,097,152 bytes"
    yield "pax_digits_8kb", lambda: tar(extended(b"1" * 8192)), "number of more than 100 digits"
    yield "pax_digits_in_value", lambda: tar(extended(record(b"a", b"7" * 8000))), "number of more than 100 digits"
    yield "pax_digit_runs", lambda: tar(*[extended(b"1" * 99 + b" ") + entry(f"f{n}") for n in range(3000)]), "records"
    yield "pax_huge_value", lambda: tar(extended(record(b"comment", b"x" * 10 * MEBI))), "extended header of"
    yield "pax_global_2mb", lambda: tar(extended(b"2" * 2 * MEBI, tarfile.XGLTYPE)), "extended header of"
    yield "pax_solaris_2mb", lambda: tar(extended(b"3" * 2 * MEBI, tarfile.SOLARIS_XHDTYPE)), "extended header of"
    many = b"".join(record(b"k%d" % n, b"") for n in range(500))
    yield "pax_many_records", lambda: tar(extended(many)), "more than 64 records"
    yield (
        "pax_globals",
        lambda: tar(*[extended(record(b"k%d" % n, b"x"), tarfile.XGLTYPE) for n in range(5000)]),
        "more extended",
    )
    yield "pax_chain", lambda: tar(*[extended(record(b"a", b"x"))] * 50_000), "more extended headers for one entry"
    yield (
        "pax_entry_chain",
        lambda: tar(*[extended(record(b"a", b"x" * 7000)) + entry(f"f{n}") for n in range(9000)]),
        "in all",
    )
    yield "pax_size", lambda: tar(extended(record(b"size", b"99999999999")) + entry("f")), "another size"
    yield "pax_negative_size", lambda: tar(extended(record(b"size", b"-512")) + entry("f")), "another size"
    yield "pax_sparse_0_1", lambda: tar(extended(record(b"GNU.sparse.map", b"0,1" * 900)) + entry("f")), "another size"
    sparse = record(b"GNU.sparse.major", b"1") + record(b"GNU.sparse.minor", b"0")
    yield "pax_sparse_1_0", lambda: tar(extended(sparse) + entry("f", b"9" * MEBI)), "another size"
    yield "pax_no_record", lambda: tar(extended(b"\xff" * 4000) + entry("f")), "not a list of records"
    yield "pax_zero_length", lambda: tar(extended(b"0 a=b\n") + entry("f")), "not a list of records"
    yield "pax_empty", lambda: tar(block(tarfile.XHDTYPE, 0) + entry("f")), "extended header of 0 bytes"
    yield "pax_path_leads_out", lambda: tar(extended(record(b"path", b"../../etc/x")) + entry("f")), "leads out"
    yield "pax_infinite_time", lambda: tar(extended(record(b"mtime", b"1e99999")) + entry("f")), ""


def tar_cases() -> Iterator[Case]:
    yield (
        "gnu_long_name_16mb",
        lambda: tar(extended(b"a" * 16 * MEBI, tarfile.GNUTYPE_LONGNAME) + entry("f")),
        "extended header",
    )
    yield (
        "gnu_long_link_16mb",
        lambda: tar(extended(b"a" * 16 * MEBI, tarfile.GNUTYPE_LONGLINK) + entry("f")),
        "extended header",
    )
    yield (
        "gnu_long_names_chain",
        lambda: tar(*[extended(b"a/" * 400, tarfile.GNUTYPE_LONGNAME)] * 5000),
        "more extended headers",
    )
    deep = ["/".join(["d"] * 490) + f"/{n}" for n in range(4000)]
    yield (
        "deep_names",
        lambda: tar(*[extended(name.encode() + b"\0", tarfile.GNUTYPE_LONGNAME) + entry("f") for name in deep]),
        "folders deep|in all",
    )
    yield "gnu_sparse", lambda: tar(block(tarfile.GNUTYPE_SPARSE, 0, "s")), "sparse file"
    sparse = bytearray(block(tarfile.GNUTYPE_SPARSE, 0, "s"))
    sparse[482] = 1
    sparse[148:156] = b" " * 8
    sparse[148:156] = b"%06o\0 " % sum(sparse)
    more = (bytes(504) + b"\1" + bytes(7)) * 20_000
    yield "gnu_sparse_chain", lambda: tar(bytes(sparse) + more), "sparse file"
    yield "negative_size", lambda: tar(block(tarfile.REGTYPE, -512, "f") * 3), "an entry of -512 bytes"
    yield "negative_extension", lambda: tar(block(tarfile.XHDTYPE, -512)), "an entry of -512 bytes"
    yield "size_of_exabytes", lambda: tar(block(tarfile.REGTYPE, 2**59, "f")), "unpacks to more than"
    yield (
        "size_beyond_the_end",
        lambda: tar_of({})[:0] + gzip.compress(block(tarfile.REGTYPE, 4096, "f")),
        "no checkpoint|damaged",
    )
    yield "volume_label", lambda: tar(block(b"V", 0, "label")), "which no trial folder has"
    yield "continued_volume", lambda: tar(block(b"M", 10**9, "more")), "damaged"
    yield "unknown_type", lambda: tar(block(b"q", 512, "q") + bytes(512)), "which no trial folder has"
    yield "contiguous", lambda: tar(block(tarfile.CONTTYPE, 0, "c")), "which no trial folder has"
    yield "fifo", lambda: tar(block(tarfile.FIFOTYPE, 0, "c")), "which no trial folder has"
    yield "hard_link", lambda: tar(block(tarfile.LNKTYPE, 0, "c")), "which no trial folder has"
    yield "directory_with_content", lambda: tar(block(tarfile.DIRTYPE, 512, "d")), ""
    yield "many_empty_entries", lambda: tar(*[entry(f"f{n}") for n in range(10_001)]), "10,000 entries"
    yield "many_folders", lambda: tar(*[block(tarfile.DIRTYPE, 0, f"d{n}") for n in range(10_001)]), "10,000 entries"
    yield "one_name_again_and_again", lambda: tar(entry("f") * 9000), "occurs twice"
    yield "many_links", lambda: tar(*[block(tarfile.SYMTYPE, 0, f"l{n}") for n in range(9000)]), ""
    yield "plain_tar_of_zeros", lambda: tar_of({"x": bytes(1000)})[:0] + entry("x", bytes(15 * MEBI)), "no checkpoint"


def gzip_cases() -> Iterator[Case]:
    member = gzip.compress(b"", mtime=0)
    yield "gzip_many_streams", lambda: member * 400_000, "one stream is read"
    yield "gzip_second_stream", lambda: tar() + gzip.compress(bytes(MEBI)), "one stream is read"
    yield "gzip_long_name", lambda: b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 60 * MEBI, "damaged"
    yield "gzip_bomb", lambda: gzip.compress(bytes(100 * MEBI), 5), "not unpacked further"
    yield "gzip_in_gzip", lambda: gzip.compress(gzip.compress(bytes(MEBI))), "damaged"
    yield "gzip_cut", lambda: tar()[:-5], "damaged"
    yield "gzip_wrong_sum", lambda: tar()[:-8] + b"\0" * 8, "damaged"
    yield "gzip_reserved_flags", lambda: b"\x1f\x8b\x08\xe0" + bytes(20), "damaged"
    yield "bzip2_bomb", lambda: bz2.compress(bytes(20 * MEBI), 1), "unpack it and archive|neither a .zip nor a .tar.gz"
    yield (
        "xz_bomb",
        lambda: lzma.compress(bytes(20 * MEBI), preset=0),
        "unpack it and archive|neither a .zip nor a .tar.gz",
    )
    yield "zlib_bomb", lambda: zlib.compress(bytes(20 * MEBI), 1), "unpack it and archive|neither a .zip nor a .tar.gz"
    yield "zstandard", lambda: b"\x28\xb5\x2f\xfd" + bytes(100), "unpack it and archive|neither a .zip nor a .tar.gz"


def zip_with(method: int, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("params.json", content)
    return buffer.getvalue()


def directory(entries: bytes, number: int) -> bytes:
    """A zip of nothing but a table of contents."""
    return (
        b"PK\3\4" + bytes(26) + entries + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, number, number, len(entries), 30, 0)
    )


def central(name: bytes = b"", extra: bytes = b"", comment: bytes = b"") -> bytes:
    fields = (b"PK\1\2", 20, 20, 0, 0, 0, 0x21, 0, 0, 0, len(name), len(extra), len(comment), 0, 0, 0, 0)
    return struct.pack("<4s6H3L5H2L", *fields) + name + extra + comment


def overlapping(number: int = 400) -> bytes:
    """Entries that all are the same compressed bytes (Fifield, WOOT 2019)."""
    content = zip_of({"a/params.json": bytes(MEBI)})
    start = content.index(b"PK\1\2")
    one = content[start : start + 46]
    names = [b"a/%011d" % each for each in range(number)]
    return (
        content[:start]
        + b"".join(one + name for name in names)
        + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, number, number, number * (46 + 13), start, 0)
    )


def zip_cases() -> Iterator[Case]:
    yield "zip_bzip2", lambda: zip_with(zipfile.ZIP_BZIP2, bytes(10 * MEBI)), "other than deflate"
    yield "zip_lzma", lambda: zip_with(zipfile.ZIP_LZMA, bytes(10 * MEBI)), "other than deflate"
    yield "zip_bomb", lambda: zip_with(zipfile.ZIP_DEFLATED, bytes(40 * MEBI)), "not unpacked further"
    yield "zip_million_entries", lambda: directory(central() * 1_000_000, 65535), "10,000 entries"
    yield "zip_80_000_entries", lambda: directory(central() * 80_000, 65535), "10,000 entries|damaged"
    yield (
        "zip_long_names",
        lambda: directory(b"".join(central(b"%07d" % n * 9000) for n in range(900)), 900),
        "10,000 entries",
    )
    yield "zip_extras", lambda: directory(central(b"a", b"\1\0\0\0" * 16000) * 60, 60), "damaged|occurs twice"
    yield "zip_comments", lambda: directory(central(b"a", b"", b"c" * 65000) * 60, 60), "occurs twice"
    yield "zip_overlapping", overlapping, "not unpacked further|table of contents is false"
    yield "zip_deep_names", lambda: zip_of({"/".join(["d"] * 480) + f"/{n}": b"" for n in range(3000)}), "folders deep"
    yield "zip_in_zip", lambda: zip_of({"a.zip": zip_of({"b.zip": zip_of({"c": b"x"})})}), "archives inside it"
    yield (
        "zip_of_long_comment",
        lambda: zip_of(files_of(Trial()))[:-2] + b"\xff\xff" + b"PK\5\6" * 16000,
        "damaged|no checkpoint|",
    )
    yield (
        "zip_negative_directory",
        lambda: b"PK\3\4" + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 2**32 - 1, 2**32 - 1, 0),
        "damaged",
    )
    yield "zip_64_exabytes", _zip64, "damaged"


def _zip64() -> bytes:
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 2**60, 2**60, 2**60, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, 30, 1)
    return (
        b"PK\3\4"
        + bytes(26)
        + end
        + locator
        + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    )


def archive_cases() -> list[Case]:
    """Name, maker and expected words of each."""
    return [*pax_cases(), *tar_cases(), *gzip_cases(), *zip_cases()]
