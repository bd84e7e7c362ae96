"""Create the virtual environment `.venv` and install packages: `python3 -m portal.launcher.packages [GROUP...]`.

The command uses only the standard library, because the machine's Python runs it before anything is installed. The
groups are `base` (always installed), `training` and `dev`. Steps that are done are skipped. The command repairs what an
earlier run left incomplete, and an environment that was moved.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .installation import CHECKOUT, LaunchRefused

OLDEST, NEWEST = (3, 11), (3, 14)
PYTORCH_CPU = "https://download.pytorch.org/whl/cpu"
"""PyTorch's index of builds without CUDA. The build on PyPI contains several gigabytes of CUDA."""
REACH_SECONDS = 5.0


@dataclass(frozen=True)
class PackageGroup:
    """Packages that are installed together: their purpose, file of pins, and required disk space in bytes."""

    purpose: str
    file: str
    space: int


GROUPS = {
    "base": PackageGroup("what the portal needs", "requirements.txt", 1_000_000_000),
    "training": PackageGroup("what trainings need", "requirements-training.txt", 1_500_000_000),
    "dev": PackageGroup("what the tests need", "requirements-dev.txt", 700_000_000),
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python3 -m portal.launcher.packages", description=__doc__)
    parser.add_argument(
        "groups", nargs="*", type=read_group, metavar="GROUP", help="group of packages to install: training or dev"
    )
    try:
        prepare(parser.parse_args(arguments).groups)
    except LaunchRefused as refusal:
        print(refusal, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The next run goes on from here.", file=sys.stderr)
        return 130
    return 0


def read_group(name: str) -> str:
    if name not in GROUPS:
        raise argparse.ArgumentTypeError(f"there is no group {name!r}; groups: {', '.join(GROUPS)}")
    return name


def prepare(groups: Iterable[str], checkout: Path = CHECKOUT) -> None:
    """Install the base and the groups that are not installed yet.

    Raises LaunchRefused, which says what to do, if that fails.
    """
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        raise LaunchRefused(
            f"MATE Arena needs Python 3.11 to 3.14; {sys.executable} is {sys.version.split()[0]}. Install one "
            "(apt install python3 python3-venv; uv python install 3.13; pyenv install 3.13) and name it: "
            "make run PYTHON=/path/to/python3.13"
        )
    if found := re.search(r"[:\x00-\x1f\x7f]", str(checkout)):
        raise LaunchRefused(
            f"The checkout's path {str(checkout)!r} contains {found[0]!r}, which virtual environments do not "
            f"allow. Move it."
        )
    wanted = [Environment(checkout).needs(name) for name in dict.fromkeys(["base", *groups])]
    if not any(wanted):
        return
    with alone(checkout):
        environment = Environment(checkout)
        environment.make()
        for name in dict.fromkeys(["base", *groups]):
            if environment.needs(name):
                environment.install(name)


@contextlib.contextmanager
def alone(checkout: Path) -> Iterator[None]:
    """Lock the checkout, so that only one installation runs at a time. Killing the process releases the lock."""
    try:
        descriptor = os.open(checkout, os.O_RDONLY)
    except OSError as error:
        raise LaunchRefused(f"The checkout {checkout} cannot be read: {error.strerror}.") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another installation is at work in this checkout; waiting for it", flush=True)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class Environment:
    """The virtual environment of a checkout.

    It has a file `unfinished` until it is complete. Each installed group leaves a stamp with a digest of everything
    that it depends on: the pins, the environment's Python, and the path of the checkout, because neither environments
    nor editable packages can be moved.
    """

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.folder = checkout / ".venv"
        self.python = self.folder / "bin" / "python"
        self.unfinished = self.folder / "unfinished"

    def needs(self, name: str) -> bool:
        """Return whether a group still has to be installed."""
        stamp = self.folder / f"installed-{name}"
        try:
            return self.unfinished.exists() or stamp.read_text() != self.digest(name)
        except OSError:
            return True

    def digest(self, name: str) -> str:
        """Return a digest of everything that the group's installation depends on."""
        digest = hashlib.sha256(f"{self.checkout} {self.python.resolve()}".encode())
        for file in ("pyproject.toml", "requirements.txt", GROUPS[name].file):
            digest.update((self.checkout / file).read_bytes())
        return digest.hexdigest()

    def make(self) -> None:
        """Create the environment, unless it exists and works."""
        if self.works():
            return
        if self.folder.is_symlink() or self.folder.is_file():
            raise LaunchRefused(
                f"{self.folder} is no virtual environment of this checkout. Move it away and start again."
            )
        check_space(self.checkout, GROUPS["base"])
        print(f"Making a virtual environment in {self.folder}, with Python {sys.version.split()[0]}", flush=True)
        try:
            self.folder.mkdir(exist_ok=True)
            for entry in self.folder.iterdir():  # The folder itself may be a volume of its own.
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
            self.unfinished.touch()
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise LaunchRefused(
                f"The checkout {self.checkout} cannot be written to: {error.strerror}. "
                + ("Make room on its disk." if full else "Clone it into a folder of your own.")
            ) from None
        python = sys._base_executable  # type: ignore[attr-defined]
        code = subprocess.run([python, "-m", "venv", self.folder]).returncode
        if code:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise LaunchRefused(
                "The virtual environment could not be made (Python's reason is above). On Debian and Ubuntu its "
                "venv module is a package of its own: apt install python3-venv"
            )
        self.unfinished.unlink()

    def works(self) -> bool:
        """Return whether the environment is complete, was created at this path, and has a supported Python."""
        configuration = self.folder / "pyvenv.cfg"
        if self.unfinished.exists() or not configuration.exists():
            return False
        moved = re.search(r"^command = .* (/.*)$", configuration.read_text(), re.MULTILINE)
        if moved and Path(moved[1]).resolve() != self.folder.resolve():
            print("The checkout was moved; its virtual environment is made anew", flush=True)
            return False
        program = f"import pip, sys; sys.exit(not {OLDEST} <= sys.version_info[:2] <= {NEWEST})"
        try:
            return subprocess.run([self.python, "-c", program], stderr=subprocess.DEVNULL).returncode == 0
        except OSError:
            return False

    def install(self, name: str) -> None:
        """Install a group's pins with pip. The group `base` also installs the portal as an editable package."""
        group = GROUPS[name]
        if not (self.folder / f"installed-{name}").exists():
            check_space(self.checkout, group)
        print(f"Installing {group.purpose} (once)", flush=True)
        self.forget_halves()
        extra = choose_torch_index() if name == "training" else []
        self.pip("-r", str(self.checkout / group.file), *extra, total=count_pins(self.checkout / group.file))
        if name == "base":
            self.pip("--no-build-isolation", "--no-deps", "-e", str(self.checkout))
        (self.folder / f"installed-{name}").write_text(self.digest(name))

    def forget_halves(self) -> None:
        """Remove the metadata of packages whose installation was killed.

        Their RECORD is missing, because pip writes it last.
        """
        for told in self.folder.glob("lib/python3*/site-packages/*.dist-info"):
            if not (told / "RECORD").exists():
                shutil.rmtree(told)

    def pip(self, *arguments: str, total: int = 0) -> None:
        """Run `pip install` and print one line for each fetched package.

        Byte code is compiled later, at the first import.
        """
        options = ["--disable-pip-version-check", "--no-input", "--progress-bar", "off", "--no-compile"]
        command = [str(self.python), "-m", "pip", "install", *options, *arguments]
        with subprocess.Popen(
            command, cwd=self.checkout, env=pip_environment(os.environ), stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for line in report(process.stdout, total):
                print(line, flush=True)
        if process.returncode:
            raise LaunchRefused(
                "pip could not install all packages; its reason is above. Without a network, or where the disk is "
                "full, mend "
                "that and run the same command again: what was fetched is kept."
            )


def pip_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for pip, without variables that change where it installs or finds packages."""
    names = ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")
    return {name: value for name, value in environment.items() if name not in names} | {"PIP_USER": "0"}


def report(lines: Iterable[str], total: int) -> Iterator[str]:
    """Yield the progress from the output of pip: a counted line for each fetched package, then one for unpacking."""
    number = 0
    for line in lines:
        if re.match(r"\s*Collecting ", line):
            number += 1
        fetched = re.match(r"\s*(?:Downloading|Using cached) (?:\S*/)?(\S+?)-(\d\S*?)-\S+\.whl(?: \((.*)\))?", line)
        if fetched:
            size = f" ({fetched[3]})" if fetched[3] else ""
            yield f"  {number} of {total or number}: {fetched[1].replace('_', '-')} {fetched[2]}{size}"
        elif line.startswith("Installing collected packages"):
            yield f"  unpacking {len(line.split(':', 1)[1].split(','))} packages"


def count_pins(file: Path) -> int:
    return len(re.findall(r"^[A-Za-z].*==", file.read_text(), re.MULTILINE))


def check_space(folder: Path, group: PackageGroup) -> None:
    """Raise LaunchRefused if the disk has too little free space for a group."""
    free = shutil.disk_usage(folder).free
    if free < group.space:
        raise LaunchRefused(
            f"The disk of {folder} is too full: {free / 1e6:,.0f} MB are free, and {group.purpose} takes "
            f"{group.space / 1e6:,.0f} MB. Make room there, or clone to a larger disk."
        )


def choose_torch_index(
    index: str = PYTORCH_CPU, devices: Path = Path("/dev"), is_reachable: Callable[[str], bool] | None = None
) -> list[str]:
    """Return the options with which pip installs PyTorch without CUDA.

    There are none if the machine has an NVIDIA GPU or PyTorch's index does not answer.
    """
    if any(devices.glob("nvidia[0-9]*")):
        print("  an NVIDIA GPU is here: PyTorch comes with CUDA (several gigabytes)", flush=True)
        return []
    if (is_reachable or reaches)(index):
        return ["--extra-index-url", index]
    print(
        f"  PyTorch's own index ({index}) cannot be reached: the registry's build is taken, usually with CUDA "
        f"(several gigabytes)",
        flush=True,
    )
    return []


def reaches(index: str) -> bool:
    """Return whether an index answers within seconds. Pip itself would retry for every package."""
    try:
        with urllib.request.urlopen(f"{index}/torch/", timeout=REACH_SECONDS) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError, ValueError):
        return False


if __name__ == "__main__":
    sys.exit(main())
