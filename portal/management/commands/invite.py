"""`manage.py invite NAME`: print a link with which one person can sign up, for portals that require invitations."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from portal.people.invitations import invite


class Command(BaseCommand):
    help = "Print a link by which one person can sign up under a name."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the name that the account will have")
        parser.add_argument("--days", type=float, default=7, metavar="N", help="for which the link is good")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"]
        if User.objects.filter(username__iexact=name).exists():
            raise CommandError(f"There is a user {name!r} already. Invite under another name.")
        try:
            User._meta.get_field("username").clean(name, None)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        key = invite(name, timedelta(days=options["days"]))
        self.stdout.write(f"{reverse('sign_up')}?invitation={key}")
