"""The end of a test whose transactions were committed: its rows are deleted, much faster than by Django's flush."""

from typing import Any

from django.db import connection, transaction
from django.test import TransactionTestCase

STANDING = ("auth_permission", "django_content_type")
"""Tables whose rows depend on the code alone. A flush creates them anew with a hundred queries."""
# A commit that changes something, even after a test that wrote nothing: no page is kept from one test to the next.
TOUCH = "UPDATE django_content_type SET model = model WHERE id = (SELECT min(id) FROM django_content_type)"


class Emptying:
    """Deletes the rows of all models. Falls back on Django's flush where a test has changed the standing rows."""

    def __init__(self) -> None:
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        self.tables = [connection.ops.quote_name(name) for name in sorted(set(tables) - set(STANDING))]
        self.standing = read_standing()
        self.flush = TransactionTestCase._fixture_teardown

    def install(self) -> None:
        TransactionTestCase._fixture_teardown = lambda case: self.empty(case)

    def empty(self, case: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            if connection.vendor == "postgresql":  # As TRUNCATE does: wait for what other processes still write.
                cursor.execute(f"LOCK TABLE {', '.join(self.tables)} IN ACCESS EXCLUSIVE MODE")
            cursor.execute("SELECT " + ", ".join(f"EXISTS (SELECT 1 FROM {table})" for table in self.tables))
            for table, has_rows in zip(self.tables, cursor.fetchone(), strict=True):
                if has_rows:
                    cursor.execute(f"DELETE FROM {table}")
            cursor.execute(TOUCH)
        if read_standing() != self.standing:
            self.flush(case)
            self.standing = read_standing()


def read_standing() -> list[list[tuple[Any, ...]]]:
    rows = []
    with connection.cursor() as cursor:
        for table in STANDING:
            cursor.execute(f"SELECT * FROM {table} ORDER BY id")
            rows.append(cursor.fetchall())
    return rows
