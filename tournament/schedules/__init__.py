"""Schedules: tournaments that start by themselves, at set times or for every new agent, each exactly once."""

from tournament.schedules.keeping import PLACING, chosen, fields_of, pause, resume, save
from tournament.schedules.starting import new_agents, place, start_due, start_now
from tournament.schedules.times import (
    DAYS,
    ScheduleRefused,
    daily,
    explain,
    explain_times,
    following,
    read_simple,
    weekly,
)

__all__ = [
    "DAYS",
    "PLACING",
    "ScheduleRefused",
    "chosen",
    "daily",
    "explain",
    "explain_times",
    "fields_of",
    "following",
    "new_agents",
    "pause",
    "place",
    "read_simple",
    "resume",
    "save",
    "start_due",
    "start_now",
    "weekly",
]
