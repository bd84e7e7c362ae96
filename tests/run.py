"""`make test`: everything, on SQLite; at the same time what uses the database, on a PostgreSQL of its own."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from portal.launcher import commands, warming
from portal.launcher.installation import LaunchRefused, LocalInstallation
from tests import postgres
from tests.chromium import ADVICE, find_chromium

ROOT = Path(__file__).resolve().parent.parent
NOTHING_COLLECTED = 5


def main() -> int | str:
    parser = argparse.ArgumentParser(prog="python -m tests.run", description=__doc__)
    parser.add_argument("--coverage", action="store_true", help="print coverage by floor; leaves PostgreSQL out")
    arguments, extra = parser.parse_known_args()

    environment = commands.child_environment(LocalInstallation(data=ROOT / "data"), os.environ)
    for name in ("ARENA_DATA", "DJANGO_SETTINGS_MODULE", "REDIS_URL"):
        environment.pop(name, None)
    try:
        with tempfile.TemporaryDirectory() as folder:  # done once here instead of in every process of the parallel run
            warming.warm(LocalInstallation(data=Path(folder)), environment)
    except LaunchRefused as refusal:
        return str(refusal)
    if find_chromium() is None:
        print(f"Browser tests are left out, for want of a Chromium: {ADVICE}", flush=True)

    if arguments.coverage:
        return test(environment, "--cov", "--cov-report=", *extra) or print_coverage(environment)
    if postgres.find_binaries() is None:
        print("Tests on PostgreSQL are left out, for want of a server: install one (on Debian: apt install postgresql)")
        return test(environment, *extra)
    return test_on_both(environment, extra)


def test(environment: dict[str, str], *options: str) -> int:
    return subprocess.run(pytest(*options), cwd=ROOT, env=environment).returncode


def pytest(*options: str) -> list[str]:
    processes = str(max(2, min(os.cpu_count() or 2, 8)))
    return [sys.executable, "-m", "pytest", "-q", "-rs", "-n", processes, "--dist", "worksteal", *options]


def test_on_both(environment: dict[str, str], extra: list[str]) -> int:
    """Test on both databases at the same time, because many tests wait for processes and leave cores idle."""
    on_postgres = pytest("--only-database", *extra)
    print("All tests, on SQLite:", flush=True)
    with postgres.cluster() as url, tempfile.TemporaryFile() as output:
        also = environment | {"DATABASE_URL": url}
        other = subprocess.Popen(on_postgres, cwd=ROOT, env=also, stdout=output, stderr=subprocess.STDOUT)
        try:
            failures = test(environment, *extra)
            code = other.wait()
        finally:
            other.kill()
        print("Tests of the database, on PostgreSQL:", flush=True)
        output.seek(0)
        shutil.copyfileobj(output, sys.stdout.buffer)
    return failures or (0 if code == NOTHING_COLLECTED else code)


def print_coverage(environment: dict[str, str]) -> int:
    """Print a line for each floor: per cent of lines and branches. Code compiled by Numba is not counted."""
    print("Coverage by floor (compiled kernels and child processes run uncounted):")
    for floor in ("mate", "policies", "training", "tournament", "tasks", "portal"):
        command = [sys.executable, "-m", "coverage", "report", "--format=total", f"--include={floor}/*"]
        total = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        print(f"  {floor:<12} {total.stdout.strip() or total.stderr.strip()} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
