"""Tables as compressed JSON lines: the first line has the names of the columns, each other line one row."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import DateField, Model

LEFT_OUT = {"sessions.session", "tournament.episodetotal"}
"""Tables that are not backed up. All users sign in again after a restore; the database counts episodes itself."""
AT_ONCE = 5000


def list_models() -> list[type[Model]]:
    """Return the models of all tables, including those of many-to-many relations."""
    models = apps.get_models(include_auto_created=True)
    return [model for model in models if model._meta.managed and model._meta.label_lower not in LEFT_OUT]


def list_migrations() -> list[str]:
    """Return the migrations that are applied to the database."""
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


@contextmanager
def snapshot() -> Iterator[None]:
    """Read from a snapshot of the database as it is now. It blocks no writers."""
    if connection.vendor == "postgresql":
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SET LOCAL statement_timeout = 0")
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")  # Django's own transactions would keep others from writing.
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("COMMIT")


def write(model: type[Model], path: Path) -> dict[str, Any]:
    """Write a model's table; return the number of its rows and the digest of the uncompressed lines."""
    names = [field.attname for field in model._meta.concrete_fields]
    rows = model._base_manager.order_by("pk").values_list(*names).iterator(chunk_size=AT_ONCE)
    digest, count = hashlib.sha256(), -1
    with gzip.open(path, "wb", compresslevel=6) as file:
        for row in _with_head(names, rows):
            line = json.dumps(row, default=_encode, separators=(",", ":")).encode() + b"\n"
            digest.update(line)
            file.write(line)
            count += 1
    return {"rows": count, "sha256": digest.hexdigest()}


def _with_head(names: list[str], rows: Any) -> Iterator[Any]:
    yield names
    yield from rows


def _encode(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written to a backup")


def digest_of(path: Path) -> str:
    """Return the digest of a table's uncompressed lines. Raises OSError or EOFError if the file is damaged."""
    with gzip.open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load(model: type[Model], path: Path) -> int:
    """Fill a model's empty table; return the number of rows."""
    fields = {field.attname: field for field in model._meta.concrete_fields}
    count = 0
    with gzip.open(path, "rt", encoding="utf-8") as file, _times_as_given(model):
        names = json.loads(next(file))
        batch: list[Model] = []
        for line in file:
            values = zip(names, json.loads(line), strict=True)
            batch.append(model(**{name: fields[name].to_python(value) for name, value in values}))
            count += 1
            if len(batch) == AT_ONCE:
                model._base_manager.bulk_create(batch, batch_size=500)
                batch = []
        model._base_manager.bulk_create(batch, batch_size=500)
    return count


@contextmanager
def _times_as_given(model: type[Model]) -> Iterator[None]:
    """Keep the given values of columns that Django would set to the present time."""
    changed = [
        (field, field.auto_now, field.auto_now_add)
        for field in model._meta.concrete_fields
        if isinstance(field, DateField) and (field.auto_now or field.auto_now_add)
    ]
    for field, _, _ in changed:
        field.auto_now = field.auto_now_add = False
    try:
        yield
    finally:
        for field, now, add in changed:
            field.auto_now, field.auto_now_add = now, add
