"""PSRO runs: creating, advancing and steering them, and reading and writing their files.

A run does no work itself. It requests trainings and tournaments, as users do, and waits for them. The mathematics needs
no database and is in `tournament.psro`.
"""

from tournament.psro_runs.comparing import (
    HeadToHead,
    MixedPayoff,
    check_pair,
    find_comparison,
    judge_comparison,
    start_comparison,
)
from tournament.psro_runs.creating import (
    MAX_ITERATIONS,
    MAX_POOL,
    MAX_ROUNDS,
    ForkRequest,
    PsroRefused,
    PsroRequest,
    create_run,
    fork_run,
)
from tournament.psro_runs.files import enter_results, write_run
from tournament.psro_runs.populations import PopulationMember, members, population
from tournament.psro_runs.progress import estimate_rest, iterations_done, seconds_of
from tournament.psro_runs.renewing import renew_one
from tournament.psro_runs.steering import (
    OPEN,
    RESUMABLE,
    cancel_run,
    extend_run,
    pause_run,
    resume_run,
    trainings_of,
    working_on,
)
from tournament.psro_runs.steps import advance, due

__all__ = [
    "MAX_ITERATIONS",
    "MAX_POOL",
    "MAX_ROUNDS",
    "OPEN",
    "RESUMABLE",
    "ForkRequest",
    "HeadToHead",
    "MixedPayoff",
    "PopulationMember",
    "PsroRefused",
    "PsroRequest",
    "advance",
    "cancel_run",
    "check_pair",
    "create_run",
    "due",
    "enter_results",
    "estimate_rest",
    "extend_run",
    "find_comparison",
    "fork_run",
    "iterations_done",
    "judge_comparison",
    "members",
    "pause_run",
    "population",
    "renew_one",
    "resume_run",
    "seconds_of",
    "start_comparison",
    "trainings_of",
    "working_on",
    "write_run",
]
