"""`manage.py add_scenario NAME_OR_FILE`: add a scenario in which agents are rated, from a preset or a file."""

from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from mate.errors import UserError
from mate.messages import TEAMS_OF
from mate.scenario import Scenario, preset_names
from mate.variants import VARIANT
from tournament import drafts, new_scenarios
from tournament.refusals import RequestRefused


class Command(BaseCommand):
    help = "Add a packaged scenario, or one of a YAML or JSON file, to the scenarios of the portal."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("scenario", help=f"a YAML or JSON file, or one of {', '.join(preset_names())}")
        parser.add_argument("--name", default="", help="what pages call it; its own name by default")
        parser.add_argument("--owner", default="", help="user name of its owner; the portal by default")
        parser.add_argument("--enhanced-observation", choices=TEAMS_OF, help="the teams that see all")
        parser.add_argument("--shared-field-of-view", choices=TEAMS_OF, help="the teams that share what they see")
        parser.add_argument("--no-communication", choices=TEAMS_OF, help="the teams whose messages never arrive")
        parser.add_argument("--communication-range", type=float, help="messages reach nobody who is farther away")
        parser.add_argument("--message-dropout", type=float, help="probability that a message is lost")
        parser.add_argument("--communication-delay", type=int, help="steps by which messages arrive later")

    def handle(self, *args: Any, **options: Any) -> None:
        variant = {key: options[key] for key in VARIANT if options.get(key) not in (None, VARIANT[key])}
        try:
            document, own_name = read(options["scenario"])
            name = new_scenarios.suggest_name(options["name"].strip() or own_name, variant)
            row, _is_new = new_scenarios.add(document | variant, name, find_owner(options["owner"]))
        except RequestRefused as refusal:
            raise CommandError(refusal.with_fields) from None
        except UserError as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{row.name}: {row.num_cameras} cameras, {row.num_targets} targets, {row.num_obstacles} obstacles"
        )


def read(given: str) -> tuple[dict[str, Any], str]:
    """Return the document of a preset or a file, and its name. Raises UserError."""
    preset, path = given.removesuffix(".yaml"), Path(given)
    if preset in preset_names():
        return drafts.to_document(Scenario.load(preset)), preset
    if path.is_file():
        document = drafts.read(path.read_bytes())
        return document, str(document.get("name") or path.stem)
    Scenario.load(given)  # raises with the name that was probably meant
    raise UserError(f"{given} is no file. Give the path of a YAML or JSON file.")


def find_owner(name: str) -> User | None:
    """Return the user with a name; None if no name is given. Raises UserError for an unknown name."""
    if not name:
        return None
    user = User.objects.filter(username=name).first()
    if user is None:
        raise UserError(f"There is no user {name!r}. Create the account first.")
    return user
