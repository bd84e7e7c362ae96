"""`manage.py create_token USER`: print a new key to the REST API."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.models import ApiToken


class Command(BaseCommand):
    help = "Print a new API token of a user. It is shown this once: only its hash is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="user name")
        parser.add_argument("--name", default="command line", help="what to call the token")

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model().objects
        user = users.filter(username=options["user"], is_active=True).first()
        if user is None:
            known = ", ".join(users.order_by("username").values_list("username", flat=True)[:10]) or "none yet"
            raise CommandError(f"There is no user {options['user']!r}. Users: {known}.")
        self.stdout.write(ApiToken.issue(user, options["name"])[1])
