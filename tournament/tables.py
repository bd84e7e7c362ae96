"""Tables as files: CSV, Parquet and JSON, written as a stream in constant memory.

Real numbers keep all their digits in every format. The facts about a table as a whole are in the file too: in Parquet
as metadata of the schema, in JSON next to the rows; CSV has no place for them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np

from tournament.payoffs import Episodes, MetaGame

if TYPE_CHECKING:
    import pyarrow as pa

Format = Literal["csv", "parquet", "json"]
Kind = Literal["text", "whole", "seed", "real", "truth"]
CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
}
FACTS = b"mate-arena"
"""Key of the facts, as JSON, in the metadata of a Parquet file."""


@dataclass(frozen=True)
class TableColumn:
    """A column: name, kind of values, unit and meaning. Seeds are whole numbers of up to 63 bits."""

    name: str
    kind: Kind
    unit: str
    meaning: str


@dataclass(frozen=True)
class Table:
    """Rows in chunks, each with the values of every column by name. `facts` are JSON values."""

    name: str
    columns: tuple[TableColumn, ...]
    facts: dict[str, Any]
    chunks: Iterable[Mapping[str, Sequence[Any]]]


def write(table: Table, format: Format) -> Iterator[bytes]:
    """Yield the table's file in parts."""
    return {"csv": write_csv, "parquet": write_parquet, "json": write_json}[format](table)


def write_csv(table: Table) -> Iterator[bytes]:
    """Yield a header and a line for each row; booleans are 0 and 1, unknown values are empty."""
    from pyarrow import csv as arrow

    sink, schema = io.BytesIO(), schema_of(table)
    numbers = schema_of(table, truth_as_number=True)
    with arrow.CSVWriter(sink, numbers) as writer:
        for chunk in table.chunks:
            writer.write_batch(batch_of(chunk, schema).cast(numbers))
            yield _take(sink)
    yield _take(sink)


def write_lines(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield the CSV lines of a small table, which needs no stream in chunks of columns."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    for row in chain([header], rows):
        writer.writerow(row)
        yield file.getvalue()
        file.seek(0)
        file.truncate()


def write_parquet(table: Table) -> Iterator[bytes]:
    """Yield row groups of one chunk each, compressed by zstd."""
    from pyarrow import parquet

    sink, schema = io.BytesIO(), schema_of(table)
    writer = parquet.ParquetWriter(Pipe(sink), schema, compression="zstd")
    for chunk in table.chunks:
        writer.write_batch(batch_of(chunk, schema))
        yield _take(sink)
    writer.close()
    yield _take(sink)


def write_json(table: Table) -> Iterator[bytes]:
    """Yield an object with name, facts, columns and rows; seeds are strings, since they have up to 63 bits."""
    columns = [
        {"name": column.name, "kind": column.kind, "unit": column.unit, "meaning": column.meaning}
        for column in table.columns
    ]
    head = json.dumps({"table": table.name, "facts": table.facts, "columns": columns})
    yield f'{head[:-1]}, "rows": ['.encode()
    seeds = [column.name for column in table.columns if column.kind == "seed"]
    before, schema = "\n", schema_of(table)
    for chunk in table.chunks:
        rows = batch_of(chunk, schema).to_pylist()
        for row in rows:
            row.update({name: str(row[name]) for name in seeds})
        if rows:
            yield (before + ",\n".join(map(json.dumps, rows))).encode()
            before = ",\n"
    yield b"\n]}\n"


class Pipe:
    """The file that Parquet writes to; `tell` counts the bytes that were taken out."""

    closed = False

    def __init__(self, sink: io.BytesIO) -> None:
        self._sink, self._written = sink, 0

    def write(self, data: bytes) -> int:
        self._written += len(data)
        return self._sink.write(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None: ...

    def close(self) -> None: ...

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


def _take(sink: io.BytesIO) -> bytes:
    """Return what was written since the last call."""
    data = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return data


def schema_of(table: Table, truth_as_number: bool = False) -> pa.Schema:
    """Return the Arrow schema of the table: columns with units and meanings, and the facts."""
    import pyarrow as pa

    kinds = {
        "text": pa.string(),
        "whole": pa.int64(),
        "seed": pa.int64(),
        "real": pa.float64(),
        "truth": pa.int8() if truth_as_number else pa.bool_(),
    }
    fields = [
        pa.field(column.name, kinds[column.kind], metadata={"unit": column.unit, "meaning": column.meaning})
        for column in table.columns
    ]
    return pa.schema(fields, metadata={FACTS: json.dumps({"table": table.name} | table.facts)})


def batch_of(chunk: Mapping[str, Sequence[Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Return a chunk as an Arrow record batch."""
    import pyarrow as pa

    arrays = [pa.array(chunk[field.name], type=field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


# Reading


def read_facts(file: str | Path | IO[bytes]) -> dict[str, Any]:
    """Return the facts of a Parquet file of the portal."""
    from pyarrow import parquet

    facts: dict[str, Any] = json.loads(parquet.read_schema(file).metadata[FACTS])
    return facts


def read_meta_game(file: str | Path | IO[bytes]) -> MetaGame:
    """Return the meta-game of the episodes in a Parquet file of the portal, exactly the one of its ratings' fit.

    `tournament.ratings.rate` reproduces the board from it.
    """
    from pyarrow import parquet

    facts = json.loads(parquet.read_schema(file).metadata[FACTS])
    if hasattr(file, "seek"):
        file.seek(0)
    columns = ["camera", "target", "seed", "normalised_reward"]
    table = parquet.read_table(file, columns=columns, read_dictionary=["camera", "target"]).combine_chunks()
    cameras, camera = _number(table["camera"], facts["cameras"])
    targets, target = _number(table["target"], facts["targets"])
    episodes = Episodes(camera, target, table["seed"].to_numpy(), table["normalised_reward"].to_numpy())
    return MetaGame.from_episodes(cameras, targets, episodes)


def _number(column: Any, agents: Iterable[str]) -> tuple[list[str], np.ndarray]:
    """Return the agents sorted by digest, and the index of each row's agent."""
    agents = sorted(agents)
    places = {digest: place for place, digest in enumerate(agents)}
    encoded = column.unify_dictionaries().combine_chunks()
    if not len(encoded):
        return agents, np.empty(0, dtype=np.int64)
    numbers = np.array([places[digest] for digest in encoded.dictionary.to_pylist()], dtype=np.int64)
    return agents, numbers[encoded.indices.to_numpy()]
