"""The statements of the page on Windows and macOS are true, as far as Linux can show."""

import re
import subprocess
import sys
from pathlib import Path

from policies.importing.confinement import Confinement
from tests.sources import ROOT, modules

PAGE = (ROOT / "docs" / "installing.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
NAMES = {"yaml": "pyyaml", "PIL": "pillow", "imageio_ffmpeg": "imageio-ffmpeg"}
BROUGHT = {"llvmlite"}  # by Numba, whose compiler it is
OPTIONAL = {"pygame", "pettingzoo", "torch", "httpx"}


def test_the_packages_that_it_installs_natively_are_those_that_are_imported() -> None:
    installed = set(re.search(r"-m pip install (numpy .*)", PAGE)[1].split())
    used = set()
    for module in modules():
        if module.floor in ("mate", "policies"):
            used |= {name.split(".")[0] for name, _ in module.imports()}
    foreign = used - set(sys.stdlib_module_names) - {"mate", "policies", *OPTIONAL, *BROUGHT}
    assert {NAMES.get(name, name) for name in foreign} == installed


def test_the_containers_command_is_that_of_the_operations_page() -> None:
    build, run = re.findall(r"^(docker build .*|docker run .*)$", PAGE, re.MULTILINE)
    assert build in OPERATIONS
    assert run.replace("127.0.0.1:8000:8000", "8000:8000") in OPERATIONS


def test_the_table_of_bounds_is_what_the_reader_says() -> None:
    rows = dict(re.findall(r"^\| ([a-z ]+) \| .*? \| (yes|no) \| (?:yes|no) \|$", PAGE, re.MULTILINE))
    said = str(Confinement(None, 60, files_bounded=True, files_closed=False, network_closed=False))
    assert (rows["memory"], rows["processor time"], rows["no file can grow"]) == ("no", "yes", "yes")
    assert said.startswith("memory not limited, 60 s of processor time, no files can grow")


def test_the_commands_of_the_native_part_run(tmp_path: Path) -> None:
    line = re.search(r"-m (mate.evaluate .*)", PAGE)[1].replace("--episodes 5", "--episodes 1 --config MATE-1v1-0")
    ended = subprocess.run([sys.executable, "-m", *line.split()], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == 0 and "Mean Coverage Rate" in ended.stdout
