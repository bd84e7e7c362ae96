"""`manage.py collect_texts`: write translatable texts that do not use gettext into `portal/floor_texts/`.

These are the texts of the lower floors, and refusals that the API returns in English. They are read from the source
code: texts of at least three words in modules whose messages pages show, and the names and explanations in the
registries. Values in a message become {0}, {1}, ...
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from mate.agents.batched.kinds import BUILTIN_AGENTS
from portal.forms.training import title_of
from tournament.formats import FORMATS
from tournament.meta_solvers import META_SOLVERS
from tournament.schedules import DAYS
from training.configuration import ALGORITHMS, HYPERPARAMETERS, PRESETS

VALUE = re.compile(r"\{\d+\}")
FOLDER = Path("portal") / "floor_texts"
MODULES = (
    *("policies/checkpoint.py", "policies/compatibility.py", "policies/recipe.py"),
    *("policies/importing/*.py", "policies/rehearsing/*.py", "policies/fields.py"),
    *("training/configuration.py", "training/hyperparameter.py", "training/hyperparameters.py"),
    *("tournament/attacks.py", "tournament/downloads.py", "tournament/entries.py", "tournament/homes.py"),
    *("tournament/drafts/*.py", "tournament/formats/*.py", "tournament/new_scenarios.py", "tournament/operated.py"),
    *("tournament/organising/*.py", "tournament/leaderboards.py", "tournament/meta_solvers/cycles.py"),
    *("tournament/psro_runs/creating.py", "tournament/psro_runs/steering.py", "tournament/psro_runs/steps.py"),
    *("tournament/psro_runs/comparing.py", "tournament/psro_runs/failing.py", "tournament/psro_runs/refining.py"),
    *(
        "tournament/recorder/orders.py",
        "tournament/recorder/player.py",
        "tournament/reevaluation.py",
        "tournament/schedules/*.py",
        "tournament/studies/creating.py",
    ),
    *("tournament/trainings/*.py", "tournament/withdrawal.py"),
    *(
        "tournament/ratings/claims.py",
        "tasks/checking.py",
        "tasks/infrastructure.py",
        "tasks/remotes.py",
        "tasks/playing.py",
        "tasks/processes.py",
    ),
    *("tasks/sweeping.py", "tasks/training.py"),
    *("portal/inputs.py", "portal/sharing/downloading.py", "portal/drawing/psro_plots.py"),
    *(f"portal/people/{name}.py" for name in ("names", "permissions", "quotas")),
    *(f"portal/server/{name}.py" for name in ("bodies", "receiving", "throttling", "uploaders")),
    *(f"portal/views/{name}.py" for name in ("accounts", "agents", "comparisons", "leaderboards", "replays")),
    *(f"portal/views/{name}.py" for name in ("scenarios", "sharing", "tournaments")),
)
BARE = {"training/configuration.py"}
"""Modules whose messages pages show without backticks (`tournament.trainings.name_field`)."""
LEFT_OUT = {"policies/importing/__main__.py", "tournament/formats/evidence.py"}
"""Modules whose texts are shown only in terminals."""
HEAD = '''"""Texts for the catalogue of translations. `manage.py collect_texts` writes this file."""

from django.utils.translation import gettext_noop

'''


COUNTED = ("episode", "episodes", "new episode", "new episodes", "new agent", "new agents")
"""Nouns that are counted in the reasons of snapshots."""
SHORT = ("Read {0}", "zip archive", "tar archive", "no network")
"""Messages of fewer than three words in the steps of checking an upload."""
LINE = 120
"""Maximum length of a line of source code."""
PLAIN = "# xgettext:no-python-format\n"
"""The comment before a text with a percent sign that is no format specifier."""


def read_message(node: ast.AST) -> str | None:
    """Return the text of a string or f-string, whose values become {0}, {1}, ...; None for any other node."""
    parts = list(list_parts(node))
    if not parts or None in parts:
        return None
    numbers = iter(range(len(parts)))
    return "".join(f"{{{next(numbers)}}}" if isinstance(part, ast.AST) else str(part) for part in parts)


def list_parts(node: ast.AST) -> Iterator[str | ast.AST | None]:
    """Yield the constant parts of a text as strings and its values as nodes; yield None if the node is no text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield str(part.value) if isinstance(part, ast.Constant) else part
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from list_parts(node.left)
        yield from list_parts(node.right)
    else:
        yield None


def list_messages(source: str) -> Iterator[str]:
    """Yield the texts of at least three words in a module, without docstrings and log messages."""
    tree = ast.parse(source)
    passed: set[int] = set()
    for node in ast.walk(tree):
        if id(node) in passed:
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(id(node.value))
        elif isinstance(node, ast.Call) and is_to_be_passed(node.func):
            passed.update(id(part) for part in ast.walk(node))
        elif (message := read_message(node)) is not None:
            passed.update(id(part) for part in ast.walk(node))
            if is_told(message):
                yield message


def is_to_be_passed(called: ast.expr) -> bool:
    """Return whether the texts in a call are log messages or already translated."""
    name = ast.unparse(called)
    return name == "_" or "gettext" in name or name.split(".")[0] in ("logger", "log", "logging")


def is_told(message: str) -> bool:
    """Return whether a text is a message.

    A message has at least three words, two of them of letters only, and braces only around values.
    """
    words = re.findall(r"(?<!\S)[A-Za-z][A-Za-z'-]+(?=[\s.,;:)]|$)", message)
    return len(words) >= 2 and len(message.split()) >= 3 and not re.search(r"[{}]|%s", VALUE.sub("", message))


def list_names() -> Iterator[str]:
    """Yield the titles and explanations in the registries."""
    for algorithm in ALGORITHMS.values():
        yield from (algorithm.title, algorithm.explanation)
    yield from (f"{explanation}." for explanation in PRESETS.values())
    for name, info in HYPERPARAMETERS.items():
        yield from (title_of(name), info.meaning, info.unit)
    for solver in META_SOLVERS.values():
        yield from (solver.title, solver.explanation)
    for rule in FORMATS.values():
        yield from (rule.title, rule.purpose, rule.explanation)
        for setting in rule.settings:
            yield from (setting.title, setting.explanation, setting.unit)
            yield from (option.capitalize() for option in setting.options)
    yield from (*DAYS, "a number")
    yield from (agent.description for agent in BUILTIN_AGENTS.values())
    yield from (f"{{0}} {words}" for words in COUNTED)
    yield from SHORT


def collect(root: Path) -> dict[str, str]:
    """Return the content of each file by its name.

    Each text is only in the first file; the file of names comes first.
    """
    known: set[str] = set()
    contents = {}
    for name, texts in [("names", set(list_names())), *list_floors(root)]:
        lines = (f"{PLAIN if '%' in text else ''}gettext_noop({write(text)})" for text in sorted(texts - known - {""}))
        contents[f"{name}.py"] = HEAD + "\n".join(lines) + "\n"
        known |= texts
    return contents


def list_floors(root: Path) -> Iterator[tuple[str, set[str]]]:
    """Yield the messages of each floor; those of the importers have their own file."""
    found: dict[str, set[str]] = {}
    files = {path for pattern in MODULES for path in root.glob(pattern)} - {root / name for name in LEFT_OUT}
    for path in sorted(files):
        parts = path.relative_to(root).parts
        floor = "_".join(parts[:2]) if parts[1] == "importing" else parts[0]
        source = path.read_text().replace("`", "" if "/".join(parts) in BARE else "`")
        found.setdefault(floor, set()).update(list_messages(source))
    yield from found.items()


def write(text: str) -> str:
    """Return a text as an argument of `gettext_noop`, laid out as `make lint` wants it."""
    whole = quote(text)
    if len(f"gettext_noop({whole})") <= LINE:
        return whole
    is_short = len(f"    {whole}") <= LINE
    parts = [text] if is_short else re.findall(r"(?s).{1,90}(?:\s|$)|.{1,90}", text)
    return "\n    " + "\n    ".join(map(quote, parts)) + "\n"


def quote(text: str) -> str:
    """Return a string literal, if possible in quotes that need no escapes."""
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n")
    return f"'{escaped}'" if '"' in text and "'" not in text else '"' + escaped.replace('"', '\\"') + '"'


class Command(BaseCommand):
    help = "Write the texts of the floors below into portal/floor_texts, for the catalogue of translations."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, content in collect(settings.BASE_DIR).items():
            (settings.BASE_DIR / FOLDER / name).write_text(content)
