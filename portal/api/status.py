"""Workers, and the work that waits."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from mate import __version__
from tournament import leaderboards, queries
from tournament.models import TrainingRun, TrainingState, Worker

router = Router()


class WorkerOut(Schema):
    name: str
    trains: bool = Field(description="A trainer; others play episodes and check uploads.")
    seen: datetime


class StatusOut(Schema):
    version: str
    engine: str = Field(description="Version of the game's engine; episodes of different engines are not compared.")
    workers: list[WorkerOut] = Field(description="The live ones.")
    blocks_waiting: int
    blocks_playing: int
    episodes_left: int
    seconds_left_low: float | None = Field(description="For the episodes that are left, at least; null: unknown.")
    seconds_left_high: float | None
    uploads_waiting: int
    uploads_checking: int
    trainings_waiting: int
    trainings_running: int


@router.get("/status", response=StatusOut, summary="Workers and queues")
def get_status(request: HttpRequest) -> dict[str, Any]:
    queue = queries.queue()
    live: list[Worker] = [*queries.live_workers(), *queries.live_trainers()]
    counts = ("blocks_waiting", "blocks_playing", "episodes_left", "uploads_waiting", "uploads_checking")
    return {name: getattr(queue, name) for name in counts} | {
        "version": __version__,
        "engine": leaderboards.engine_version(),
        "workers": live,
        "seconds_left_low": queue.span and queue.span.low,
        "seconds_left_high": queue.span and queue.span.high,
        "trainings_waiting": TrainingRun.objects.filter(state=TrainingState.WAITING).count(),
        "trainings_running": TrainingRun.objects.filter(state=TrainingState.TRAINING).count(),
    }
