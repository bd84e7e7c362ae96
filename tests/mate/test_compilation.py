"""Compiled kernels are never used after their sources have changed."""

import ast
import importlib
import inspect
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest
from numba.core.dispatcher import Dispatcher

from mate import compilation, warm
from mate.compilation import cache_folder, outdated_folders
from mate.sources import PACKAGES, file_of, sources_of
from tests.sources import FLOORS, ROOT, Module, modules

SOURCES = {
    "mate/__init__.py": "",
    "mate/habits.py": "SPEED = 1.0\n",
    "mate/manners.py": "from mate.habits import SPEED\nHALF = SPEED / 2\n",
    "mate/laws/__init__.py": "",
    "mate/laws/walk.py": (
        "from mate.compilation import kernel\nfrom mate.manners import HALF\n"
        "@kernel\ndef walk(x):\n    return x * HALF\n"
    ),
    "mate/laws/run.py": "from mate.laws import walk as steps\nPACE = steps.HALF\n",
    "mate/constant.py": (
        "from mate.compilation import kernel\nfrom mate.habits import SPEED\n"
        "@kernel\ndef play(x):\n    return x * SPEED\n"
    ),
    "mate/callee.py": (
        "from mate.compilation import kernel\nfrom mate.laws.walk import walk\n"
        "@kernel\ndef play(x):\n    return walk(x)\n"
    ),
    "mate/attribute.py": (
        "from mate.compilation import kernel\nfrom mate.laws import run\n@kernel\ndef play(x):\n    return x * "
        "run.PACE\n"
    ),
    "policies/__init__.py": "",
    "policies/networks.py": (
        "from mate.compilation import kernel\nfrom .recipe import SCALE\n@kernel\ndef play(x):\n    return x * SCALE\n"
    ),
    "policies/recipe.py": "from mate.habits import SPEED\nSCALE = 3 * SPEED\n",
    "tournament/__init__.py": "",
    "tournament/ordering.py": (
        "from mate.compilation import kernel\nfrom policies.recipe import SCALE\n@kernel\ndef order(x):\n    "
        "return x + SCALE\n"
    ),
    "tournament/ratings.py": (
        "from mate.compilation import kernel\nfrom tournament.ordering import order\n"
        "@kernel\ndef play(x):\n    return order(x)\n"
    ),
}
PLAYING = ("mate.constant", "mate.callee", "mate.attribute", "policies.networks", "tournament.ratings")
PROGRAM = f"""
import importlib
print([importlib.import_module(name).play(4.0) for name in {PLAYING}])
"""


def play(root: Path) -> list[float]:
    """Return the results of a small tree's kernels, run in a separate process.

    Python's own byte code is left out: it tells apart sources of one length only if they are a second apart.
    """
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=root,
        env=environment | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return ast.literal_eval(run.stdout)


def test_an_edit_of_what_a_kernel_reads_from_another_module_is_played_by_the_next_process(tmp_path: Path) -> None:
    for name, text in SOURCES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    for name in ("compilation.py", "sources.py"):
        shutil.copy(ROOT / "mate" / name, tmp_path / "mate")
    assert play(tmp_path) == [4.0, 2.0, 2.0, 12.0, 7.0]
    (tmp_path / "mate" / "habits.py").write_text("SPEED = 2.0\n")
    assert play(tmp_path) == [8.0, 4.0, 4.0, 24.0, 10.0]


def kernels() -> Iterator[Dispatcher]:
    """Yield every compiled function of the tree that is cached on disk."""
    for module in modules():
        if any(name == "mate.compilation.kernel" for name, _ in module.imports()):
            found = vars(importlib.import_module(module.name)).values()
            yield from (value for value in found if isinstance(value, Dispatcher) and value.__module__ == module.name)


def names_of(code: CodeType) -> set[str]:
    inner = [names_of(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return {*code.co_names}.union(*inner)


def imported_names(module: Module) -> dict[str, str]:
    """Return the dotted name of each import, by its name in the module."""
    return {
        alias.asname or alias.name: f"{module.resolve(node)}.{alias.name}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_every_module_that_a_kernel_reads_from_decides_where_its_compiled_code_lies() -> None:
    origins = {module.name: imported_names(module) for module in modules()}
    count = 0
    for dispatcher in kernels():
        sources = sources_of(Path(inspect.getfile(dispatcher.py_func)))
        seen, waiting = set(), [dispatcher.py_func]
        while waiting:
            function = waiting.pop()
            seen.add(function)
            for name in names_of(function.__code__) & origins[function.__module__].keys():
                origin = origins[function.__module__][name]
                if file := file_of(origin) or file_of(origin.rpartition(".")[0]):
                    assert file in sources, f"{dispatcher.__module__}.{dispatcher.__name__} reads {name} from {file}"
                    count += 1
                called = getattr(function.__globals__[name], "py_func", None)
                if called is not None and called not in seen:
                    waiting.append(called)
    assert count > 100


OWNERS = """
import numpy
from mate.compilation import check_parts, kernel, part

@part
def take(row):
    return {result}

@kernel
def call(row):
    return numpy.sum(take(row)[0])

call(numpy.ones(3))
check_parts()
"""


@pytest.mark.parametrize(
    ("result", "told"),
    [("(row[0],)", ""), ("(row, 1.0)", "__main__.take is a part"), ("(row.copy()[0],)", "NRT required")],
    ids=["takes a number", "returns an array", "makes an array"],
)
def test_parts_count_no_references_and_so_they_neither_return_nor_make_arrays(
    tmp_path: Path, result: str, told: str
) -> None:
    (tmp_path / "owners.py").write_text(OWNERS.format(result=result))
    environment = os.environ | {"PYTHONPATH": str(ROOT), "NUMBA_CACHE_DIR": str(tmp_path)}
    run = subprocess.run([sys.executable, "owners.py"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (told in run.stderr) if told else not run.stderr, run.stderr


def test_all_packages_are_searched_for_sources() -> None:
    assert set(PACKAGES) == set(FLOORS)


def test_warming_removes_what_earlier_sources_left_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    file = file_of("mate.geometry")
    assert file
    kept = [cache_folder("mate.geometry", file), tmp_path / "warm-0123456789abcdef", tmp_path / f"mine-{16 * '0'}"]
    gone = [tmp_path / name for name in (16 * "a", f"mate.geometry-{16 * '0'}", f"policies.no_more-{16 * '0'}")]
    for folder in (*kept, *gone):
        folder.mkdir()
    warm.forget_earlier_sources()
    assert sorted(tmp_path.iterdir()) == sorted(kept)
    assert not list(outdated_folders())


def test_where_nothing_can_be_written_beside_the_package_kernels_lie_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(compilation.os, "access", lambda *_: False)
    assert compilation.cache_base() == tmp_path / "mate-arena" / "kernels"
