"""The database's clock. Leases and heartbeats go by it alone, because clocks of several machines differ."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import DateTimeField, DurationField, ExpressionWrapper, Value
from django.db.models.functions import Now

__all__ = ["Now", "ago", "ahead"]


def ahead(seconds: float) -> ExpressionWrapper[Any]:
    """Return the query expression for the database's current time plus so many seconds."""
    span = Value(timedelta(seconds=seconds), output_field=DurationField())
    return ExpressionWrapper(Now() + span, output_field=DateTimeField())


def ago(seconds: float) -> ExpressionWrapper[Any]:
    """Return the query expression for the database's current time minus so many seconds."""
    return ahead(-seconds)
