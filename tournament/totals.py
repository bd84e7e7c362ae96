"""Totals of episodes, which triggers of the database keep up to date, whoever inserts, changes or deletes rows.

A count of ten million rows takes a second, a sum of their totals a hundredth of it.
"""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction
from django.db.models import QuerySet, Sum

from tournament.models import EpisodeTotal, Scenario

_NAMES = ("count_inserted_episodes", "count_deleted_episodes", "count_changed_episodes")

_SQLITE_ADD = """
    INSERT OR IGNORE INTO tournament_episodetotal (pairing_id, engine, device, count, version)
    VALUES (NEW.pairing_id, NEW.engine, NEW.device, 0, '');
    UPDATE tournament_episodetotal SET count = count + 1, version = hex(randomblob(16))
    WHERE pairing_id = NEW.pairing_id AND engine = NEW.engine AND device = NEW.device;
"""
_SQLITE_REMOVE = """
    UPDATE tournament_episodetotal SET count = count - 1, version = hex(randomblob(16))
    WHERE pairing_id = OLD.pairing_id AND engine = OLD.engine AND device = OLD.device;
"""
_SQLITE = [
    f"CREATE TRIGGER {name} AFTER {event} ON tournament_episode BEGIN {body} END"
    for name, event, body in zip(
        _NAMES,
        ("INSERT", "DELETE", "UPDATE"),
        (_SQLITE_ADD, _SQLITE_REMOVE, _SQLITE_REMOVE + _SQLITE_ADD),
        strict=True,
    )
]
# Rows are locked in the same order everywhere, so that no two transactions of one statement wait for each other.
_POSTGRESQL = [
    """
    CREATE OR REPLACE FUNCTION tournament_count_episodes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            PERFORM 1 FROM tournament_episodetotal WHERE (pairing_id, engine, device) IN
                (SELECT pairing_id, engine, device FROM gone) ORDER BY pairing_id, engine, device FOR UPDATE;
            UPDATE tournament_episodetotal AS total
            SET count = total.count - less.count, version = gen_random_uuid()::text
            FROM (SELECT pairing_id, engine, device, COUNT(*) AS count FROM gone GROUP BY 1, 2, 3) AS less
            WHERE (total.pairing_id, total.engine, total.device) = (less.pairing_id, less.engine, less.device);
        END IF;
        IF TG_OP <> 'DELETE' THEN
            INSERT INTO tournament_episodetotal AS total (pairing_id, engine, device, count, version)
            SELECT pairing_id, engine, device, COUNT(*), gen_random_uuid()::text
            FROM came GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            ON CONFLICT (pairing_id, engine, device)
            DO UPDATE SET count = total.count + EXCLUDED.count, version = EXCLUDED.version;
        END IF;
        RETURN NULL;
    END $$
    """,
    *(
        f"CREATE TRIGGER {name} AFTER {event} ON tournament_episode REFERENCING {tables}"
        " FOR EACH STATEMENT EXECUTE FUNCTION tournament_count_episodes()"
        for name, event, tables in zip(
            _NAMES,
            ("INSERT", "DELETE", "UPDATE"),
            ("NEW TABLE AS came", "OLD TABLE AS gone", "OLD TABLE AS gone NEW TABLE AS came"),
            strict=True,
        )
    ),
]
_RECOUNT = """
INSERT INTO tournament_episodetotal (pairing_id, engine, device, count, version)
SELECT pairing_id, engine, device, COUNT(*), %s FROM tournament_episode GROUP BY pairing_id, engine, device
"""
_DIALECTS = {
    "sqlite": ("SELECT name FROM sqlite_master WHERE type = 'trigger'", _SQLITE, "hex(randomblob(16))"),
    "postgresql": ("SELECT tgname FROM pg_trigger", _POSTGRESQL, "gen_random_uuid()::text"),
}


def install(using: str, **_: Any) -> None:
    """Create the triggers and count the episodes, unless the triggers are there. SQLite drops them with migrations."""
    connection = connections[using]
    if connection.vendor not in _DIALECTS or EpisodeTotal._meta.db_table not in connection.introspection.table_names():
        return
    find, create, version = _DIALECTS[connection.vendor]
    with transaction.atomic(using), connection.cursor() as cursor:
        cursor.execute(find)
        if {name for (name,) in cursor.fetchall()} >= {*_NAMES}:
            return
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("LOCK TABLE tournament_episode IN SHARE ROW EXCLUSIVE MODE")
        table = "" if connection.vendor == "sqlite" else " ON tournament_episode"
        for statement in (*(f"DROP TRIGGER IF EXISTS {name}{table}" for name in _NAMES), *create):
            cursor.execute(statement)
        cursor.execute("DELETE FROM tournament_episodetotal")
        cursor.execute(_RECOUNT % version)


def count(totals: QuerySet[EpisodeTotal] | None = None) -> int:
    """Return the number of episodes of these totals, by default of all."""
    rows = EpisodeTotal.objects.all() if totals is None else totals
    return int(rows.aggregate(sum=Sum("count"))["sum"] or 0)


def of(scenario: Scenario, engine: str, device: str) -> QuerySet[EpisodeTotal]:
    """Return the totals of a scenario's pairings for an engine version and a device class."""
    return EpisodeTotal.objects.filter(pairing__scenario=scenario, engine=engine, device=device)
