"""The repository's own Python modules and what they import, read from the source without running it."""

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("mate", "policies", "training", "tournament", "tasks", "portal", "mate_arena")
"""The floors of the architecture, from the lowest to the highest."""


@dataclass(frozen=True)
class Module:
    path: Path

    @cached_property
    def name(self) -> str:
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def floor(self) -> str:
        return self.name.split(".")[0]

    @property
    def tree(self) -> ast.Module:
        """The syntax tree, parsed anew each time: all trees together take hundreds of megabytes."""
        return ast.parse(self.path.read_text(), str(self.path))

    @cache  # noqa: B019  (the modules are kept as well)
    def imports(self) -> tuple[tuple[str, int], ...]:
        """Absolute dotted names that are imported anywhere in the module, with their lines.

        `from a import b` gives `a.b`; the caller has to find out whether `b` is a module.
        """
        found: list[tuple[str, int]] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found.extend((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self.resolve(node)
                found.extend((f"{base}.{alias.name}", node.lineno) for alias in node.names)
        return tuple(found)

    @cached_property
    def names(self) -> set[str]:
        """All names that are bound anywhere in the module; ``*`` if it imports all names of another."""
        bound: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                bound.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                bound.add(node.id)
            elif isinstance(node, ast.Import | ast.ImportFrom):
                bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        return bound

    def resolve(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        package = self.name.split(".") if self.path.name == "__init__.py" else self.name.split(".")[:-1]
        base = package[: len(package) - (node.level - 1)]
        return ".".join([*base, *([node.module] if node.module else [])])


@cache
def modules() -> list[Module]:
    """Return all modules of all floors, without migrations, which are generated."""
    return [
        Module(path)
        for floor in FLOORS
        for path in sorted((ROOT / floor).rglob("*.py"))
        if "migrations" not in path.parts
    ]


@cache
def import_graph() -> dict[str, set[str]]:
    """Return, for each module, the modules of this repository that it imports by name."""
    found = {module.name: module for module in modules()}
    graph: dict[str, set[str]] = {}
    for name, module in found.items():
        graph[name] = set()
        for target, _ in module.imports():
            while target and target not in found:
                target = target.rpartition(".")[0]
            if target and target != name:
                graph[name].add(target)
    return graph


def find_circle(graph: dict[str, set[str]]) -> list[str]:
    """Return a cycle of imports, or an empty list."""
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        for target in sorted(graph[name]):
            if circle := visit(target, [*trail, name]):
                return circle
        done.add(name)
        return []

    return next((circle for name in sorted(graph) if (circle := visit(name, []))), [])
