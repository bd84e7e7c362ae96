"""The game and the importer run natively on Windows and macOS, as far as Linux can show."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from mate.configuration import read_config
from mate.evaluate import main
from policies.importing import DEFAULT_LIMITS, read
from tests.foreign_system import POSIX_MODULES
from tests.policies.trials import Trial, files_of, zip_of
from tests.sources import ROOT, modules

NATIVE = ("mate", "policies")
WORKERS_ONLY = "policies.rehearsing"  # forks; only the portal's workers use it, and they run on Linux
IMPORT_ALL = """
import importlib, pkgutil
for floor in ("mate", "policies"):
    package = importlib.import_module(floor)
    for module in pkgutil.walk_packages(package.__path__, f"{floor}."):
        if not module.name.endswith("__main__") and module.name != "policies.torch_networks":
            importlib.import_module(module.name)
"""


def run_on(system: str, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program whose modules of ours find another operating system."""
    prelude = f"from tests.foreign_system import pretend\npretend({system!r})\n"
    return subprocess.run(
        [sys.executable, "-c", prelude + program, *arguments], cwd=ROOT, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("archives") / "trial.zip"
    path.write_bytes(zip_of(files_of(Trial())))
    return path


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_other_systems_import_every_module_of_the_game_and_of_checkpoints_and_play_the_same_episode(
    system: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "short.json"
    config.write_text(json.dumps(read_config("MATE-2v2-0.yaml") | {"max_episode_steps": 30}, default=list))
    options = ["--episodes", "1", "--seed", "3", "--config", str(config), "--no-render", "--json"]
    program = "import sys\nfrom mate.evaluate import main\nsys.exit(main(sys.argv[1:]))"
    assert main(options) == 0
    ended = run_on(system, IMPORT_ALL + program, *options)
    assert ended.stdout == capsys.readouterr().out, ended.stderr


SECONDS = DEFAULT_LIMITS.cpu_seconds
CONFINED = {
    "win32": "memory not limited, processor time not limited, files not closed, network not closed by this kernel",
    "darwin": f"memory not limited, {SECONDS} s of processor time, no files can grow, network not closed by this "
    f"kernel",
}


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_a_checkpoint_is_read_on_other_systems_and_the_reader_says_what_it_could_not_confine(
    system: str, archive: Path, tmp_path: Path
) -> None:
    child = tmp_path / "child.py"
    child.write_text(
        f"import runpy, sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom tests.foreign_system import pretend\n"
        f"pretend({system!r})\nrunpy.run_path({str(ROOT / 'policies' / 'importing' / 'child.py')!r}, "
        f"run_name='__main__')"
    )
    program = (
        "import sys\nfrom pathlib import Path\nfrom policies.importing import read, sandbox\n"
        "sandbox._CHILD = Path(sys.argv[2])\nreport = read(sys.argv[1])\n"
        "print(report.steps[0].detail, *[agent.checkpoint.digest for agent in report.agents], sep='\\n')"
    )
    ended = run_on(system, program, str(archive), str(child))
    digests = [agent.checkpoint.digest for agent in read(archive).agents]
    assert ended.stdout.splitlines() == [CONFINED[system], *digests], ended.stderr


def test_the_limit_of_time_holds_where_there_are_no_process_groups(archive: Path) -> None:
    program = (
        "import sys\nfrom policies.importing import ImportRefused, Limits, read\n"
        "try:\n    read(sys.argv[1], Limits(wall_seconds=0))\nexcept ImportRefused as refusal:\n    print(refusal)"
    )
    ended = run_on("win32", program, str(archive))
    assert ended.stdout.strip() == "reading it took longer than 0 s", ended.stderr


def unguarded(tree: ast.AST) -> list[str]:
    """Modules that Windows lacks and that are imported outside a condition on the system."""
    guarded: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "sys.platform" in ast.unparse(node.test):
            guarded.update(inner for branch in (node.body, node.orelse) for one in branch for inner in ast.walk(one))
    found = []
    for node in ast.walk(tree):
        if node in guarded:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return sorted(POSIX_MODULES & set(found))


def test_no_module_of_the_game_and_of_checkpoints_imports_what_only_posix_has() -> None:
    native = [one for one in modules() if one.floor in NATIVE and not one.name.startswith(WORKERS_ONLY)]
    assert not any(name.startswith(WORKERS_ONLY) for module in native for name, _ in module.imports())
    wrong = {module.name: names for module in native if (names := unguarded(ast.parse(module.path.read_text())))}
    assert native and not wrong


@pytest.mark.parametrize("line", ["import fcntl", "def f():\n    import resource", "from pwd import getpwnam"])
def test_what_only_posix_has_is_noticed_wherever_it_is_imported(line: str) -> None:
    assert unguarded(ast.parse(line))
    assert not unguarded(ast.parse(f"if sys.platform != 'win32':\n    {line.splitlines()[-1].strip()}"))


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="no checkout of Git")
def test_files_keep_their_line_ends_where_git_would_translate_them() -> None:
    """A shell script with carriage returns does not start in Linux, wherever it was cloned."""
    names = ["Makefile", ".ci/run", "mate/__init__.py", "docker/Dockerfile"]
    asked = subprocess.run(
        ["git", "check-attr", "eol", *names], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert asked.splitlines() == [f"{name}: eol: lf" for name in names]
