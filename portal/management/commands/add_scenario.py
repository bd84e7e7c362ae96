"""`manage.py add_scenario NAME_OR_FILE`: a scenario that agents can be rated in, packaged or of one's own."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.text import slugify

from mate.errors import UserError
from mate.messages import TEAMS_OF
from mate.scenario import Scenario, preset_names
from tournament import entries


class Command(BaseCommand):
    help = "Add a packaged scenario, or one of a YAML file, to the scenarios of the portal."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("scenario", help=f"a YAML file, or one of {', '.join(preset_names())}")
        parser.add_argument("--name", default="", help="what pages call it; its own name by default")
        parser.add_argument("--enhanced-observation", choices=TEAMS_OF, default="none", help="the teams that see all")

    def handle(self, *args: Any, **options: Any) -> None:
        given = options["scenario"]
        try:
            scenario = Scenario.load(given, enhanced_observation=options["enhanced_observation"]).check_limits()
            preset = given.removesuffix(".yaml")
            name = options["name"].strip() or (preset if preset in preset_names() else scenario.name)
            if not scenario.num_cameras or not scenario.num_targets:
                raise CommandError(f"{name} has no cameras or no targets: agents are rated where both teams play.")
            if not slugify(name) or len(name) > 60:
                raise CommandError(f"A name has 1 to 60 characters, some of them Latin letters or digits: {name!r}")
            row = entries.keep_scenario(scenario, name)
        except UserError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{row.name}: {row.num_cameras} cameras, {row.num_targets} targets, {row.num_obstacles} obstacles"
        )
