"""`manage.py create_token USER`: print a new key to the REST API."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.forms.accounts import expiry
from portal.models import ApiToken, Scope
from tournament import names


class Command(BaseCommand):
    help = "Print a new API token of a user. It is shown this once: only its hash is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="user name")
        parser.add_argument("--name", default="command line", help="what to call the token")
        parser.add_argument(
            *("--scope", "--scopes"),
            nargs="+",
            choices=[scope.value for scope in Scope],
            default=[scope.value for scope in Scope],
            help="what the token may change (default: everything that the user may)",
        )
        parser.add_argument("--days", type=int, default=0, help="days until it expires (default: no expiry)")

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model().objects
        user = users.filter(username=options["user"], is_active=True).first()
        if user is None:
            known = ", ".join(users.order_by("username").values_list("username", flat=True)[:10]) or "none yet"
            raise CommandError(f"There is no user {options['user']!r}. Users: {known}.")
        if options["days"] < 0:
            raise CommandError(f"--days is {options['days']}; give a whole number of days, or 0 for no expiry.")
        if problem := names.find_problem(options["name"]):
            raise CommandError(f"--name: {problem}")
        _, key = ApiToken.issue(user, options["name"], options["scope"], expiry(options["days"]))
        self.stdout.write(key)
