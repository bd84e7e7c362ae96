"""Run the whole portal with `run`, or one of its processes alone, as containers need it."""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

from training import installed

from . import broker, commands, preparation, warming
from .installation import CHECKOUT, LaunchRefused, LocalInstallation, raise_open_files
from .supervisor import Supervisor, answers, can_train

LOOK_SECONDS = 5.0
ACTIONS = {
    "run": "prepare and start everything, and keep it running until Ctrl-C",
    "prepare": "compile the game, prepare the database, the static files and the first content, and exit",
    "web": "run the web server",
    "worker": "run a worker",
    "trainer": "run a trainer, which runs one training at a time",
    "sweep": "run the sweep, which reassigns work that no live worker holds",
    "password": "give the administrator a new password and print it",
    "manage": "run a management command of Django or of the portal, such as `manage create_token admin`",
    "health": "exit 0 if the website answers",
}


def main(program: str = "python -m portal.launcher") -> int:
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    for name, description in ACTIONS.items():
        actions.add_parser(name, help=description, add_help=name != "manage")
    arguments, rest = parser.parse_known_args()
    if rest and arguments.action != "manage":
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    action = arguments.action
    raise_open_files()
    try:
        if action != "health":
            check_variables()
        installation = LocalInstallation.from_environment(os.environ)
        environment = commands.child_environment(installation, os.environ)
        if action == "manage":
            commands.become(commands.manage(*rest), environment, Path.cwd())
        return act(action, installation, environment)
    except LaunchRefused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def check_variables() -> None:
    """Check all environment variables and report all errors together.

    A separate process checks them, because this one runs for months and would keep the loaded modules in memory.
    """
    command, environment = commands.python("-m", "portal.variables"), commands.own_packages_first(os.environ)
    checked = subprocess.run(command, cwd=CHECKOUT, env=environment, stderr=subprocess.PIPE, text=True)
    if checked.returncode:
        raise LaunchRefused(checked.stderr.strip())
    print(checked.stderr, end="", file=sys.stderr, flush=True)


def act(action: str, installation: LocalInstallation, environment: dict[str, str]) -> int:
    match action:
        case "run":
            launch(installation, environment)
        case "prepare":
            installation.make_folders()
            preparation.prepare(installation, environment)
            warming.warm(installation, environment)
        case "health":
            return 0 if answers(installation) else 1
        case "password":
            commands.become(commands.password(), environment)
        case "web":
            commands.become(commands.web(installation), environment)
        case "worker":
            installation.make_folders()
            warming.warm(installation, environment)
            commands.become(commands.worker("worker"), environment)
        case "trainer":
            wait_for_packages()
            commands.become(commands.trainer("trainer"), environment)
        case "sweep":
            commands.become(commands.sweep(), environment)
    return 0


def wait_for_packages() -> None:
    """Wait until the packages for training are installed."""
    if not can_train():
        print(installed.explain(installed.missing()), file=sys.stderr, flush=True)
    while not can_train():
        time.sleep(LOOK_SECONDS)


def launch(installation: LocalInstallation, environment: dict[str, str]) -> None:
    installation.make_folders()
    with installation.lock():
        installation.check_port()
        preparation.prepare(installation, environment)
        if installation.redis_url and (remark := broker.explain_silence(installation.redis_url)):
            print(remark, file=sys.stderr, flush=True)
        Supervisor(installation, environment).run()


if __name__ == "__main__":
    sys.exit(main())
