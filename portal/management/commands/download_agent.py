"""`manage.py download_agent SLUG FILE`: write the file of an agent, or of a PSRO run's populations."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mate.errors import UserError
from tournament import downloads
from tournament.models import Agent, PsroRun


class Command(BaseCommand):
    help = "Write an agent, or with --psro the populations of a run, as a file that mate_arena.load reads."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", help="the agent's slug; with --psro the run's number")
        parser.add_argument("file", type=Path)
        parser.add_argument("--psro", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        what, path = options["what"], options["file"]
        try:
            content = populations_of(what) if options["psro"] else agent_of(what)
            with path.open("wb") as file:
                content(file)
        except UserError as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(f"{path} cannot be written ({error.strerror}). Name another file.") from None
        self.stdout.write(f"{path}: {path.stat().st_size:,} bytes")


def agent_of(slug: str) -> Any:
    """Return a function that writes the agent with a slug. Raises UserError if there is none."""
    agent = Agent.objects.filter(slug=slug).first()
    if agent is None:
        raise UserError(f"There is no agent {slug!r}. GET /api/v1/agents lists the slugs.")
    native = downloads.find_file(agent)
    return lambda file: file.write(native.read_bytes()) if native else downloads.write_agent(agent, file)


def populations_of(number: str) -> Any:
    """Return a function that writes the populations of a run. Raises UserError if there are none."""
    run = PsroRun.objects.filter(pk=int(number)).first() if number.isdigit() and len(number) < 19 else None
    if run is None:
        raise UserError(f"There is no PSRO run {number}.")
    return lambda file: downloads.write_populations(run, file, lambda agent: True)
