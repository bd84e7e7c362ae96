"""The sources that a module's code reads from: its own, and those of all modules it imports, directly or through
others.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

__all__ = ["PACKAGES", "ROOT", "digest_of", "file_of", "sources_of"]

ROOT = Path(__file__).resolve().parents[1]
_INSTALLED = ROOT / "mate_arena" / "application"
"""Where the wheel keeps the other packages; in a checkout they lie beside this one."""
PACKAGES = ("mate", "policies", "training", "tournament", "tasks", "portal", "mate_arena")
"""The packages that lie side by side with this one.

Others change with their version, which is for the caller to mind.
"""

_DEFINITION = re.compile(rb"^(?:@|def |class |async def )", re.MULTILINE)
"""Imports stand above the first one (ruff's E402), and reading on would take four times as long."""


def sources_of(module: Path) -> list[Path]:
    """Return the files that a module reads from at run time, its own included, sorted.

    Imports for type checking alone and inside functions do not count: no name of the module is bound by them.
    """
    found, waiting = {module}, [module]
    while waiting:
        fresh = set(_imports(waiting.pop())) - found
        found |= fresh
        waiting += fresh
    return sorted(found)


@cache
def digest_of(module: Path) -> str:
    """Return 16 hexadecimal digits that name the content of everything the module reads from."""
    digest = hashlib.sha256()
    for path in sources_of(module):
        digest.update(path.name.encode() + b"\0" + _content_digest(path))
    return digest.hexdigest()[:16]


@cache
def _content_digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


@cache
def _imports(path: Path) -> tuple[Path, ...]:
    """The files of the modules that the module in ``path`` imports itself."""
    source = path.read_bytes()
    definition = _DEFINITION.search(source)
    try:
        tree = ast.parse(source[: definition.start()] if definition else source, str(path))
    except SyntaxError:  # It was no definition but a line of a text.
        tree = ast.parse(source, str(path))
    return tuple(file for name in _imported_names(tree.body, path) if (file := file_of(name)))


def _imported_names(body: list[ast.stmt], path: Path) -> Iterator[str]:
    """Absolute dotted names of modules: of ``from a import b`` that is ``a.b`` or, where this is no module, ``a``."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, path)
            names = (f"{base}.{alias.name}" for alias in node.names)
            yield from (name if file_of(name) else base for name in names)
        elif isinstance(node, ast.Try):
            handlers = [statement for handler in node.handlers for statement in handler.body]
            yield from _imported_names([*node.body, *handlers, *node.orelse], path)
        elif isinstance(node, ast.If):
            is_for_checkers = ast.unparse(node.test).endswith("TYPE_CHECKING")
            yield from _imported_names(node.orelse if is_for_checkers else [*node.body, *node.orelse], path)


def _absolute(node: ast.ImportFrom, path: Path) -> str:
    if not node.level:
        return node.module or ""
    folder = path.parents[node.level - 1]
    root = next((root for root in (_INSTALLED, ROOT) if folder.is_relative_to(root)), None)
    parts = folder.relative_to(root).parts if root else ()
    return ".".join([*parts, *([node.module] if node.module else [])])


def file_of(name: str) -> Path | None:
    """Return the file of the module called ``name``, None if there is none among our packages."""
    parts = name.split(".")
    places = (ROOT.joinpath(*parts), _INSTALLED.joinpath(*parts)) if parts[0] in PACKAGES else ()
    files = (file for place in places for file in (place.with_suffix(".py"), place / "__init__.py"))
    return next((file for file in files if file.is_file()), None)
