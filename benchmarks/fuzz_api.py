"""Random requests to the REST API, made from its own description: ``python -m benchmarks.fuzz_api``.

Schemathesis (in a virtual environment of its own) sends valid and invalid requests to a portal with a played
tournament, on SQLite and on a PostgreSQL server. A valid request may be refused by the portal's state (401, 403, 404,
409, 429) and by nothing else; an invalid one has to be refused; no answer may be a server error or have a status, type,
header or body that the description does not have. `schemathesis.toml` holds the settings.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import venv
from contextlib import ExitStack
from pathlib import Path

from benchmarks.installation import private_installation, set_up_django
from benchmarks.load import DATABASES, process, wait_until_ready
from portal.launcher import commands
from portal.launcher.broker import find_free_port
from portal.launcher.installation import CHECKOUT, LocalInstallation
from tests import postgres

TOOL = "schemathesis==4.32.5"
OWN = CHECKOUT / ".venv" / "schemathesis"
LARGE_KEY = 2**40
"""Key of the token of all requests. The hooks delete no such token."""
UNLIMITED = {"ARENA_LIMITS": "off", "ARENA_QUOTAS": "off", "ARENA_OPEN_UPLOADS": "100000", "ARENA_WEBHOOKS": "off"}


def main() -> int:
    """Run the command. Return its exit status: 1 if a check failed on a database."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz_api", description=__doc__)
    parser.add_argument("--databases", nargs="+", choices=DATABASES, default=list(DATABASES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fill", action="store_true", help=argparse.SUPPRESS)
    options, more = parser.parse_known_args()
    if options.fill:
        print(fill())
        return 0
    install()
    return max(fuzz(database, options.seed, more) for database in options.databases)


def install() -> None:
    if not (OWN / "installed").exists():
        venv.create(OWN, with_pip=True, clear=True)
        subprocess.run([OWN / "bin" / "python", "-m", "pip", "install", "-qq", TOOL], check=True)
        (OWN / "installed").touch()


def fill() -> str:
    """In a child process: insert users, agents, trainings and a played tournament; return the key of a token."""
    from django.core.management import call_command

    set_up_django()
    from django.contrib.auth import get_user_model

    from benchmarks import history
    from portal.models import ApiToken
    from tournament import leaderboards, organising
    from tournament.models import Tournament

    call_command("prepare", verbosity=0)
    tournament = Tournament.objects.get()
    history.play(tournament)
    organising.finish_if_complete(tournament)
    leaderboards.refit(tournament.scenario)
    user = get_user_model().objects.create_superuser("fuzzer")
    token, key = ApiToken.issue(user, "fuzzer")
    ApiToken.objects.filter(pk=token.pk).update(id=LARGE_KEY)
    return key


def fuzz(database: str, seed: int, more: list[str]) -> int:
    """Send the requests to a portal on one database. Return the exit status of Schemathesis."""
    print(f"{DATABASES[database]}:", flush=True)
    with ExitStack() as stack:
        url = {"DATABASE_URL": stack.enter_context(postgres.cluster())} if database == "postgresql" else {}
        environment = stack.enter_context(private_installation(**UNLIMITED)) | url
        command = [sys.executable, "-m", "benchmarks.fuzz_api", "--fill"]
        filled = subprocess.run(command, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        port = find_free_port()
        web = LocalInstallation(data=Path(environment["ARENA_DATA"]), port=port)
        stack.enter_context(process(commands.web(web), environment, "web"))
        site = f"http://127.0.0.1:{port}"
        wait_until_ready(f"{site}/help/")
        tool = [str(OWN / "bin" / "schemathesis"), "run", f"{site}/api/v1/openapi.json", f"--seed={seed}", *more]
        here = os.environ | {"ARENA_TOKEN": filled.stdout.split()[-1]}
        here.pop("PYTHONPATH", None)
        return subprocess.run(tool, cwd=CHECKOUT, env=here).returncode


if __name__ == "__main__":
    sys.exit(main())
