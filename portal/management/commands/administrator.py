"""`manage.py administrator`: make the first administrator, or give one a new password."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import seeding


class Command(BaseCommand):
    help = "Make the first administrator and print the password; or, with --new-password, give one a new password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", default="", help="whose password (default: the first administrator's)")
        parser.add_argument("--new-password", action="store_true", help="generate a new password and print it")

    def handle(self, *args: Any, **options: Any) -> None:
        made = seeding.make_administrator()
        if made is None and options["new_password"]:
            try:
                made = seeding.renew_password(options["name"])
            except LookupError as error:
                raise CommandError(str(error)) from error
        if made is None:
            raise CommandError("There is an administrator already. A new password: make password")
        self.stdout.write(f"Administrator: {made[0]}\nPassword:      {made[1]}")
